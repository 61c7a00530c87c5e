"""What is looked at: clips that are given, or a pan over a scene that is drawn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from livedream.runtime.live.sources.cloudscape import Cloudscape
from livedream.runtime.scaling import fit, resized


def scene(size: tuple[int, int], time: float = 0.0, seed: int = 0) -> np.ndarray:
    """A drawn landscape, uint8 BGR; size: (width, height)."""
    return Cloudscape(size, seed).draw(time)


def pan(size: tuple[int, int], frames: int, speed: float = 2.3) -> list[np.ndarray]:
    """A camera that moves over a drawn scene, `speed` pixels a frame to the right and a third of
    that down: most motions fall between pixels."""
    width, height = size
    far = int(frames * speed) + 2
    wide = scene((width + far, height + far // 3 + 2))
    made = []
    for index in range(frames):
        x, y = index * speed, index * speed / 3
        place = (x + (width - 1) / 2, y + (height - 1) / 2)
        made.append(cv2.getRectSubPix(wide, size, place))
    return made


def clip(path: Path, box: tuple[int, int], frames: int) -> list[np.ndarray]:
    """The first frames of a clip, made to fit into `box`, (width, height)."""
    reader = cv2.VideoCapture(str(path))
    made: list[np.ndarray] = []
    while len(made) < frames:
        read, image = reader.read()
        if not read:
            break
        made.append(resized(image, *fit(image.shape[1], image.shape[0], box)))
    reader.release()
    if not made:
        raise SystemExit(f"{path} holds no picture that can be read.")
    return made
