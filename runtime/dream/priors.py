"""What keeps a picture that grows from nothing in bounds: written `tv:0.1,l2:0.05,blur:0.5`.

Pulls go beside the network's gradient, whose mean size is 1; clean-ups change the pixels after a
step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from ..errors import UsageError, nearest

GREY = np.float32(0.5)
SMOOTH = 1e-3
"""Differences below this count as none, so that the total variation has a slope everywhere."""

Pull = Callable[[np.ndarray], np.ndarray]
CleanUp = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


def variation(image: np.ndarray) -> float:
    """The total variation of an image on the torus, float32 [3, height, width], a pixel.

    After Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them"
    (2015), with exponent 1.
    """
    down, right = _differences(image)
    return float(np.sqrt(down * down + right * right + SMOOTH**2).mean())


def less_variation(image: np.ndarray) -> np.ndarray:
    """The slope of `variation`, downhill, times the number of values: of size 0 to 4."""
    down, right = _differences(image)
    length = np.sqrt(down * down + right * right + SMOOTH**2)
    down, right = down / length, right / length
    return down + right - np.roll(down, 1, 1) - np.roll(right, 1, 2)


def towards_grey(image: np.ndarray) -> np.ndarray:
    """The slope of the squared distance from grey, downhill: Yosinski et al., "Understanding
    Neural Networks Through Deep Visualization" (2015), L2 decay."""
    return 2 * (GREY - image)


def blurred(image: np.ndarray, gradient: np.ndarray, sigma: float) -> np.ndarray:
    """The image smoothed by `sigma` pixels on the torus (Yosinski et al., Gaussian blur)."""
    margin = int(np.ceil(4 * sigma)) + 1
    wide = np.pad(image.transpose(1, 2, 0), ((margin, margin), (margin, margin), (0, 0)), "wrap")
    smooth = cv2.GaussianBlur(wide, (0, 0), sigma)[margin:-margin, margin:-margin]
    return np.ascontiguousarray(smooth.transpose(2, 0, 1))


def without_faint(image: np.ndarray, gradient: np.ndarray, share: float) -> np.ndarray:
    """The `share` of pixels nearest to grey set to grey (Yosinski et al., small norm)."""
    return _greyed(image, np.linalg.norm(image - GREY, axis=0), share)


def without_idle(image: np.ndarray, gradient: np.ndarray, share: float) -> np.ndarray:
    """The `share` of pixels that the objective would miss least set to grey (Yosinski et al.,
    small contribution), judged by |gradient * (pixel - grey)|, summed over colours."""
    return _greyed(image, np.abs(((image - GREY) * gradient).sum(0)), share)


PULLS: Mapping[str, Pull] = {"tv": less_variation, "l2": towards_grey}
CLEAN_UPS: Mapping[str, CleanUp] = {
    "blur": blurred,
    "clip-norm": without_faint,
    "clip-contribution": without_idle,
}


@dataclass(frozen=True)
class Priors:
    """Pulls and clean-ups by name, with how much of each: weights of pulls are relative to the
    network's gradient, a blur's is its sigma in pixels, a clipping's a share, 0..1."""

    amounts: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return ",".join(f"{name}:{amount:g}" for name, amount in self.amounts.items())

    @property
    def cleans(self) -> bool:
        """Whether pixels are changed after a step."""
        return any(name in CLEAN_UPS for name in self.amounts)

    def pull(self, image: np.ndarray) -> np.ndarray | float:
        """What is added to a gradient of mean size 1 at this image, float32 [3, height, width]."""
        return sum(PULLS[name](image) * a for name, a in self.amounts.items() if name in PULLS)

    def clean(self, image: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """The image after a step, float32 [3, height, width], with its clean-ups done."""
        for name, amount in self.amounts.items():
            if name in CLEAN_UPS and amount > 0:
                image = CLEAN_UPS[name](image, gradient, amount)
        return image


def parse_priors(text: str) -> Priors:
    """Read `tv:0.1,l2:0.05`. Raises UsageError for an unknown name and for what is no number from
    0 to 100 (a share: to 1)."""
    amounts: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition(":")
        if name not in PULLS and name not in CLEAN_UPS:
            names = nearest(name, [*PULLS, *CLEAN_UPS])
            raise UsageError(f"There is no prior '{name}'; nearest: {names}.")
        highest = 1 if name.startswith("clip") else 100
        try:
            amounts[name] = float(number)
        except ValueError:
            amounts[name] = -1
        if not 0 <= amounts[name] <= highest:
            raise UsageError(
                f"'{part}' is no prior; write {name}:NUMBER, with a number from 0 to {highest}."
            )
    return Priors(amounts)


def _differences(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.roll(image, -1, 1) - image, np.roll(image, -1, 2) - image


def _greyed(image: np.ndarray, worth: np.ndarray, share: float) -> np.ndarray:
    least = worth <= np.quantile(worth, share)
    return np.where(least, GREY, image)
