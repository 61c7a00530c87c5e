"""The window, its keys, and what is drawn over the dream."""

from __future__ import annotations

from ...control.keys import BY_ACTION, Action, Binding, action_for
from .hud import Status, compare, draw_help, draw_hud, draw_message
from .screen import display_available, display_problem, require_display
from .window import Window

__all__ = [
    "BY_ACTION",
    "Action",
    "Binding",
    "Status",
    "Window",
    "action_for",
    "compare",
    "display_available",
    "display_problem",
    "draw_help",
    "draw_hud",
    "draw_message",
    "require_display",
]
