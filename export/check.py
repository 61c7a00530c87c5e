"""Hold a written graph against torch's autograd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .catalogue import parted
from .errors import ExportError
from .networks import Cut

Steering = Mapping[str, tuple[NDArray[np.float32], ...]]
"""`square` and `linear` [C] of every tapped layer, and `guide` [C * n] where it is matched."""

GUIDE = 24
"""Positions of a random guide."""


@dataclass(frozen=True)
class Agreement:
    """How far a gradient is from autograd in float64."""

    error: float
    """Relative L2 error."""
    cosine: float


def autograd(
    network: Cut,
    image: NDArray[np.float32],
    steering: Steering,
    mean: list[float],
    std: list[float],
    dtype: torch.dtype = torch.float64,
) -> tuple[NDArray[np.float64], float]:
    """Gradient [1, 3, h, w] and objective by torch, for an image [1, 3, h, w] in 0..1."""
    network.to(dtype)
    try:
        x = torch.tensor(image, dtype=dtype, requires_grad=True)
        centre, spread = (torch.tensor(v, dtype=dtype).reshape(1, 3, 1, 1) for v in (mean, std))
        activations = network((x - centre) / spread)
        objective = torch.zeros((), dtype=dtype)
        tapped = dict(zip(network.layers, activations, strict=True))
        for layer, vectors in steering.items():
            base, place = parted(layer)
            a = tapped[base]
            square, linear, *guide = (torch.tensor(v, dtype=dtype) for v in vectors)
            square, linear = (v.reshape(1, -1, 1, 1) for v in (square, linear))
            if place == "center":
                row, column = a.shape[2] // 2, a.shape[3] // 2
                a = a[:, :, row : row + 1, column : column + 1]
            if place == "match":
                features = guide[0].reshape(a.shape[1], -1)
                best = (a.detach()[0].flatten(1).T @ features).argmax(1)
                linear = linear * features[:, best].reshape(a.shape)
            objective = objective + (0.5 * square * a * a + linear * a).mean()
        (gradient,) = torch.autograd.grad(objective, x)
    finally:
        network.to(torch.float32)
    return gradient.to(torch.float64).numpy(), objective.item()


def agreement(gradient: NDArray[np.floating], truth: NDArray[np.float64]) -> Agreement:
    """Compare a gradient with the true one; infinitely wrong where it is not finite."""
    gradient = gradient.astype(np.float64)
    if not np.isfinite(gradient).all():
        return Agreement(float("inf"), -1.0)
    norms = float(np.linalg.norm(gradient)), float(np.linalg.norm(truth))
    error = float(np.linalg.norm(gradient - truth)) / max(norms[1], 1e-300)
    return Agreement(error, float(np.vdot(gradient, truth)) / max(norms[0] * norms[1], 1e-300))


def random_steering(channels: Mapping[str, int], rng: np.random.Generator) -> Steering:
    """Random `square` in 0..1 and normal `linear` for layers of these channel counts; a guide of
    nothing below 0, as activations are."""
    return {
        layer: (
            rng.random(count, dtype=np.float32),
            0.1 * rng.standard_normal(count, dtype=np.float32),
            *([rng.random(count * GUIDE, dtype=np.float32)] if matched(layer) else []),
        )
        for layer, count in channels.items()
    }


def matched(layer: str) -> bool:
    """Whether a guide is matched there."""
    return parted(layer)[1] == "match"


def feed(image: NDArray[np.float32], steering: Steering) -> dict[str, NDArray[np.float32]]:
    """Inputs of a graph."""
    inputs = {"image": image}
    for layer, vectors in steering.items():
        for kind, vector in zip(("square", "linear", "guide"), vectors, strict=False):
            inputs[f"{layer}.{kind}"] = vector
    return inputs


def check(
    path: Path,
    network: Cut,
    channels: Mapping[str, int],
    mean: list[float],
    std: list[float],
    *,
    minimum_size: int,
    half: bool,
    seed: int,
) -> Agreement:
    """Compare the file with autograd on three random images, and return the middle result.

    Rounding alone can flip a single ReLU or pool decision and show as an error of some 1e-3 in
    one image; a wrong graph is wrong in all. Raises `ExportError` above the tolerance: in float32
    a relative error of 1e-2 (or twice torch's own float32 error, if that is more), in float16 a
    cosine of 0.95: trained networks reach 0.99, while in random ones rounding flips so many
    decisions that torch's own float16 gradient falls to 0.97.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ExportError(
            'The exported file cannot be checked without onnxruntime: pip install "livedream[cpu]".'
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # torch runs in the same process: idle threads must not spin against it
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    height, width = max(97, minimum_size + 12), max(131, minimum_size + 23)
    results: list[Agreement] = []
    rounding: list[float] = []
    for _ in range(3):
        image = rng.random((1, 3, height, width), dtype=np.float32)
        steering = random_steering(channels, rng)
        (gradient,) = session.run(["gradient"], feed(image, steering))
        truth, _ = autograd(network, image, steering, mean, std)
        torchs, _ = autograd(network, image, steering, mean, std, torch.float32)
        results.append(agreement(np.asarray(gradient), truth))
        rounding.append(agreement(torchs, truth).error)
    result = sorted(results, key=lambda r: r.error)[1]
    limit = max(1e-2, 2 * sorted(rounding)[1])
    if result.cosine < 0.95 if half else result.error > limit:
        raise ExportError(
            f"The graph does not agree with autograd (relative error {result.error:.2g}, cosine "
            f"{result.cosine:.5f}), so it was not written."
        )
    return result
