"""What keeps a dream in bounds: written `tv:0.1,l2:0.05,blur:0.5`.

All of it judges what a dream adds to the ground it grows on: a photo, the camera's picture, or the
plain grey of a texture. Pulls go beside the network's gradient; clean-ups change what was added.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np

from ... import kernels
from ..errors import UsageError, nearest


@dataclass(frozen=True)
class Priors:
    """How much of each; 0 is none. tv, l2: over the network's gradient, whose mean size counts 1.
    smooth: sigma in pixels. clip_norm, clip_contribution: shares, 0..1."""

    tv: float = 0.0
    l2: float = 0.0
    smooth: float = 0.0
    clip_norm: float = 0.0
    clip_contribution: float = 0.0

    def __str__(self) -> str:
        words = {field: word for word, (field, _) in PRIORS.items()}
        return ",".join(f"{words[name]}:{amount:g}" for name, amount in self.given.items())

    @property
    def given(self) -> dict[str, float]:
        """Those that there are, by the names of the fields."""
        return {name: amount for name, amount in asdict(self).items() if amount > 0}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.given)

    @property
    def pulls(self) -> bool:
        return self.tv > 0 or self.l2 > 0

    @property
    def clips(self) -> bool:
        return self.clip_norm > 0 or self.clip_contribution > 0

    @property
    def cleans(self) -> bool:
        """Whether what was added is changed beside a step."""
        return self.smooth > 0 or self.clips

    def pull(self, gradient: np.ndarray, residual: np.ndarray) -> np.ndarray:
        """The gradient with its pulls, both float32 [3, height, width]."""
        return kernels.pull(gradient, residual, self.tv, self.l2) if self.pulls else gradient

    def clean(self, residual: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """What was added, float32 [3, height, width] on the torus, with its clean-ups done."""
        if self.smooth > 0:
            residual = blurred(residual, self.smooth)
        return pruned(residual, gradient, self.clip_norm, self.clip_contribution)


PRIORS: dict[str, tuple[str, float]] = {
    "tv": ("tv", 100),
    "l2": ("l2", 100),
    "blur": ("smooth", 8),
    "clip-norm": ("clip_norm", 1),
    "clip-contribution": ("clip_contribution", 1),
}
"""As they are written: the field, and the most that there is of it. Mahendran and Vedaldi's, and
the four of Yosinski et al."""


def parse_priors(text: str) -> Priors:
    """Read `tv:0.1,l2:0.05`. Raises UsageError for an unknown name and for what is no number from
    0 to the most that there is."""
    amounts: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.partition(":")
        if name not in PRIORS:
            raise UsageError(f"There is no prior '{name}'; nearest: {nearest(name, PRIORS)}.")
        field, most = PRIORS[name]
        try:
            amounts[field] = float(number)
        except ValueError:
            amounts[field] = -1
        if not 0 <= amounts[field] <= most:
            raise UsageError(
                f"'{part}' is no prior; write {name}:NUMBER, with a number from 0 to {most}."
            )
    return Priors(**amounts)


def pruned(
    residual: np.ndarray, gradient: np.ndarray, faint: float, idle: float, dx: int = 0, dy: int = 0
) -> np.ndarray:
    """What a dream added, float32 [3, height, width], nothing in the `faint` share of pixels where
    it is least, and in the `idle` share that the objective would miss least, judged by |gradient *
    what was added|, summed over colours: small norm and small contribution of Yosinski et al.,
    "Understanding Neural Networks Through Deep Visualization" (2015).

    The gradient lies on an image shifted by (dx, dy), what was added does not.
    """
    if faint > 0:
        residual = _without(residual, np.linalg.norm(residual, axis=0), faint)
    if idle > 0:
        here = kernels.jitter(gradient, -dx, -dy)
        residual = _without(residual, np.abs((residual * here).sum(0)), idle)
    return residual


def blurred(residual: np.ndarray, sigma: float) -> np.ndarray:
    """Smoothed by `sigma` pixels on the torus (Yosinski et al., Gaussian blur)."""
    margin = int(np.ceil(4 * sigma)) + 1
    wide = np.pad(residual.transpose(1, 2, 0), ((margin, margin), (margin, margin), (0, 0)), "wrap")
    smooth = cv2.GaussianBlur(wide, (0, 0), sigma)[margin:-margin, margin:-margin]
    return np.ascontiguousarray(smooth.transpose(2, 0, 1))


def _without(residual: np.ndarray, worth: np.ndarray, share: float) -> np.ndarray:
    return np.where(worth <= np.quantile(worth, share), np.float32(0), residual)
