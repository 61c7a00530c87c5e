"""Panoramas of the whole sphere, for one eye or two: no seam, round shapes at the poles.

After Suzuki et al., "A Deep-Dream Virtual Reality Platform for Studying Altered Perceptual
Phenomenology" (2017), which dreamt each frame flat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console

from ..choices import Choices
from ..control.recipes import RECIPES
from ..dream.around import AroundDevice, AroundDreamer, AroundTracker
from ..dream.cpu import CpuDevice
from ..dream.dreamer import Dreamer
from ..dream.sphere import Pole
from ..errors import UsageError
from ..gradient.network import Network
from ..gradient.selection import Engines, Opening
from ..progress import stages
from ..start import in_tiles, opened_sizes, platform_of, settings_of
from .enlarging import enlarged

Dreamt = Callable[[Dreamer[Any], np.ndarray], np.ndarray]
"""How a dreamer dreams a picture: still or live."""


class Panorama:
    """Dreams equirectangular pictures of one size, uint8 BGR [height, width, 3].

    Three dreamers share an engine: one goes around, two look at the poles, where the picture is
    stretched. Their residuals are laid over the picture, the poles' softly into the other's. The
    right eye's picture gets the left one's residual, carried from eye to eye along the optical
    flow, so that both see the same dream in the depth of the scene.
    """

    def __init__(
        self, console: Console, choices: Choices, network: Network, size: tuple[int, int],
        stereo: str, *, clip: bool,
    ) -> None:  # fmt: skip
        """size: (height, width) of the whole picture, both eyes included. clip: the pictures are
        the frames of one, in order.

        Raises UsageError for a graphics card and for a picture that is no panorama's, and what
        opening a network raises.
        """
        if RECIPES[choices.recipe].accentuates:
            raise UsageError("A panorama cannot be accentuated; choose another --recipe.")
        height = size[0] // (2 if stereo == "over-under" else 1)
        width = size[1] // (2 if stereo == "side-by-side" else 1)
        if width != 2 * height:
            raise UsageError(
                f"A panorama of the whole sphere is twice as wide as high, and this one is "
                f"{width}x{height}; --size and --stereo may help."
            )
        self.stereo, self.recipe = stereo, choices.recipe
        self._size, self._live = (height, width), clip and choices.live
        self.engines = Engines(network, platform_of(choices, console.print))
        if not isinstance(self.engines.platform.device, CpuDevice):
            raise UsageError("Panoramas are dreamt on the processor; add --provider cpu.")
        dream, seed = choices.dream(), choices.seed
        poles = [Pole(height, width, south) for south in (False, True)]

        def sizes(minimum: int) -> list[tuple[int, int]]:
            view = poles[0].size, poles[0].size
            return [*dream.sizes(*view)(minimum), *dream.sizes(height, width)(minimum)]

        device, size = CpuDevice(), (height, width)
        objective = network.objective(choices.layers)
        with stages(console) as report:
            opening = Opening(report, console.print)
            opened = self.engines.quick(objective, opened_sizes(device, sizes, size), opening)
        engine = in_tiles(device, opened, size, seed)
        self.around = AroundDreamer(AroundDevice(), engine, dream, seed=seed)
        self.poles = [
            (pole, Dreamer(device, engine, dream, seed=seed + 1 + number))
            for number, pole in enumerate(poles)
        ]
        console.print(
            f"{network.model} {engine.objective} on {engine.provider.name}, {width}x{height} "
            f"around, {poles[0].size}x{poles[0].size} at the poles, recipe {choices.recipe}"
        )

    @property
    def dreamers(self) -> list[tuple[Dreamer[Any], tuple[int, int]]]:
        """Those that dream, and the (height, width) of what each of them sees."""
        poles = [(dreamer, (pole.size, pole.size)) for pole, dreamer in self.poles]
        return [(self.around, self._size), *poles]

    def dreamt(self, picture: np.ndarray, seconds: float = 0.0) -> np.ndarray:
        """The dream of a picture, taken at `seconds` of its clip."""
        if self._live:
            return self._dream(picture, lambda dreamer, view: dreamer.live(view, seconds))
        return self._dream(picture, lambda dreamer, view: dreamer.still(view))

    def over(self, whole: np.ndarray, small: np.ndarray, dream: np.ndarray) -> np.ndarray:
        """The dream of `small` on the same panorama as it is, see `enlarged`: each eye by itself,
        without a seam."""
        if whole.shape == small.shape:
            return dream
        pictures = [eyes(picture, self.stereo) for picture in (whole, small, dream)]
        contrast = self.around.dream.camera
        views = [
            enlarged(eye, low, dreamt, contrast, around=True)
            for eye, low, dreamt in zip(*pictures, strict=True)
        ]
        return joined(views, self.stereo, whole)

    def settings(self) -> dict[str, Any]:
        """What makes its pictures, for the files that hold them."""
        made = settings_of(self.around, self.recipe)
        return {**made, "projection": "equirect", "stereo": self.stereo}

    def _dream(self, picture: np.ndarray, dreamt: Dreamt) -> np.ndarray:
        left, *right = eyes(picture, self.stereo)
        residual = self._residual(left, dreamt)
        views = [laid_over(left, residual)]
        for eye in right:
            views.append(laid_over(eye, carried(residual, left, eye)))
        return joined(views, self.stereo, picture)

    def close(self) -> None:
        """End all sessions."""
        self.engines.close()

    def _residual(self, picture: np.ndarray, dreamt: Dreamt) -> np.ndarray:
        total = _less(dreamt(self.around, picture), picture)
        for pole, dreamer in self.poles:
            view = pole.seen(picture)
            there = pole.put_back(_less(dreamt(dreamer, view), view))
            total += pole.weight * (there - total)
        return total


def eyes(picture: np.ndarray, stereo: str) -> list[np.ndarray]:
    """The pictures of the eyes, left first: upper then lower half, or left then right one."""
    height, width = picture.shape[:2]
    if stereo == "over-under":
        half = height // 2
        return [picture[:half].copy(), picture[half : 2 * half].copy()]
    if stereo == "side-by-side":
        half = width // 2
        return [picture[:, :half].copy(), picture[:, half : 2 * half].copy()]
    return [picture]


def joined(views: list[np.ndarray], stereo: str, picture: np.ndarray) -> np.ndarray:
    """What `eyes` took apart; of `picture` the last row or column where that is no eye's."""
    whole = np.concatenate(views, axis=0 if stereo == "over-under" else 1)
    out = picture.copy()
    out[: len(whole), : whole.shape[1]] = whole
    return out


def carried(residual: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The left eye's residual, float32 [height, width, 3], where it belongs in the right one's
    picture; where that shows nothing of the left one's, what is nearest."""
    tracker = AroundTracker()
    tracker.track(left)
    motion = tracker.track(right)
    if motion is None:
        return residual
    planes = np.ascontiguousarray(residual.transpose(2, 0, 1))
    moved = AroundDevice().warp(planes, motion.flow, np.ones_like(motion.keep))
    return moved.transpose(1, 2, 0)


def laid_over(picture: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """picture + residual, uint8 [height, width, 3]."""
    return (picture + residual).round().clip(0, 255).astype(np.uint8)


def _less(dream: np.ndarray, picture: np.ndarray) -> np.ndarray:
    return dream.astype(np.float32) - picture
