"""The poles of an equirectangular panorama, seen without their distortion, and put back."""

from __future__ import annotations

import cv2
import numpy as np

VIEW = np.deg2rad(65)
"""How far from its pole a view reaches, along the sides of its square."""

WHOLE, NONE = np.deg2rad(35), np.deg2rad(55)
"""Up to the first distance from a pole its view alone counts, from the second on the panorama."""


class Pole:
    """One pole of panorama pictures of (height, width), seen in stereographic projection.

    That projection keeps shapes: what is round in the view is round on the sphere. size: pixels of
    the view's sides, such that at the pole it shows what the panorama shows at its equator.
    """

    def __init__(self, height: int, width: int, south: bool) -> None:
        reach = 2 * np.tan(VIEW / 2)
        self.size = max(32, round(2 * reach * height / np.pi))
        v, u = (np.mgrid[: self.size, : self.size] + 0.5) * (2 / self.size) - 1
        distance = 2 * np.arctan(np.hypot(u, v) * reach / 2)
        longitude = np.arctan2(u, v)
        y = distance / np.pi * height - 0.5
        self._from = _maps((longitude / (2 * np.pi) + 0.5) * width - 0.5, y, south, height)
        row = (np.arange(height) + 0.5) * (np.pi / height)
        distance = row[::-1] if south else row
        longitude = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
        radius = 2 * np.tan(np.minimum(distance, VIEW * 1.1) / 2)[:, None] / reach
        half = self.size / 2
        self._back = (
            ((radius * np.sin(longitude) + 1) * half - 0.5).astype(np.float32),
            ((radius * np.cos(longitude) + 1) * half - 0.5).astype(np.float32),
        )
        share = np.clip((NONE - distance) / (NONE - WHOLE), 0, 1)
        self.weight = (share * share * (3 - 2 * share)).astype(np.float32)[:, None, None]
        """float32 [height, 1, 1]: how much the view counts in each row."""

    def seen(self, panorama: np.ndarray) -> np.ndarray:
        """The view, [size, size, 3], of a panorama [height, width, 3]."""
        # OpenCV interpolates between neighbours in the picture: across the seam they are laid on.
        around = cv2.copyMakeBorder(panorama, 0, 0, 1, 1, cv2.BORDER_WRAP)
        x, y = self._from
        return cv2.remap(around, x + 1, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def put_back(self, view: np.ndarray) -> np.ndarray:
        """The view [size, size, 3] as the panorama's pixels, [height, width, 3]; only where
        `weight` is above 0 they mean anything."""
        return cv2.remap(view, *self._back, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _maps(x: np.ndarray, y: np.ndarray, south: bool, height: int) -> tuple[np.ndarray, np.ndarray]:
    return x.astype(np.float32), (height - 1 - y if south else y).astype(np.float32)
