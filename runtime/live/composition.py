"""The picture: the camera's own frame at its full size, and the dream's residual enlarged onto it.

The dream is computed small; text and edges of the camera's frame stay as sharp as they are. All in
bytes, where a residual of 0 is 128: that is a third of the memory of float32, and what a
projector shows has no more steps.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..dream.flow import Motion, following

NONE = 128
"""The byte of a residual that changes nothing."""


def residual_of(dream: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Dream minus camera, both uint8 [h, w, 3], as bytes around NONE; more than 127 levels are cut
    off, which a live dream reaches in less than a thousandth of its values."""
    return cv2.addWeighted(dream, 1, camera, -1, NONE)


def compose(camera: np.ndarray, residual: np.ndarray, amount: float = 1.0) -> np.ndarray:
    """camera + amount * enlarge(residual), uint8 of the camera's size.

    camera: uint8 [height, width, 3]. residual: bytes around NONE of any size [h, w, 3]; enlarged
    by cubic interpolation, since linear shows its diamonds. amount: 0 is the bare camera.
    """
    if amount == 0:
        return camera
    height, width = camera.shape[:2]
    if residual.shape[:2] != (height, width):
        residual = cv2.resize(residual, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(camera, 1, residual, amount, -NONE * amount)


def carry(residual: np.ndarray, motion: Motion) -> np.ndarray:
    """The residual of an older frame where it belongs in a newer one.

    residual: bytes around NONE [h, w, 3]. motion: from the older to the newer frame; where it
    cannot be trusted the residual lets go.
    """
    height, width = residual.shape[:2]
    flow = motion.flow * np.array(
        [width / motion.flow.shape[2], height / motion.flow.shape[1]], np.float32
    ).reshape(2, 1, 1)
    x, y = (cv2.resize(plane, (width, height)) for plane in flow)
    there = following(x, y)
    moved = cv2.remap(residual, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    keep = cv2.resize(motion.keep, (width, height))
    if keep.min() > 0.99:
        return moved
    # A byte of trust: blended with NONE in one pass over bytes.
    trust = cv2.merge([cv2.convertScaleAbs(keep, alpha=255)] * 3)
    gone = cv2.convertScaleAbs(cv2.bitwise_not(trust), alpha=NONE / 255)
    return cv2.add(cv2.multiply(moved, trust, scale=1 / 255), gone)
