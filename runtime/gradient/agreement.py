"""Whether two gradients are the same one, computed by two providers."""

from __future__ import annotations

import numpy as np

from ..errors import LivedreamError

COSINE, COARSE = 0.99, 0.95
"""Between the gradients of two providers that both compute right, in float32; and where one keeps
ten binary digits of a number, as TF32 and float16 do. Those alone, put into torch's convolutions,
leave 0.995 to 0.998 of trained networks and 0.983 to 0.995 of random ones."""


class WrongGradient(LivedreamError):
    """A provider computes something else than it should."""


def check_gradient(
    gradient: np.ndarray, reference: np.ndarray, provider: str, precision: str = "fp32"
) -> None:
    """Raises WrongGradient for a gradient that is not the reference's: vanished, not finite, or in
    another direction. precision: it was computed in."""
    difference, least = None, COSINE if precision == "fp32" else COARSE
    if not np.isfinite(gradient).all():
        difference = "its gradient is not finite"
    else:
        flat, expected = gradient.ravel().astype(np.float64), reference.ravel().astype(np.float64)
        norms = float(np.linalg.norm(flat)), float(np.linalg.norm(expected))
        if norms[0] == 0 and norms[1] != 0:
            difference = "its gradient vanishes"
        elif norms[1] and (like := cosine(flat, expected)) < least:
            difference = f"its gradient points elsewhere than the processor's (cosine {like:.3f})"
        elif norms[1] and not 0.5 < norms[0] / norms[1] < 2:
            difference = f"its gradient is {norms[0] / norms[1]:.2g} times the processor's"
    if difference:
        raise WrongGradient(f"{provider} computes wrong and is not used: {difference}.")


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """1 where two gradients, neither of them zero, point the same way."""
    a, b = (np.asarray(each, np.float64).ravel() for each in (one, other))
    return float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))


def check_picture(height: int, width: int) -> np.ndarray:
    """float32 [3, height, width] in 0..1: smooth colours and some noise, the same every time."""
    random = np.random.default_rng(2015)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x / (7 + 4 * n) + n) * np.cos(y / (11 - 2 * n)) for n in range(3)]
    noise = random.standard_normal((3, height, width), np.float32)
    return np.clip(0.5 + 0.25 * np.stack(waves) + 0.08 * noise, 0, 1).astype(np.float32)
