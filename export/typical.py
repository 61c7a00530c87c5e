"""How strong the gradients of the layers are on a picture that is dreamt on, so that a mix can be
balanced: some layers move it several times as far as others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from .networks import Cut
from .threads import one_thread

SIDE = 128
"""Pixels of the picture's height, at least. In other sizes all are as much larger or smaller."""

STEPS, STEP = 8, 4 / 255
"""Of the dream before a layer is looked at: its first gradients depend more on the picture."""


def typical_gradients(
    network: Cut,
    mean: list[float],
    std: list[float],
    places: Sequence[str] = (),
    *,
    minimum_size: int,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Of every tapped layer, mean |gradient| of the objective that squares all of it, and of the
    mean of one of its channels, averaged over those. The same of `places` such as `block9@center`;
    of a `block9@match`, whose channels are never alone, both are that of the match to other noise.

    On natural-looking noise from `seed`, the same for every network, after some steps of that
    layer's own dream.
    """
    with one_thread():
        return _measured(network, mean, std, places, max(SIDE, minimum_size + 16), seed)


def _measured(
    network: Cut, mean: list[float], std: list[float], places: Sequence[str], side: int, seed: int
) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(seed)
    noise = torch.from_numpy(natural_noise(side, side * 4 // 3, rng))
    other = torch.from_numpy(natural_noise(side, side * 4 // 3, np.random.default_rng(seed + 1)))
    centre, spread = (torch.tensor(v, dtype=torch.float32).reshape(1, 3, 1, 1) for v in (mean, std))

    def activation(layer: str, image: torch.Tensor) -> torch.Tensor:
        return network((image - centre) / spread)[network.layers.index(layer)]

    found: dict[str, tuple[float, float]] = {}
    for layer in network.layers:
        image = noise
        for _ in range(STEPS):
            shift = tuple(rng.integers(-8, 9, 2).tolist())
            image = torch.roll(image, shift, (2, 3)).requires_grad_()
            gradient = _gradient(0.5 * activation(layer, image).square().mean(), image)
            step = STEP / gradient.abs().mean().clamp(min=1e-30)
            image = (image + step * gradient).detach().clamp(0, 1)
        a = activation(layer, image.requires_grad_())
        # of independent signs, the square of the sum is the sum of the squares
        signs = torch.from_numpy(rng.choice([-1.0, 1.0], (1, a.shape[1], 1, 1))).to(a.dtype)
        found[layer] = _both(a, signs, image)
        if f"{layer}@center" in places:
            y, x = a.shape[2] // 2, a.shape[3] // 2
            found[f"{layer}@center"] = _both(a[:, :, y : y + 1, x : x + 1], signs, image)
        if f"{layer}@match" in places:
            size = _strength((a * _best(a, activation(layer, other))).mean(), image)
            found[f"{layer}@match"] = size, size
    return found


def _both(a: torch.Tensor, signs: torch.Tensor, image: torch.Tensor) -> tuple[float, float]:
    """Of activations squared, and of one channel's mean."""
    whole, channel = 0.5 * a.square().mean(), (signs * a).mean() * a.shape[1] ** 0.5
    return _strength(whole, image), _strength(channel, image)


def _best(a: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Of the features `others`, those with the largest product with `a` at every position."""
    mine, columns = a.detach().flatten(2)[0], others.detach().flatten(2)[0]
    return columns[:, (mine.T @ columns).argmax(1)].reshape(a.shape)


def _gradient(total: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(total, image, retain_graph=True)[0]


def _strength(total: torch.Tensor, image: torch.Tensor) -> float:
    return float(_gradient(total, image).abs().mean())


def natural_noise(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """An image [1, 3, height, width] in 0..1 whose amplitudes fall with the frequency, as those of
    photographs do, and whose colours differ less than its brightness."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    fall = np.maximum(np.hypot(rows, columns), 1 / max(height, width)) ** -1.4
    planes = []
    for _ in range(4):
        spectrum = np.fft.rfft2(rng.standard_normal((height, width))) * fall
        spectrum[0, 0] = 0
        plane = np.fft.irfft2(spectrum, (height, width))
        planes.append(plane / plane.std())
    image = 0.45 + 0.2 * planes[0] + 0.06 * np.stack(planes[1:])
    return np.clip(image, 0, 1).astype(np.float32)[None]
