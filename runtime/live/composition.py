"""The picture: the camera's own frame at its full size, and the dream's residual enlarged onto it.

The dream is computed small; text and edges of the camera's frame stay as sharp as they are. All in
bytes, where a residual of 0 is 128: that is a third of the memory of float32, and what a
projector shows has no more steps.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...kernels import NONE, haze
from ..dream.flow import following
from ..presence.masks import masked

DARK, LIGHT = 0.3, 0.7
"""Brightnesses, 0..1, up to which all is shadow and from which on all is light."""


def residual_of(dream: np.ndarray, camera: np.ndarray, contrast: float = 1.0) -> np.ndarray:
    """Dream minus camera, both uint8 [h, w, 3], as bytes around NONE; more than 127 levels are cut
    off, which a live dream reaches in less than a thousandth of its values.

    contrast: what the camera kept of its own under the dream, around middle grey.
    """
    return cv2.addWeighted(dream, 1, camera, -contrast, NONE - 255 * haze(contrast))


def compose(
    camera: np.ndarray,
    residual: np.ndarray,
    amount: float = 1.0,
    contrast: float = 1.0,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """camera + amount * enlarge(residual), uint8 of the camera's size.

    camera: uint8 [height, width, 3]. residual: bytes around NONE of any size [h, w, 3]; enlarged
    by cubic interpolation, since linear shows its diamonds. amount: 0 is the bare camera.
    contrast: that the camera keeps at amount 1. mask: where the dream shows, float32 [h, w] of any
    size, 0..1; outside of it the camera is as it is. None is everywhere.
    """
    if mask is not None and contrast != 1:
        return masked(camera, compose(camera, residual, amount, contrast), mask)
    if mask is not None:
        residual = hold(residual, mask)  # The same for less: the residual is small.
    if amount == 0:
        return camera
    height, width = camera.shape[:2]
    if residual.shape[:2] != (height, width):
        residual = cv2.resize(residual, (width, height), interpolation=cv2.INTER_CUBIC)
    kept = 1 - amount * (1 - contrast)
    return cv2.addWeighted(camera, kept, residual, amount, 255 * haze(kept) - NONE * amount)


def toned(gray: np.ndarray, tone: float) -> np.ndarray:
    """How much of the dream shows, float32 0..1, over `gray`, uint8 [h, w]: at tone 1 in the lights
    alone, at -1 in the shadows alone, at 0 everywhere."""
    light = np.clip((np.arange(256) / 255 - DARK) / (LIGHT - DARK), 0, 1)
    hidden = 1 - light if tone > 0 else light
    return cv2.LUT(cv2.blur(gray, (3, 3)), (1 - abs(tone) * hidden).astype(np.float32))


def carry(residual: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The residual of an older frame where it belongs in a newer one.

    residual: bytes around NONE [h, w, 3]. flow: float32 [2, fh, fw], (x, y) in its own pixels, from
    the newer to the older frame.
    """
    height, width = residual.shape[:2]
    scale = np.array([width / flow.shape[2], height / flow.shape[1]], np.float32)
    x, y = (cv2.resize(plane, (width, height)) for plane in flow * scale.reshape(2, 1, 1))
    there = following(x, y)
    return cv2.remap(residual, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def hold(residual: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """keep * residual; keep: float32 0..1 of any size."""
    height, width = residual.shape[:2]
    keep = cv2.resize(keep, (width, height))
    if keep.min() > 0.99:
        return residual
    # A byte of trust: blended with NONE in one pass over bytes.
    trust = cv2.merge([cv2.convertScaleAbs(keep, alpha=255)] * 3)
    gone = cv2.convertScaleAbs(cv2.bitwise_not(trust), alpha=NONE / 255)
    return cv2.add(cv2.multiply(residual, trust, scale=1 / 255), gone)


def dimmed(picture: np.ndarray, light: float) -> np.ndarray:
    """`picture`, uint8, at `light` 0..1 of its brightness; itself at 1."""
    return picture if light == 1 else cv2.convertScaleAbs(picture, alpha=light)
