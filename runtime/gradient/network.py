"""What is dreamt of: a model with its weights, or a graph file that was given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ...export import catalogue
from ..errors import UsageError, nearest
from ..progress import Progress
from ..store.graph_cache import GraphRequest
from .exporting import ensure_graph, is_exported
from .graph import Graph, read_graph
from .guides import guides_of
from .objective import Objective, Term, check_objective, guided, matched, parse_objective
from .preferred import default_model
from .providers import Provider


@dataclass(frozen=True)
class Request:
    """Which network is wanted. model: a name of the catalogue, or `auto`. graph: an exported file
    in place of a model. weights: `auto`, `random` (drawn from `seed`), or a file. precision: of the
    gradient, `auto` or one of a provider's."""

    model: str = "auto"
    graph: Path | None = None
    weights: str = "auto"
    precision: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class Network:
    """What is dreamt of: a model with its weights, or a graph file that was given.

    layers: those that can be asked for, name -> channels. also: those that a file taps beside the
    network's bank. guides: photos that guide the dream. matched: whether position by position, else
    in the direction of the first one.
    """

    model: str
    layers: dict[str, int]
    graph: Graph | None
    request: Request
    also: tuple[str, ...] = ()
    guides: tuple[Path, ...] = ()
    matched: bool = False

    def objective(self, text: str | None) -> Objective:
        """The layers asked for, or the model's default one, as the guides have them climbed.

        Raises UsageError for unknown ones.
        """
        objective = (
            Objective((Term(self.default_layer),)) if text is None else parse_objective(text)
        )
        check_objective(objective, self.layers)
        if not self.guides:
            return objective
        return matched(objective) if self.matched else guided(objective, 1, len(self.guides))

    @property
    def default_layer(self) -> str:
        known = catalogue.MODELS.get(self.model)
        favourites = [name for name in known.default_layers if name in self.layers] if known else []
        return favourites[0] if favourites else list(self.layers)[-1]

    @property
    def box(self) -> tuple[int, int]:
        """(width, height) that live pictures are dreamt within unless somebody says otherwise."""
        known = catalogue.MODELS.get(self.model)
        return known.box if known else catalogue.Model.box

    def taps(self, objective: Objective) -> tuple[str, ...]:
        """The layers that the file for `objective` taps, each of which can then be played: the
        network's bank, `also` and those of `objective`, or what the given file has."""
        if self.graph:
            return tuple(self.graph.layers)
        return catalogue.MODELS[self.model].with_bank((*objective.taps, *self.also))

    def graph_for(
        self,
        objective: Objective,
        provider: Provider,
        progress: Progress,
        background: bool = False,
        cancel: threading.Event | None = None,
    ) -> Graph:
        """The file to open: the given one, or one exported for these `taps` and this provider."""
        if self.graph:
            return self._seen(self.graph)
        wanted = self._wanted(objective, provider)
        path = ensure_graph(wanted, progress=progress, background=background, cancel=cancel)
        return self._seen(read_graph(path))

    def has_graph(self, objective: Objective, provider: Provider) -> bool:
        """Whether `graph_for` exports nothing."""
        return self.graph is not None or is_exported(self._wanted(objective, provider))

    def _wanted(self, objective: Objective, provider: Provider) -> GraphRequest:
        request = self.request
        return GraphRequest(
            self.model,
            self.taps(objective),
            request.weights,
            "fp16" if request.precision == "fp16" else "fp32",
            provider.form,
            request.seed,
        )

    def _seen(self, graph: Graph) -> Graph:
        return replace(graph, guides=guides_of(graph, self.guides)) if self.guides else graph


def find_network(request: Request, layers: str | None, say: Callable[[str], None]) -> Network:
    """The network of `request`; where its model is `auto`, one that has the `layers` of this
    objective, a text or None.
    `say` hears what was chosen.

    Raises UsageError for an unknown model, LivedreamError for a graph file that cannot be used.
    """
    if request.graph:
        graph = read_graph(request.graph)
        if request.model not in ("auto", graph.model):
            raise UsageError(
                f"{request.graph} holds {graph.model}, not {request.model}; leave --model away."
            )
        if request.weights != "auto":
            raise UsageError(f"{request.graph} holds its weights; leave --weights away.")
        return Network(graph.model, graph.layers, graph, request)
    model = request.model
    if model == "auto":
        model = _model_of(layers) or _preferred(layers, request.weights, say)
    known = model_named(model)
    return Network(model, {layer.name: layer.channels for layer in known.layers}, None, request)


def model_named(name: str) -> catalogue.Model:
    """Raises UsageError for a name that is not in the catalogue."""
    known = catalogue.MODELS.get(name)
    if known is None:
        names = nearest(name, catalogue.MODELS)
        raise UsageError(f"There is no model '{name}'; nearest: {names}.")
    return known


def _model_of(layers: str | None) -> str | None:
    """The one model that has all the layers asked for; None where none or several have them.

    Raises UsageError for a layer that no model has.
    """
    if layers is None:
        return None
    wanted = set(parse_objective(layers).layers)
    every = [name for model in catalogue.MODELS.values() for name in model.layer_names]
    for layer in sorted(wanted - set(every)):
        raise UsageError(f"No model has a layer '{layer}'; nearest: {nearest(layer, every)}.")
    models = [model for model in catalogue.MODELS.values() if wanted <= set(model.layer_names)]
    return models[0].name if len(models) == 1 else None


_OF_WEIGHTS = {b"Mixed_5b": "inception_v3", b"inception3a": "googlenet"}
"""Layers by whose names the parameters of a network are told."""

_NAMES_WITHIN = 1 << 20
"""Bytes: both kinds of files, .pth and .safetensors, begin with the names of what is in them."""


def model_of_weights(path: Path) -> str | None:
    """The network whose parameters the file holds; None where that cannot be told, also because
    there is no such file."""
    try:
        with path.expanduser().open("rb") as file:
            names = file.read(_NAMES_WITHIN)
    except OSError:
        return None
    return next((model for layer, model in _OF_WEIGHTS.items() if layer in names), None)


def _preferred(layers: str | None, weights: str, say: Callable[[str], None]) -> str:
    if weights not in ("auto", "random") and (owner := model_of_weights(Path(weights))):
        return owner
    model, note = default_model(parse_objective(layers).layers if layers else None)
    if note:
        say(note)
    return model
