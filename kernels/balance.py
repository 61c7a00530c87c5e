"""The gradient's colours and scales brought nearer to those of a natural picture."""

from __future__ import annotations

import numpy as np

from .resample import resample

HALVINGS = 5
"""Scales below the full one; the largest shapes that are weighed are 2 ** HALVINGS pixels."""

SMALLEST = 4
"""Pixels of the smaller side below which nothing is halved any more."""

CORRELATION = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
"""How the colours of ImageNet's pixels go together (lucid's `color_correlation_svd_sqrt`)."""


def colour_matrix(colour: float) -> np.ndarray:
    """The mix of R, G and B, float32 [3, 3], symmetric, that keeps brightness.

    colour 1 leaves them alone; 0 weighs every direction of colour by its variance in natural
    pictures, which leaves 8 % of orange-blue and 2 % of green-magenta.
    """
    variances, axes = np.linalg.eigh(CORRELATION @ CORRELATION.T)
    gains = (variances / variances.max()) ** (1 - colour)
    return np.einsum("ik,k,jk->ij", axes, gains, axes).astype(np.float32)


def halvings(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) of every scale that is weighed, full size first."""
    sizes = [(height, width)]
    while len(sizes) <= HALVINGS and min(sizes[-1]) >= 2 * SMALLEST:
        sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
    return sizes


def scale_weights(levels: int, coarseness: float) -> list[float]:
    """What each halving counts in the sum, full size first. Their sum is 0: no haze, no drift.
    A single level is left as it is."""
    if levels < 2:
        return [1.0]
    gain = 2.0**coarseness
    middle = [gain ** (level - 1) * (gain - 1) for level in range(1, levels - 1)]
    return [1.0, *middle, -(gain ** (levels - 2))]


def balance(gradient: np.ndarray, colour: float, coarseness: float) -> np.ndarray:
    """Colours mixed by `colour_matrix`; every band of scales 2 ** coarseness times the next finer.

    gradient: float32 [3, height, width]. colour 0..1.25, 1 leaves the colours alone. coarseness
    0..2: 0 leaves the scales alone, 1 is near the 1/f of nature. The bands are differences of
    pictures that were halved and enlarged again, so a weighted sum of those is all there is to do.
    After lucid's decorrelated colours and the Laplacian pyramid of TensorFlow's DeepDream (2016),
    with fixed weights in place of measured ones.
    """
    if colour != 1:
        gradient = np.einsum("ij,jhw->ihw", colour_matrix(colour), gradient)
    if coarseness <= 0:
        return gradient
    sizes = halvings(*gradient.shape[1:])
    levels = [gradient]
    for size in sizes[1:]:
        levels.append(resample(levels[-1], *size))
    weights = scale_weights(len(levels), coarseness)
    total = levels[-1] * np.float32(weights[-1])
    for level, weight in zip(levels[-2::-1], weights[-2::-1], strict=True):
        total = resample(total, *level.shape[1:]) + level * np.float32(weight)
    return total
