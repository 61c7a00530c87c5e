"""What is drawn over the dream for the person in front of it. Never part of a recording.

Pure functions: each takes uint8 BGR [height, width, 3] and returns a new picture. They are meant
for the picture at window size, where text is sharp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...control.keys import rows

FONT = cv2.FONT_HERSHEY_DUPLEX
Colour = tuple[int, int, int]
Lines = Sequence[tuple[str, Colour]]
TEXT = (240, 240, 236)
QUIET = (190, 186, 180)
ACCENT = (120, 205, 255)  # BGR: a warm yellow.
RED = (60, 60, 235)
PLATE = 0.42  # Brightness that a plate leaves of what lies under it.


@dataclass(frozen=True)
class Status:
    """What the HUD tells.

    fps: pictures shown a second. age: seconds from capture to display. size: (width, height) of
    the picture. recording: seconds recorded so far, None when not recording. held: what is left out
    to hold the rate of the dream. details: further short facts. sinks: one of each place beside
    the window where the picture goes.
    """

    fps: float
    age: float
    layer: str
    provider: str
    size: tuple[int, int]
    recording: float | None = None
    frozen: bool = False
    held: str = ""
    details: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()


def draw_hud(image: np.ndarray, status: Status) -> np.ndarray:
    """Numbers at the top left, recording at the top right."""
    image = image.copy()
    type_ = _Type.fitting(image)
    width, height = status.size
    first = f"{status.fps:.1f} fps   {status.age * 1000:.0f} ms"
    lines = [
        (first + ("   frozen" if status.frozen else ""), TEXT),
        (status.layer, ACCENT),
        (f"{status.provider}  {width}x{height}", QUIET),
        *(((status.held, ACCENT),) if status.held else ()),
        *((fact, QUIET) for fact in (*status.details, *status.sinks)),
    ]
    room = image.shape[1] - 4 * type_.gap
    lines = [(type_.shorten(text, room), colour) for text, colour in lines]
    type_.plate(image, lines, (type_.gap, type_.gap))
    if status.recording is not None:
        _recording(image, type_, status.recording)
    return image


def draw_message(image: np.ndarray, message: str) -> np.ndarray:
    """One sentence at the bottom, in the middle; nothing for an empty one."""
    if not message:
        return image
    image = image.copy()
    type_ = _Type.fitting(image)
    lines = [(line, TEXT) for line in type_.wrap(message, image.shape[1] - 4 * type_.gap)]
    width, height = type_.measure(lines)
    corner = (image.shape[1] - width) // 2, image.shape[0] - height - type_.gap
    type_.plate(image, lines, corner)
    return image


def draw_help(image: np.ndarray) -> np.ndarray:
    """All keys, over the darkened picture."""
    image = cv2.convertScaleAbs(image, alpha=0.3)
    table = rows()
    height, width = image.shape[:2]
    type_ = _Type(1.0)
    key_width = max(type_.width(keys) for keys, _ in table)
    text_width = max(type_.width(sentence) for _, sentence in table)
    line = type_.line
    natural = key_width + 2 * type_.gap + text_width, line * (len(table) + 1)
    scale = min(0.92 * width / natural[0], 0.92 * height / natural[1], 1.6 * _Type.scale_for(image))
    type_ = _Type(scale)
    key_width, left = round(key_width * scale), round((width - natural[0] * scale) / 2)
    top = round((height - natural[1] * scale) / 2)
    type_.write(image, "livedream", (left, top), ACCENT)
    for number, (keys, sentence) in enumerate(table, 1):
        y = top + round(number * line * scale)  # Closer than a plate's lines where it must be.
        type_.write(image, keys, (left, y), TEXT)
        type_.write(image, sentence, (left + key_width + 2 * type_.gap, y), QUIET)
    return image


def draw_code(image: np.ndarray, code: np.ndarray) -> np.ndarray:
    """A QR code in the middle. code: bool [n, n] with its margin, True is dark."""
    image = image.copy()
    count, side = len(code), min(image.shape[:2])
    size = max(1, round(0.6 * side / count)) * count  # Whole pixels a module, sharp edges.
    if size > side:
        return image
    plate = np.where(code, 0, 255).astype(np.uint8)
    plate = cv2.resize(plate, (size, size), interpolation=cv2.INTER_NEAREST)
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    image[top : top + size, left : left + size] = plate[..., None]
    return image


def compare(raw: np.ndarray, dream: np.ndarray, at: float = 0.5) -> np.ndarray:
    """The camera's picture on the left, the dream on the right, a thin line between.

    Both uint8 BGR [height, width, 3]; `raw` is resized where sizes differ. at: 0..1 from the left.
    """
    height, width = dream.shape[:2]
    if raw.shape != dream.shape:
        raw = cv2.resize(raw, (width, height), interpolation=cv2.INTER_AREA)
    image = dream.copy()
    border = min(max(round(at * width), 0), width)
    image[:, :border] = raw[:, :border]
    thickness = max(1, width // 640)
    image[:, border : border + thickness] = TEXT
    return image


class _Type:
    """Text of one size. `scale` 1 makes lines of about 28 pixels."""

    def __init__(self, scale: float) -> None:
        self.scale = 0.72 * scale
        self.line = max(8, round(28 * scale))
        self.gap = max(3, round(12 * scale))
        self.thickness = max(1, round(0.8 * scale))

    @staticmethod
    def scale_for(image: np.ndarray) -> float:
        """Readable from arm's length at 320x240 as at 1920x1080."""
        return float(np.clip(min(image.shape[0] / 700, image.shape[1] / 900), 0.52, 2.5))

    @classmethod
    def fitting(cls, image: np.ndarray) -> _Type:
        return cls(cls.scale_for(image))

    def width(self, text: str) -> int:
        return cv2.getTextSize(text, FONT, self.scale, self.thickness)[0][0]

    def measure(self, lines: Lines) -> tuple[int, int]:
        """(width, height) of a plate with these lines."""
        widest = max(self.width(text) for text, _ in lines)
        return widest + 2 * self.gap, self.line * len(lines) + self.gap

    def write(self, image: np.ndarray, text: str, corner: tuple[int, int], colour: Colour) -> None:
        """`corner` is the top left of the line, not the baseline."""
        x, y = corner
        cv2.putText(
            image, text, (x, y + round(0.76 * self.line)), FONT, self.scale, colour,
            self.thickness, cv2.LINE_AA,
        )  # fmt: skip

    def plate(
        self,
        image: np.ndarray,
        lines: Lines,
        corner: tuple[int, int],
    ) -> None:
        """Lines on a darkened ground whose top left is `corner`."""
        width, height = self.measure(lines)
        x, y = max(0, corner[0]), max(0, corner[1])
        under = image[y : y + height, x : x + width]
        if not under.size:
            return  # A window of a few pixels has no room for words.
        under[:] = cv2.convertScaleAbs(under, alpha=PLATE)
        for number, (text, colour) in enumerate(lines):
            self.write(image, text, (x + self.gap, y + self.gap // 2 + number * self.line), colour)

    def shorten(self, text: str, width: int) -> str:
        if self.width(text) <= width:
            return text
        while text and self.width(text + "...") > width:
            text = text[:-1]
        return text + "..."

    def wrap(self, text: str, width: int) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.width(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines


def _recording(image: np.ndarray, type_: _Type, seconds: float) -> None:
    minutes, rest = divmod(int(seconds), 60)
    text = f"REC {minutes:02d}:{rest:02d}"
    dot = type_.line // 4
    indent = " " * 3
    width, _ = type_.measure([(indent + text, TEXT)])
    x, y = image.shape[1] - width - type_.gap, type_.gap
    type_.plate(image, [(indent + text, TEXT)], (x, y))
    if int(seconds * 2) % 2 == 0:
        centre = x + type_.gap + dot // 2, y + type_.gap // 2 + type_.line // 2
        cv2.circle(image, centre, dot, RED, cv2.FILLED, cv2.LINE_AA)
