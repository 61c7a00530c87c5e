"""What the folder of a show changes of what was asked for: the command line holds against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

from ..choices import Choices
from ..control.folder import Folder, listed_sources
from ..control.listening import SURFACES
from ..control.parameters import parameters
from ..dream.values import Dream
from ..gradient.network import Network
from ..gradient.objective import parse_objective
from ..scaling import parse_size
from .sources.listed import named
from .surfaces import Surfaces


class Rehearsed(NamedTuple):
    """A show's folder, and what is opened for it. begin: values by the names of parameters.
    sources: as `named` gives them."""

    folder: Folder
    network: Network
    choices: Choices
    begin: Mapping[str, object]
    surfaces: Surfaces
    sources: Mapping[str, str | None]


def rehearse(
    path: Path,
    network: Network,
    choices: Choices,
    begin: Mapping[str, object],
    surfaces: Surfaces,
    sources: Sequence[str],
    given: Collection[str],
) -> Rehearsed:
    """Reads the folder at `path`. The layers of its presets join the bank, so that a recall opens
    nothing. sources: of the command line. given: the options that were said there. Raises what
    `Folder` raises."""
    own = {name: _beside(path, spec) for name, spec in listed_sources(path).items()}
    found = named(sources, own)
    folder = Folder(path, parameters(network.layers, tuple(found)))
    plan, presets = folder.plan, folder.presets.values()
    values = {name: value for name, value in plan.values.items() if name not in given}
    texts = [str(each.values["layers"]) for each in presets if "layers" in each.values]
    layers = [layer for text in texts for layer in parse_objective(text).taps]
    dream = {each.name: values[each.name] for each in fields(Dream) if each.name in values}
    size = values.get("size")
    choices = replace(
        choices,
        recipe=str(values.get("recipe", choices.recipe)),
        layers=choices.layers or _text(values.get("layers")),
        size=choices.size or (parse_size(str(size)) if size else None),
        overrides={**dream, **choices.overrides},
    )
    opened_with = {*(each.name for each in fields(Dream)), "recipe", "layers", "size"}
    shown = {name: value for name, value in values.items() if name not in opened_with}
    return Rehearsed(
        folder,
        replace(network, also=tuple(dict.fromkeys(layers))),
        choices,
        {**begin, **shown},
        replace(
            surfaces,
            **{
                name: read(plan.surfaces[name])
                for name, read in SURFACES.items()
                if name in plan.surfaces and not getattr(surfaces, name)
            },
            learned=path / "midi",
        ),
        found,
    )


def _beside(folder: Path, spec: str) -> str:
    """A file is looked for in the show's folder first."""
    try:
        return str(folder / spec) if (folder / spec).exists() else spec
    except OSError:
        return spec


def _text(value: object) -> str | None:
    return None if value is None else str(value)
