"""The window, its keys, and what is drawn over the dream."""

from __future__ import annotations

from .hud import Status, draw_code, draw_help, draw_hud, draw_message
from .screen import display_problem, require_display, told_at_its_end
from .window import Window

__all__ = [
    "Status",
    "Window",
    "display_problem",
    "draw_code",
    "draw_help",
    "draw_hud",
    "draw_message",
    "require_display",
    "told_at_its_end",
]
