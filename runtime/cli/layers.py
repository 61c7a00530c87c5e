"""`livedream layers`: what can be dreamt, from the catalogue; needs no torch."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...export.catalogue import MODELS, Layer, Model
from ..choices import Choices
from ..control.looks import looks, pictures
from ..errors import UsageError, nearest
from ..gradient.network import model_named
from ..gradient.preferred import weights_file
from ..store.cache import cache_root

EARLY = 3
"""The first of so many parts of a network sees edges and gratings, and draws them."""

STRIPED = "~"


def print_layers(console: Console, model: str | None = None) -> None:
    """Print all models, or every layer of `model`.

    Raises UsageError for an unknown model, with the nearest names.
    """
    if model is None:
        console.print(models_table())
        console.print("Layers of one model: livedream layers MODEL", style="dim")
        # As it is: a path that was wrapped cannot be copied.
        console.print(
            f"Downloads go to {cache_root() / 'weights'}", style="dim", markup=False, soft_wrap=True
        )
        return
    known = model_named(model)
    console.print(layers_table(known))
    console.print(_recipes(known), soft_wrap=True)
    console.print(_looks(known), soft_wrap=True)


def scan_choices(model: str | None, layer: str, weights: str, provider: str) -> Choices:
    """What `--scan LAYER` asks for. Raises UsageError for no model, an unknown one, or a layer
    that it does not have."""
    if model is None:
        raise UsageError("Say of which model: livedream layers MODEL --scan LAYER OUT.png.")
    known = model_named(model)
    if layer not in known.layer_names:
        names = nearest(layer, known.layer_names)
        raise UsageError(f"There is no layer '{layer}' in {model}; nearest: {names}.")
    return Choices(
        model=model, layers=layer, graph=None, weights=weights, recipe="photo", provider=provider,
        precision="auto", size=None, seed=0, settings=None, overrides={},
    )  # fmt: skip


def models_table() -> Table:
    """One row a model: what it is like, its default layers, where its weights come from."""
    table = Table(
        title="Models: livedream run --model NAME", title_justify="left", box=box.SIMPLE,
        pad_edge=False, show_lines=True,
    )  # fmt: skip
    table.add_column("model", style="bold", no_wrap=True)
    table.add_column("layers", justify="right")
    table.add_column("default", no_wrap=True)
    table.add_column("what it is, and its weights", ratio=1)
    for model in MODELS.values():
        table.add_row(
            model.name,
            str(len(model.layers)),
            "+".join(model.default_layers),
            Text(f"{model.sentence}\n{_weights(model)}"),
        )
    return table


def layers_table(model: Model) -> Table:
    """One row a layer: channels, the smallest picture it can see."""
    table = Table(title=model.sentence, title_justify="left")
    table.add_column("layer", style="bold", no_wrap=True)
    table.add_column("channels", justify="right")
    table.add_column("smallest picture", justify="right")
    table.add_column("bank", justify="center")
    table.add_column("one channel, as --layers", no_wrap=True)
    early = len(model.layers) // EARLY
    for place, layer in enumerate(model.layers):
        striped = f" {STRIPED}" if place < early else ""
        name = layer.name + (" (default)" if layer.name in model.default_layers else "") + striped
        side = layer.minimum_size
        bank = "*" if layer.name in model.bank else ""
        table.add_row(name, f"{layer.channels}", f"{side}x{side}", bank, Text(example(layer)))
    return table


def example(layer: Layer) -> str:
    """One channel of `layer`, in the middle, as `--layers` takes it."""
    return f"{layer.name}:{layer.channels // 2}"


def _weights(model: Model) -> str:
    path = weights_file(model.name)
    if path is not None and path.is_file():
        return model.weights_sentence + " Here already."
    return model.weights_sentence


def _recipes(model: Model) -> Text:
    """A command to copy for every way to ask for a layer."""
    first, second = model.layers[len(model.layers) // 2 :][:2]
    whole = model.layer(model.default_layers[0])
    specs = [
        ("everything the layer sees", whole.name),
        (f"one of its channels, 0 to {whole.channels - 1}", example(whole)),
        ("a weighted mix", f"'{second.name}*0.7+{first.name}'"),
    ]
    if "logits" in model.layer_names:
        specs.append(("one ImageNet class: golden retriever", "logits:207"))
    text = Text(
        "* in the bank: whichever of these plays, the others follow from one frame to the next.\n"
        f"{STRIPED} draws stripes and gratings, which can harm photosensitive people.\n"
    )
    for what, spec in specs:
        text.append(f"{what}\n")
        text.append(f"  livedream run --model {model.name} --layers {spec}\n", "bold")
    return text


def _looks(model: Model) -> Text:
    """The built-in looks by number; those whose picture shows stripes are marked."""
    import cv2

    from ..safety.pattern import DANGEROUS, stripes

    layers = {layer.name: layer.channels for layer in model.layers}
    files = pictures(layers)
    text = Text("looks:")
    for number, look in looks(layers).items():
        picture = cv2.imread(str(files[number])) if number in files else None
        striped = picture is not None and stripes(picture).share > DANGEROUS
        text.append(f"  {number} {look.name}" + (f" {STRIPED}" if striped else ""))
    return text
