"""The graph's gradient is autograd's, in float64, whatever the size, layer, steering, weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np
import pytest

from livedream.export.catalogue import FORMS, MODELS
from livedream.export.check import agreement
from livedream.runtime.gradient.providers import PROVIDERS

from .conftest import Dream, smooth_image, torch, trained

SIZES = [(96, 128), (113, 157), (97, 131)]  # height, width: odd ones on purpose
CASES = {
    # pools after pools: inception3a, inception4a
    ("googlenet", "random"): ("conv2", "inception3a", "inception4a", "inception4c"),
    ("inception_v3", "random"): ("Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5d", "Mixed_6b"),
    ("inception_v3", "trained"): ("Conv2d_4a_3x3", "Mixed_5d", "Mixed_6b", "Mixed_7a"),
    ("efficientnet_lite0", "random"): ("stem", "block5", "block9", "block12"),
    ("efficientnet_lite0", "trained"): ("block3", "block9", "block16", "logits"),
}


@dataclass
class Errors:
    """Relative errors against float64 over all cases: the graph's, and torch's own in float32."""

    ours: list[float] = field(default_factory=list)
    torchs: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def errors() -> Iterator[Errors]:
    """Collects errors; at the end their median must be no worse than twice torch's own."""
    collected = Errors()
    yield collected
    if len(collected.ours) > 60:  # single flipped decisions decide the median of a few cases
        assert median(collected.ours) <= 2 * median(collected.torchs)


OPENVINO = "OpenVINOExecutionProvider"


@pytest.mark.parametrize(("model", "weights"), CASES)
def test_every_layer_and_size(dream: Dream, errors: Errors, model: str, weights: str) -> None:
    layers = CASES[model, weights]
    source = "random" if weights == "random" else trained(model)
    graph = dream(model, layers, source)
    for number, (height, width) in enumerate(SIZES):
        image = smooth_image(height, width, seed=number)
        steerings = [graph.steering(seed=number, only=only) for only in (*layers, None)]
        truths = graph.truths(image, steerings)
        torchs = graph.truths(image, steerings, torch.float32)
        for steering, (truth, value), (torchs_own, _) in zip(
            steerings, truths, torchs, strict=True
        ):
            gradient, objective = graph.run(image, steering)
            result = agreement(gradient, truth)
            assert result.error <= 1e-2, (height, width, steering)
            assert result.cosine >= 0.9999, (height, width, steering)
            assert objective == pytest.approx(value, rel=1e-4, abs=1e-6)
            errors.ours.append(result.error)
            errors.torchs.append(agreement(torchs_own, truth).error)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("model", "layers"),
    [
        ("googlenet", ("inception3a", "inception4c")),
        ("inception_v3", ("Mixed_5d", "Mixed_6b")),
        ("efficientnet_lite0", ("block3", "block9")),
    ],
)
def test_every_form_at_even_and_odd_sizes(
    dream: Dream, model: str, layers: tuple[str, ...], form: str
) -> None:
    graph = dream(model, layers, "random", form)
    for height, width in [(97, 131), (98, 130), (99, 128), (100, 129)]:
        image = smooth_image(height, width, seed=3)
        steering = graph.steering(seed=3)
        truth, _ = graph.truth(image, steering)
        result = agreement(graph.run(image, steering)[0], truth)
        assert result.error <= 1e-2
        assert result.cosine >= 0.9999


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("model", "layer"), [("googlenet", "inception4c"), ("inception_v3", "Mixed_6b")]
)
def test_flat_image_sends_the_gradient_where_autograd_does(
    dream: Dream, model: str, layer: str, form: str
) -> None:
    """In a flat region every window of a pool is tied: the first in scan order wins."""
    graph = dream(model, (layer,), "random", form)
    image = smooth_image(120, 160, seed=5)
    image[:, :, 30:, :100] = 0.25
    steering = graph.steering(seed=5)
    truth, _ = graph.truth(image, steering)
    assert agreement(graph.run(image, steering)[0], truth).cosine >= 0.9999


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("model", ["googlenet", "inception_v3", "efficientnet_lite0"])
def test_deepest_layer_at_the_smallest_size(dream: Dream, model: str, form: str) -> None:
    graph = dream(model, ("logits",), "random", form)
    side = MODELS[model].minimum_size(["logits"])
    image = smooth_image(side, side + 1, seed=2)
    steering = graph.steering(seed=2)
    truth, _ = graph.truth(image, steering)
    assert agreement(graph.run(image, steering)[0], truth).cosine >= 0.9999


