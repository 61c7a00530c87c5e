"""Every key, declared once: dispatch, help overlay and the table in docs/keys.md derive from it."""

from __future__ import annotations

from typing import NamedTuple


class Binding(NamedTuple):
    """The keys that move one parameter.

    keys: as shown. name, direction: the parameter, and which way `Desk.nudge` moves it: a number by
    its step, a choice to the next or the one before; toggles turn over and triggers fire either
    way. also: keys that do the same unshown, such as + without its Shift.
    """

    keys: tuple[str, ...]
    name: str
    sentence: str
    direction: int = 1
    also: tuple[str, ...] = ()
    value: int | None = None
    shown: str = ""

    @property
    def label(self) -> str:
        return self.shown or ", ".join(self.keys)


DIGITS = "123456789"
RECALL = Binding(tuple(DIGITS), "preset", "recall a preset; again: at once", shown="1 to 9")
"""Each digit says its own number."""

STORE = Binding(("w",), "store", "write what is played as a preset: then 1 to 9")
"""A key before a digit, since what Shift makes of digits differs from keyboard to keyboard."""

LEARN = Binding(("l",), "learn", "teach a controller what the last key did: press, then move it")

# Upper and lower case are one key: OpenCV's window does not always tell them apart.
BINDINGS = (
    Binding(("h",), "help", "show or hide this help", also=("?",)),
    RECALL,
    STORE,
    Binding(("x",), "cut", "be at once where things are going"),
    Binding(("u",), "undo", "back at once to before the last recall"),
    Binding((".",), "go", "the next cue", also=(">",)),
    Binding((",",), "back", "the cue before", also=("<",)),
    Binding(("e",), "auto", "one preset after the other, and stop"),
    Binding(("t",), "tap", "tap the tempo; the first tap begins a bar"),
    LEARN,
    Binding(("b",), "panic", "the bare camera at once, and back"),
    Binding(("n",), "layer", "dream the next layer"),
    Binding(("p",), "layer", "dream the previous layer", -1),
    Binding(("+",), "step_size", "stronger: a larger step", also=("=",)),
    Binding(("-",), "step_size", "weaker: a smaller step", -1, ("_",)),
    Binding(("]",), "octaves", "one octave more: larger shapes", also=("}",)),
    Binding(("[",), "octaves", "one octave less: faster", -1, ("{",)),
    Binding(("0", "Backspace"), "reset", "let go of the dream and start anew"),
    Binding(("v",), "source", "the next source"),
    Binding(("Space",), "freeze", "hold the picture still"),
    Binding(("c",), "compare", "camera on the left, dream on the right"),
    Binding(("m",), "mirror", "mirror the picture"),
    Binding(("f",), "fullscreen", "full screen and back"),
    Binding(("i",), "hud", "show or hide the numbers"),
    Binding(("o",), "code", "show the page's address, to scan"),
    Binding(("s",), "snapshot", "save a picture with its settings"),
    Binding(("r",), "record", "start or stop recording"),
    Binding(("q", "Esc"), "quit", "quit"),
)

QUIT = BINDINGS[-1]
"""What closing the window means too."""

NAMED = {"Esc": 27, "Space": 32, "Backspace": 8}


def binding_for(code: int) -> Binding | None:
    """The binding of a key code from cv2.waitKeyEx; None for no key and for keys without one."""
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
    return [(binding.label, binding.sentence) for binding in BINDINGS]


def as_markdown() -> str:
    """The table of docs/keys.md."""
    lines = ["| key | does |", "|---|---|"]
    for binding in BINDINGS:
        keys = " to ".join(f"`{key}`" for key in (binding.keys[0], binding.keys[-1]))
        if not binding.shown:
            keys = ", ".join(f"`{key}`" for key in binding.keys)
        lines.append(f"| {keys} | {binding.sentence} |")
    return "\n".join(lines) + "\n"


def code_of(key: str) -> int:
    """The ASCII code of a key as shown, such as `q` or `Space`."""
    return NAMED[key] if key in NAMED else ord(key)


_BY_CODE = {
    code_of(key): binding for binding in BINDINGS for key in (*binding.keys, *binding.also)
} | {code_of(digit): RECALL._replace(value=int(digit)) for digit in DIGITS}
