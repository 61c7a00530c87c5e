"""A camera inside one process, in the place of Linux's video devices and of cv2.VideoCapture: it is
unplugged, stalls, comes back under another number and gives damaged frames, as the switches say."""

from __future__ import annotations

import functools
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from livedream.runtime.live import sources
from livedream.runtime.live.sources import camera, v4l2
from livedream.runtime.pauses import Pauses

from .switches import Switch

NAME = "Soak Cam"
AHEAD = 2
"""Frames that it is ahead of those shown: as fast as the show is, and no faster."""

LONGEST = 0.02
"""Seconds until the next frame all the same: not every one is shown."""

SIZES = ((160, 90), (160, 120), (200, 112))
"""(width, height)"""

FLASHES = 10.0
"""A second, of light and dark, while it flashes."""

STALL = 0.5
"""Seconds without a frame after which it counts as lost, as 2 do in a real show."""

RETRY = Pauses(0.05, 0.5)
"""Seconds between two tries to open it again, as 0.5 to 5 are in a real show."""

_COUNT = 160
_PACE = 30.0
"""Pictures of the loop a second."""

_LOOK = 0.02


def install(switches: np.ndarray) -> None:
    """From here on this process has no cameras but this one."""

    def devices() -> list[v4l2.Device]:
        if not switches[Switch.PLUGGED]:
            return []
        path = Path(f"/dev/video{switches[Switch.NUMBER]}")
        return [v4l2.Device(path, NAME, True, "usb-soak")]

    def query(path: Path) -> v4l2.Device:
        found = [each for each in devices() if each.path == path]
        if not found:
            raise v4l2.NoCamera(f"There is no camera {path}.")
        return found[0]

    v4l2.devices = sources.devices = devices
    v4l2.query = query
    capture = functools.partial(StandIn, switches)
    camera.Camera = functools.partial(camera.Camera, stall=STALL, retry=RETRY)
    sources.open_camera = functools.partial(sources.open_camera, capture=capture)


class Shown:
    """Lets the camera give a frame for every picture that was shown."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way = 0

    def tell(self) -> None:
        """One more was shown."""
        with self._changed:
            self._under_way = max(0, self._under_way - 1)
            self._changed.notify()

    def wait(self, seconds: float) -> None:
        """Until fewer than AHEAD are under way; those that are not shown for so long never are."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._under_way < AHEAD, seconds):
                self._under_way = 0
            self._under_way += 1


SHOWN = Shown()


class StandIn:
    """As much of cv2.VideoCapture as a camera is asked for."""

    def __init__(self, switches: np.ndarray, where: str, backend: int) -> None:
        self._switches = switches
        self._number = int(switches[Switch.NUMBER])
        there = switches[Switch.PLUGGED] and where == f"/dev/video{self._number}"
        self._open = bool(there and not switches[Switch.BUSY])
        self._size = SIZES[switches[Switch.SIZE]]
        self._pictures = {size: drawn(size) for size in SIZES}
        self._index = 0

    def isOpened(self) -> bool:
        return self._open

    def set(self, which: int, value: float) -> bool:
        return True

    def get(self, which: int, /) -> float:
        width, height = self._size
        facts = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
        return float(facts.get(which, 0))

    def grab(self) -> bool:
        switches = self._switches
        while switches[Switch.STALLED] and self._there():
            time.sleep(_LOOK)
        SHOWN.wait(LONGEST)
        self._index += 1
        return self._there()

    def retrieve(self) -> tuple[bool, np.ndarray]:
        switches = self._switches
        self._size = SIZES[switches[Switch.SIZE]]
        image = self._pictures[self._size][int(time.monotonic() * _PACE) % _COUNT]
        if switches[Switch.FLASHING] and int(time.monotonic() * 2 * FLASHES) % 2:
            image = 255 - image
        if switches[Switch.CORRUPT] > 0:
            switches[Switch.CORRUPT] -= 1
            return damaged(image, self._index)
        image = image.copy()
        image[0, :3, 0] = self._index & 255, self._index >> 8 & 255, self._index >> 16 & 255
        return True, image

    def release(self) -> None:
        self._open = False

    def _there(self) -> bool:
        switches = self._switches
        return bool(switches[Switch.PLUGGED] and switches[Switch.NUMBER] == self._number)


def damaged(image: np.ndarray, index: int) -> tuple[bool, np.ndarray]:
    """What drivers and decoders make of a packet that arrived in part."""
    kind = index % 6
    if kind == 0:
        return False, np.empty((0, 0, 3), np.uint8)
    if kind == 1:
        raise cv2.error("a packet is cut short")
    if kind == 2:
        return True, image[..., 0]
    if kind == 3:
        return True, np.empty((0, 0, 3), np.uint8)
    if kind == 4:
        return True, image.astype(np.float32)
    return True, np.random.default_rng(index).integers(0, 256, image.shape, np.uint8)


@functools.cache
def drawn(size: tuple[int, int]) -> list[np.ndarray]:
    """A loop of clouds that move, uint8 BGR."""
    width, height = size
    random = np.random.default_rng(5)
    noise = random.normal(0, 1, (height, width, 3)).astype(np.float32)
    clouds = sum(
        cv2.GaussianBlur(np.tile(noise, (3, 3, 1)), (0, 0), 2.0**n) * 2**n for n in range(2, 6)
    )[height : 2 * height, width : 2 * width]
    still = cv2.normalize(clouds, None, 40, 200, cv2.NORM_MINMAX).astype(np.uint8)
    return [np.roll(still, index * width // _COUNT, axis=1) for index in range(_COUNT)]