@pytest.mark.parametrize(
    ("model", "layers", "weights", "least", "form"),
    [
        ("inception_v3", ("Mixed_6b", "Mixed_7a"), "trained", 0.99, "gpu"),
        ("inception_v3", ("Mixed_6b", "Mixed_7a"), "trained", 0.99, "cpu"),
        ("efficientnet_lite0", ("block9", "logits"), "trained", 0.99, "gpu"),
        # rounding flips many more decisions of random networks, torch's own float16 as well
        ("googlenet", ("inception4c", "inception5b"), "random", 0.95, "gpu"),
    ],
)
def test_half_precision(
    dream: Dream, model: str, layers: tuple[str, ...], weights: str, least: float, form: str
) -> None:
    source = "random" if weights == "random" else trained(model)
    graph = dream(model, layers, source, form, "fp16")
    image = smooth_image(97, 131, seed=4)
    for only in layers:
        for factor in (1e-4, 1e4):  # the scale inside the graph follows the steering
            steering = {
                layer: (square * np.float32(factor), linear * np.float32(factor))
                for layer, (square, linear) in graph.steering(seed=4, only=only).items()
            }
            gradient, objective = graph.run(image, steering)
            truth, value = graph.truth(image, steering)
            assert np.count_nonzero(gradient) > 0.5 * gradient.size
            assert agreement(gradient, truth).cosine > least
            assert objective == pytest.approx(value, rel=0.05, abs=0.01 * factor)


def test_steering_of_nothing_is_no_gradient(dream: Dream) -> None:
    for precision in ("fp32", "fp16"):
        graph = dream("efficientnet_lite0", ("block9", "logits"), "random", "gpu", precision)
        nothing = {k: (np.zeros(n, np.float32),) * 2 for k, n in graph.channels.items()}
        gradient, objective = graph.run(smooth_image(64, 64, seed=0), nothing)
        assert objective == 0
        assert not gradient.any()


@pytest.mark.parametrize(
    ("model", "layer"), [("inception_v3", "Mixed_6b"), ("efficientnet_lite0", "block11")]
)
def test_openvino_itself(dream: Dream, model: str, layer: str) -> None:
    import onnxruntime

    if OPENVINO not in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime-openvino is not installed")
    options = tuple(PROVIDERS["openvino"].options.items())
    graph = dream(model, (layer,), trained(model), "openvino", "fp32", OPENVINO, options)
    for height, width in SIZES:
        image = smooth_image(height, width, seed=6)
        steering = graph.steering(seed=6)
        truth, _ = graph.truth(image, steering)
        result = agreement(graph.run(image, steering)[0], truth)
        assert result.error <= 1e-2
        assert result.cosine >= 0.9999


@pytest.mark.parametrize("size", [(64, 96), (62, 99), (95, 68), (57, 61)])
def test_openvino_where_the_size_is_known(dream: Dream, size: tuple[int, int]) -> None:
    """What a size makes superfluous falls away when a session is opened, as the runtime opens it:
    both sides even all the way down, the one odd, the other odd further down."""
    import onnxruntime

    if OPENVINO not in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime-openvino is not installed")
    graph = dream("efficientnet_lite0", ("block5",), "random", "openvino")
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    for name, length in zip(("height", "width"), size, strict=True):
        settings.add_free_dimension_override_by_name(name, length)
    provider = (OPENVINO, dict(PROVIDERS["openvino"].options))
    session = onnxruntime.InferenceSession(graph.graph, settings, providers=[provider])
    image, steering = smooth_image(*size, seed=7), graph.steering(seed=7)
    found = replace(graph, session=session).run(image, steering)[0]
    assert agreement(found, graph.truth(image, steering)[0]).cosine >= 0.9999


@pytest.mark.parametrize("ceiling", [None, 6.0])
def test_masks_of_openvino_are_exact(ceiling: float | None) -> None:
    """The gradient passes unchanged where 0 < activation < ceiling, however near to either, and
    nothing of it elsewhere."""
    import onnxruntime

    from livedream.export.builder import Builder
    from livedream.export.openvino import OpenVino

    top = np.float32(ceiling or 1e6)
    edges = np.array([0, 1e-30, 1e-6, 3, np.nextafter(top, np.float32(0)), top], np.float32)
    builder = Builder()
    gradient, output = builder.input("gradient", [6]), builder.input("output", [6])
    passed = OpenVino().rectify(builder, gradient, output, ceiling, 1)
    builder.op("Identity", passed, output="passed")
    builder.output("passed", [6])
    session = onnxruntime.InferenceSession(
        builder.model({}).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = np.array([1.5, -2.5e-7, 3e5, -1, 0.1, -7], np.float32)
    (found,) = session.run(None, {"gradient": given, "output": edges})
    inside = (edges > 0) & ((edges < top) if ceiling else True)
    assert np.array_equal(found, np.where(inside, given, 0))


@pytest.mark.parametrize(
    ("model", "layer"),
    [("googlenet", "conv3"), ("inception_v3", "Mixed_6b"), ("efficientnet_lite0", "block9")],
)
def test_convolutions_for_cards_are_padded_alike(dream, model, layer):
    """onnxruntime's CUDA provider leaves others to the processor: a whole step waited for them."""
    onnx = pytest.importorskip("onnx")
    nodes = onnx.load_from_string(dream(model, (layer,), "random", "gpu").graph).graph.node
    found = [
        list(attribute.ints)
        for node in nodes
        if node.op_type in ("Conv", "ConvTranspose")
        for attribute in node.attribute
        if attribute.name == "pads"
    ]
    assert found
    assert [pads for pads in found if pads[:2] != pads[2:]] == []
