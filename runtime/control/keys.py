"""Every key, declared once: dispatch, help overlay and the README's table derive from it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Action(StrEnum):
    """What a key asks for."""

    QUIT = "quit"
    FULLSCREEN = "fullscreen"
    MIRROR = "mirror"
    FREEZE = "freeze"
    COMPARE = "compare"
    NEXT_LAYER = "next_layer"
    PREVIOUS_LAYER = "previous_layer"
    STEP_SIZE_UP = "step_size_up"
    STEP_SIZE_DOWN = "step_size_down"
    OCTAVES_UP = "octaves_up"
    OCTAVES_DOWN = "octaves_down"
    RECORD = "record"
    SNAPSHOT = "snapshot"
    RESET = "reset"
    HUD = "hud"
    HELP = "help"


class Binding(NamedTuple):
    """The keys of one action.

    keys: as shown. also: keys that do the same unshown, such as + without its Shift.
    parameter, direction: the field of `Dream` that the key moves by its own step, and which way.
    """

    action: Action
    keys: tuple[str, ...]
    sentence: str
    also: tuple[str, ...] = ()
    parameter: str | None = None
    direction: int = 0


# Upper and lower case are one key: OpenCV's window does not always tell them apart.
BINDINGS = (
    Binding(Action.HELP, ("h",), "show or hide this help", ("?",)),
    Binding(Action.NEXT_LAYER, ("n",), "dream the next layer"),
    Binding(Action.PREVIOUS_LAYER, ("p",), "dream the previous layer"),
    Binding(
        Action.STEP_SIZE_UP, ("+",), "stronger: a larger step", ("=",), "step_size", direction=1
    ),
    Binding(
        Action.STEP_SIZE_DOWN, ("-",), "weaker: a smaller step", ("_",), "step_size", direction=-1
    ),
    Binding(Action.OCTAVES_UP, ("]",), "one octave more: larger shapes", ("}",), "octaves", 1),
    Binding(Action.OCTAVES_DOWN, ("[",), "one octave less: faster", ("{",), "octaves", -1),
    Binding(Action.RESET, ("0", "Backspace"), "let go of the dream and start anew"),
    Binding(Action.FREEZE, ("Space",), "hold the picture still"),
    Binding(Action.COMPARE, ("c",), "camera on the left, dream on the right"),
    Binding(Action.MIRROR, ("m",), "mirror the picture"),
    Binding(Action.FULLSCREEN, ("f",), "full screen and back"),
    Binding(Action.HUD, ("i",), "show or hide the numbers"),
    Binding(Action.SNAPSHOT, ("s",), "save a picture with its settings"),
    Binding(Action.RECORD, ("r",), "start or stop recording"),
    Binding(Action.QUIT, ("q", "Esc"), "quit"),
)

NAMED = {"Esc": 27, "Space": 32, "Backspace": 8}


def action_for(code: int) -> Action | None:
    """The action of a key code from cv2.waitKeyEx; None for no key and for keys without one."""
    return _BY_CODE.get(plain(code))


def plain(code: int) -> int:
    """A key code as ASCII, whatever window system, NumLock or Shift made of it; -1 if it is none.

    Windows of X11 report keysyms: 0xFF08 is Backspace, 0xFFB0..0xFFB9 the number pad; GTK adds
    modifiers from bit 16 on.
    """
    if code < 0:
        return -1
    code &= 0xFFFF
    if code in (0xFF08, 0xFF1B):
        code &= 0xFF
    elif 0xFFAA <= code <= 0xFFB9:
        code -= 0xFF80  # The number pad's keysyms stand 0xFF80 above what they print.
    elif code == 127:  # What macOS sends for Backspace.
        code = 8
    return ord(chr(code).lower()) if code < 0x80 else -1


def rows() -> list[tuple[str, str]]:
    """What each key does: ("q, Esc", "quit") and so on, in the order of the help."""
    return [(", ".join(binding.keys), binding.sentence) for binding in BINDINGS]


def as_markdown() -> str:
    """The table of the README."""
    lines = ["| key | does |", "|---|---|"]
    for binding in BINDINGS:
        keys = ", ".join(f"`{key}`" for key in binding.keys)
        lines.append(f"| {keys} | {binding.sentence} |")
    return "\n".join(lines) + "\n"


def _code(key: str) -> int:
    return NAMED[key] if key in NAMED else ord(key)


_BY_CODE = {
    _code(key): binding.action for binding in BINDINGS for key in (*binding.keys, *binding.also)
}
BY_ACTION = {binding.action: binding for binding in BINDINGS}
