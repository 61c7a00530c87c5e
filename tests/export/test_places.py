"""Places of layers, tapped as layers of their own: the middle alone, and the notebook's match."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from livedream.export.catalogue import EFFICIENTNET_LITE0
from livedream.export.errors import ExportError

from .conftest import smooth_image, torch

SIZE = (97, 131)
GUIDE = 30


@pytest.fixture(scope="module", params=["cpu", "openvino", "gpu"])
def graph(request, weighted, tmp_path_factory):
    """A session, and a function from an image to the activations of block5, in torch's float64."""
    import onnxruntime

    from livedream.export.graph import export_graph

    path: Path = tmp_path_factory.mktemp("places") / "places.onnx"
    export_graph(
        "efficientnet_lite0", ["block5@match", "block5@center"], path, weights="random", seed=1,
        form=request.param,
    )  # fmt: skip
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    loaded = weighted("efficientnet_lite0", ("block5",), "random")
    network = loaded.network.double()
    mean, std = (torch.tensor(v).double().reshape(3, 1, 1) for v in (loaded.mean, loaded.std))
    yield session, lambda image: network((image - mean) / std)[0]
    network.float()


def fed(session, image, **steering):
    """Everything zero but what is given, by names with _ for @ and the dot."""
    sizes = {each.name: each.shape[0] for each in session.get_inputs() if each.name != "image"}
    feed = {
        name: np.zeros(size if isinstance(size, int) else 40, np.float32)
        for name, size in sizes.items()
    }
    for name, values in steering.items():
        layer, place, kind = name.split("_")
        feed[f"{layer}@{place}.{kind}"] = values.astype(np.float32)
    return session.run(["gradient"], {"image": image, **feed})[0]


def test_a_neuron_is_the_middle_of_its_channel(graph):
    session, activations = graph
    image = smooth_image(*SIZE, seed=3)
    weights = np.zeros(40)
    weights[7] = 40
    x = torch.tensor(image).double().requires_grad_()
    a = activations(x)
    height, width = a.shape[2:]
    (truth,) = torch.autograd.grad(a[0, 7, height // 2, width // 2], x)
    assert fed(session, image, block5_center_linear=weights) == pytest.approx(
        truth.numpy(), abs=1e-3 * float(truth.abs().max())
    )


def test_every_position_climbs_the_features_that_resemble_it_most(graph):
    """As the notebook: the columns y[:, argmax(x.T y)] are where the reverse pass starts."""
    session, activations = graph
    image = smooth_image(*SIZE, seed=4)
    y = np.random.default_rng(5).random((40, GUIDE))
    x = torch.tensor(image).double().requires_grad_()
    a = activations(x)
    flat = a.detach().numpy().reshape(40, -1)
    seed = y[:, (flat.T @ y).argmax(1)].reshape(a.shape) / a.numel()
    (truth,) = torch.autograd.grad(a, x, torch.tensor(seed))
    found = fed(session, image, block5_match_linear=np.ones(40), block5_match_guide=y.ravel())
    assert found == pytest.approx(truth.numpy(), abs=1e-3 * float(truth.abs().max()))


def test_features_are_the_activations_at_every_position(graph):
    session, activations = graph
    image = smooth_image(*SIZE, seed=6)
    names = [each.name for each in session.get_inputs()]
    feed = {name: np.zeros(40, np.float32) for name in names if name != "image"}
    (found,) = session.run(["block5@match.features"], {"image": image, **feed})
    with torch.no_grad():
        truth = activations(torch.tensor(image).double()).numpy().reshape(40, -1)
    assert found == pytest.approx(truth, rel=1e-3, abs=1e-4)


def test_a_place_comes_with_its_layer_and_a_wrong_one_is_told():
    ordered = EFFICIENTNET_LITE0.ordered(["block9@match", "block2", "block9@center"])
    assert ordered == ("block2", "block9", "block9@center", "block9@match")
    with pytest.raises(ExportError, match="did you mean center"):
        EFFICIENTNET_LITE0.layer("block9@centre")
