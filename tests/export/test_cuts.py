"""A graph that is cut at a shallower tap still has autograd's gradient of all that is left."""

from __future__ import annotations

import json

import numpy as np
import pytest

from livedream.export.check import agreement, feed
from livedream.runtime.gradient.cutting import part
from livedream.runtime.gradient.providers import PROVIDERS

from .conftest import Dream, onnxruntime, smooth_image

onnx = pytest.importorskip("onnx")

CASES = [
    ("googlenet", ("conv3", "inception3b", "inception4a"), "cpu"),
    ("googlenet", ("conv3", "inception3b", "inception4a"), "gpu"),
    ("inception_v3", ("Conv2d_4a_3x3", "Mixed_5d", "Mixed_6a", "Mixed_6b"), "cpu"),
    ("efficientnet_lite0", ("block2", "block5", "block9", "block11"), "cpu"),
    ("efficientnet_lite0", ("block2", "block5", "block9", "block11"), "openvino"),
]


@pytest.mark.parametrize(("model", "layers", "form"), CASES)
def test_every_cut(dream: Dream, model: str, layers: tuple[str, ...], form: str) -> None:
    graph = dream(model, layers, "random", form)
    facts = {entry.key: entry.value for entry in onnx.load_from_string(graph.graph).metadata_props}
    cuts = json.loads(facts["livedream.cuts"])
    assert list(cuts) == list(layers)
    provider, options = "CPUExecutionProvider", {}
    if form == "openvino" and PROVIDERS[form].ep in onnxruntime.get_available_providers():
        provider, options = PROVIDERS[form].ep, dict(PROVIDERS[form].options)
    image = smooth_image(97, 131, seed=6)
    for number, layer in enumerate(layers[:-1]):
        cut = part(graph.graph, ["gradient"], dict(cuts[layer]))
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = 3
        session = onnxruntime.InferenceSession(cut, settings, providers=[(provider, options)])
        steering = {
            name: vectors if name in layers[: number + 1] else tuple(map(np.zeros_like, vectors))
            for name, vectors in graph.steering(seed=number).items()
        }
        (gradient,) = session.run(["gradient"], feed(image, steering))
        result = agreement(gradient, graph.truth(image, steering)[0])
        assert result.error <= 1e-2
        assert result.cosine >= 0.9999


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("form", ["cpu", "gpu"])
def test_mean_activations(dream: Dream, form: str, precision: str) -> None:
    layers = ("block2", "logits")
    graph = dream("efficientnet_lite0", layers, "random", form, precision)
    image = smooth_image(64, 70, seed=1)
    names = [f"{layer}.mean" for layer in layers]
    found = graph.session.run(names, feed(image, graph.steering(seed=1)))
    for layer, mean in zip(layers, found, strict=True):
        expected = graph.means(image)[layer]
        assert mean.shape == expected.shape
        limit = (2e-2 if precision == "fp16" else 1e-4) * np.abs(expected).max()
        assert np.abs(mean - expected).max() <= limit
