"""From what was asked for to an engine that runs: model, graph file, provider."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..export import catalogue
from .cache import cache_folder
from .engine import HostEngine
from .errors import LivedreamError, UsageError, nearest
from .graph import Graph, read_graph
from .objective import Objective, Term, check_objective, parse_objective
from .on_demand import Cancelled, default_model, ensure_graph
from .options import Choices
from .providers import Provider
from .sessions import choose

Progress = Callable[[str, float], None]
"""Called with the stage of the work and how much of it is done, 0..1."""


@dataclass(frozen=True)
class Network:
    """What is dreamt of: a model with its weights, or a graph file that was given.

    layers: those that can be asked for, name -> channels.
    """

    model: str
    layers: dict[str, int]
    graph: Graph | None
    choices: Choices

    def objective(self, text: str | None) -> Objective:
        """The layers asked for, or the model's default one. Raises UsageError for unknown ones."""
        if text is None:
            return Objective((Term(self.default_layer),))
        objective = parse_objective(text)
        check_objective(objective, self.layers)
        return objective

    @property
    def default_layer(self) -> str:
        known = catalogue.MODELS.get(self.model)
        favourites = [name for name in known.default_layers if name in self.layers] if known else []
        return favourites[0] if favourites else list(self.layers)[-1]

    def graph_for(
        self,
        objective: Objective,
        provider: Provider,
        progress: Progress,
        background: bool = False,
        cancel: threading.Event | None = None,
    ) -> Graph:
        """The file to open: the given one, or one exported for these layers and this provider."""
        if self.graph:
            return self.graph
        choices = self.choices
        path = ensure_graph(
            self.model,
            objective.layers,
            weights=choices.weights,
            precision="fp16" if choices.precision == "fp16" else "fp32",
            form=provider.form,
            seed=choices.seed,
            progress=progress,
            background=background,
            cancel=cancel,
        )
        return read_graph(path)


def find_network(choices: Choices, say: Callable[[str], None]) -> Network:
    """The network that was asked for. `say` gets a sentence where something was chosen.

    Raises UsageError for an unknown model, LivedreamError for a graph file that cannot be used.
    """
    if choices.graph:
        graph = read_graph(choices.graph)
        if choices.model not in ("auto", graph.model):
            raise UsageError(
                f"{choices.graph} holds {graph.model}, not {choices.model}; leave --model away."
            )
        return Network(graph.model, graph.layers, graph, choices)
    model = choices.model
    if model == "auto":
        model = _model_of(choices.layers) or _preferred(choices.layers, say)
    known = catalogue.MODELS.get(model)
    if known is None:
        names = nearest(model, catalogue.MODELS)
        raise UsageError(f"There is no model '{model}'; nearest: {names}.")
    return Network(model, {layer.name: layer.channels for layer in known.layers}, None, choices)


def _model_of(layers: str | None) -> str | None:
    """The one model that has all the layers asked for; None where none or several have them."""
    if layers is None:
        return None
    wanted = set(parse_objective(layers).layers)
    models = [model for model in catalogue.MODELS.values() if wanted <= set(model.layer_names)]
    return models[0].name if len(models) == 1 else None


def _preferred(layers: str | None, say: Callable[[str], None]) -> str:
    model, note = default_model(parse_objective(layers).layers if layers else None)
    if note:
        say(note)
    return model


def open_engine(
    network: Network,
    objective: Objective,
    sizes: Callable[[int], Iterable[tuple[int, int]]],
    *,
    provider: Provider | None = None,
    progress: Progress,
    say: Callable[[str], None],
    background: bool = False,
    cancel: threading.Event | None = None,
) -> HostEngine:
    """An engine ready for all `sizes(minimum side)`, each (height, width).

    provider: the one to use, else the one asked for; under `auto` the first that starts.
    background, cancel: of an export, see `ensure_graph`.
    """
    choices = network.choices
    candidates = [provider] if provider else choose(choices.provider)
    if not candidates:
        raise LivedreamError(
            'No provider that livedream knows is installed; `pip install "livedream[cpu]"`.'
        )
    for position, candidate in enumerate(candidates):
        try:
            return _open(network, objective, sizes, candidate, progress, background, cancel)
        except (UsageError, Cancelled):
            raise
        except LivedreamError as error:
            if position == len(candidates) - 1:
                raise
            say(f"{error} Trying {candidates[position + 1].name}.")
    raise AssertionError("unreachable: the last candidate returns or raises")


def _open(
    network: Network,
    objective: Objective,
    sizes: Callable[[int], Iterable[tuple[int, int]]],
    provider: Provider,
    progress: Progress,
    background: bool,
    cancel: threading.Event | None,
) -> HostEngine:
    choices = network.choices
    if choices.precision not in ("auto", *provider.precisions):
        raise UsageError(
            f"{provider.name} does not compute in {choices.precision}; it offers "
            f"{', '.join(provider.precisions)}."
        )
    graph = network.graph_for(objective, provider, progress, background, cancel)
    engine = HostEngine(
        graph,
        provider,
        objective,
        precision=choices.precision,
        cache=cache_folder("engines"),
    )
    for height, width in sizes(graph.minimum_size):
        progress(f"opening {provider.name} at {width}x{height}", 1.0)
        engine.prepare(height, width)
    return engine
