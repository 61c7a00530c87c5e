"""The strength of layers, measured once, and what it is for: both terms of a mix are seen."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.export.typical import SIDE, natural_noise, typical_gradients
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.steering import steering

from .conftest import Dream, Loaded, torch, trained

LAYERS = ("block2", "block5", "block11")


@pytest.fixture(scope="module")
def typical(weighted: Loaded) -> dict[str, tuple[float, float]]:
    source = weighted("efficientnet_lite0", LAYERS, trained("efficientnet_lite0"))
    return typical_gradients(source.network, source.mean, source.std, minimum_size=16)


def test_noise_is_like_a_picture() -> None:
    image = natural_noise(90, 120, np.random.default_rng(0))
    assert image.shape == (1, 3, 90, 120)
    assert image.min() >= 0
    assert image.max() <= 1
    luma = image.mean((0, 1))
    step = np.diff(luma, axis=1).std()
    assert step < 0.4 * luma.std()  # white noise: 1.4
    assert (image[0] - luma).std() < luma.std()


def test_one_number_for_the_channels_is_their_mean(
    typical: dict[str, tuple[float, float]], weighted: Loaded
) -> None:
    source = weighted("efficientnet_lite0", LAYERS, trained("efficientnet_lite0"))
    image = torch.from_numpy(natural_noise(SIDE, SIDE * 4 // 3, np.random.default_rng(0)))
    image.requires_grad_()
    centre, spread = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (source.mean, source.std))
    a = source.network(((image - centre) / spread).float())[LAYERS.index("block5")]
    sizes = [
        float(torch.autograd.grad(a[:, n].mean(), image, retain_graph=True)[0].abs().mean())
        for n in range(0, a.shape[1], 4)
    ]
    assert 0.5 < np.mean(sizes) / typical["block5"][1] < 2.2  # this picture is not dreamt on


@pytest.mark.parametrize("text", ["block2+block11", "block5:3+block11", "block2:5*0.5+block5*0.5"])
def test_the_terms_of_a_mix_move_a_picture_alike(
    typical: dict[str, tuple[float, float]], dream: Dream, text: str
) -> None:
    graph = dream("efficientnet_lite0", LAYERS, trained("efficientnet_lite0"))
    objective = parse_objective(text)

    def moved(terms: tuple, known: dict, image: np.ndarray) -> np.ndarray:
        """The gradient of some of the terms, as they are weighed in the mix."""
        fed = steering(objective, graph.channels, known)
        keep = {f"{t.layer}.{'linear' if t.channel is not None else 'square'}" for t in terms}
        inputs = {k: v if k in keep else np.zeros_like(v) for k, v in fed.items()}
        (gradient,) = graph.session.run(["gradient"], {"image": image, **inputs})
        return gradient

    def ratio(known: dict) -> float:
        image = natural_noise(150, 200, np.random.default_rng(8))
        for _ in range(10):
            gradient = moved(objective.terms, known, image)
            image = np.clip(image + 0.015 * gradient / np.abs(gradient).mean(), 0, 1)
        one, other = (np.abs(moved((term,), known, image)).mean() for term in objective.terms)
        return max(one, other) / min(one, other)

    assert ratio(typical) < 3
    assert ratio(typical) < ratio({})
