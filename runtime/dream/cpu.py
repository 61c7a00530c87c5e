"""The `cpu` device: the kernels' definitions in NumPy and OpenCV, quick enough to be live."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import cv2
import numpy as np

from ... import kernels
from .flow import following
from .priors import pruned


class CpuDevice:
    """Arrays are float32 NumPy [3, height, width]. No state; every method returns a new array."""

    def attached(self) -> AbstractContextManager[None]:
        return nullcontext()

    def upload(self, bgr: np.ndarray, contrast: float = 1.0) -> np.ndarray:
        image = np.empty((3, *bgr.shape[:2]), np.float32)
        for channel in range(3):
            np.multiply(bgr[:, :, 2 - channel], np.float32(contrast / 255), out=image[channel])
        if contrast != 1:
            image += np.float32(kernels.haze(contrast))
        return image

    def download(self, image: np.ndarray, base: np.ndarray | None = None) -> np.ndarray:
        # convertScaleAbs rounds, takes the magnitude and saturates: image is never below 0.
        planes = [cv2.convertScaleAbs(plane, alpha=255) for plane in image[::-1]]
        return cv2.merge(planes)

    def compositor(self) -> None:
        return None

    def size(self, image: np.ndarray) -> tuple[int, int]:
        return image.shape[1], image.shape[2]

    def add(self, image: np.ndarray, other: np.ndarray) -> np.ndarray:
        return image + other

    def subtract(self, image: np.ndarray, other: np.ndarray) -> np.ndarray:
        return image - other

    def jitter(self, image: np.ndarray, dx: int, dy: int) -> np.ndarray:
        return kernels.jitter(image, dx, dy)

    def blur(self, gradient: np.ndarray, sigma: float) -> np.ndarray:
        if sigma <= 0:
            return gradient
        taps = kernels.taps(sigma)
        out, edge = np.empty_like(gradient), cv2.BORDER_REPLICATE
        for plane, target in zip(gradient, out, strict=True):
            cv2.sepFilter2D(plane, cv2.CV_32F, taps, taps, dst=target, borderType=edge)
        return out

    def balance(self, gradient: np.ndarray, colour: float, coarseness: float) -> np.ndarray:
        # Three values a pixel: OpenCV's passes over one picture beat those over three planes.
        mixed = cv2.merge(list(gradient))
        if colour != 1:
            mixed = cv2.transform(mixed, kernels.colour_matrix(colour))
        if coarseness > 0:
            mixed = _weighed(mixed, coarseness)
        return np.stack(cv2.split(mixed))

    def ascend(
        self, image: np.ndarray, gradient: np.ndarray, step: float, dx: int, dy: int
    ) -> np.ndarray:
        mean = cv2.norm(gradient.reshape(1, -1), cv2.NORM_L1) / gradient.size
        if not 0 < mean < math.inf:
            gradient, mean = np.zeros_like(gradient), 1.0
        out = gradient * np.float32(step / mean)
        out += image
        np.clip(out, 0, 1, out=out)
        return self.jitter(out, -dx, -dy)

    def resample(
        self, image: np.ndarray, height: int, width: int, align_corners: bool = False
    ) -> np.ndarray:
        if align_corners:
            return kernels.resample(image, height, width, align_corners)
        out = np.empty((len(image), height, width), np.float32)
        for source, target in zip(image, out, strict=True):
            cv2.resize(source, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
        return out

    def warp(self, residual: np.ndarray, flow: np.ndarray, keep: np.ndarray) -> np.ndarray:
        _, height, width = residual.shape
        flow = self.resample(flow, height, width) * np.array(
            [width / flow.shape[2], height / flow.shape[1]], np.float32
        ).reshape(2, 1, 1)
        keep = self.resample(keep[None], height, width)[0]
        # Places in OpenCV's own form: else each of the passes would bring them into it.
        there, edge = cv2.convertMaps(*following(*flow), cv2.CV_16SC2), cv2.BORDER_REPLICATE
        out = np.empty_like(residual)
        for plane, target in zip(residual, out, strict=True):
            linear = cv2.remap(plane, *there, cv2.INTER_LINEAR, borderMode=edge)
            cv2.remap(plane, *there, cv2.INTER_CUBIC, dst=target, borderMode=edge)
            cv2.addWeighted(target, kernels.CUBIC, linear, 1 - kernels.CUBIC, 0, dst=target)
        out *= keep
        return out

    def mask(self, values: np.ndarray, weights: np.ndarray, dx: int, dy: int) -> np.ndarray:
        return values * self.jitter(self.resample(weights[None], *self.size(values)), dx, dy)

    def pull(
        self, gradient: np.ndarray, residual: np.ndarray, tv: float, l2: float, dx: int, dy: int
    ) -> np.ndarray:
        return kernels.pull(gradient, residual, tv, l2, dx, dy)

    def prune(
        self, residual: np.ndarray, gradient: np.ndarray, faint: float, idle: float, dx: int,
        dy: int,
    ) -> np.ndarray:  # fmt: skip
        return pruned(residual, gradient, faint, idle, dx, dy)

    def limit(self, residual: np.ndarray, strength: float) -> np.ndarray:
        mean = cv2.norm(residual.reshape(1, -1), cv2.NORM_L1) / residual.size
        return residual * np.float32(strength / mean) if 0 < strength < mean else residual

    def trim(self) -> None:
        """Nothing to do: arrays are NumPy's."""


def _weighed(mixed: np.ndarray, coarseness: float) -> np.ndarray:
    """float32 [height, width, 3], its scales as `kernels.balance` weighs them."""
    levels = [mixed]
    for height, width in kernels.halvings(*mixed.shape[:2])[1:]:
        levels.append(cv2.resize(levels[-1], (width, height)))
    weights = kernels.scale_weights(len(levels), coarseness)
    total = levels[-1] * np.float32(weights[-1])
    for level, weight in zip(levels[-2::-1], weights[-2::-1], strict=True):
        total = cv2.resize(total, level.shape[1::-1])
        total = cv2.scaleAdd(level, weight, total)
    return total
