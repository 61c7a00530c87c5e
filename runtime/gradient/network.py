"""From what was asked for to a network: model, layers, graph file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ...export import catalogue
from ..cli.options import Choices
from ..errors import UsageError, nearest
from .exporting import default_model, ensure_graph
from .graph import Graph, read_graph
from .objective import Objective, Term, check_objective, parse_objective
from .providers import Provider

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


def _preferred(layers: str | None, say: Callable[[str], None]) -> str:
    model, note = default_model(parse_objective(layers).layers if layers else None)
    if note:
        say(note)
    return model
