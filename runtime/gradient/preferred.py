"""The network that is dreamt where nobody names one: the best of those that lie here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...export import catalogue
from ..store.cache import cache_root
from ..store.graph_cache import GraphRequest, graph_path
from .exporting import key_of

PREFERRED, FALLBACK = "inception_v3", "efficientnet_lite0"


def default_model(layers: Iterable[str] | None = None) -> tuple[str, str | None]:
    """The network that `auto` stands for, and a note for the user where it is second choice.

    `inception_v3` where its weights are cached, or the graph in which `layers` (its default ones
    unless given) are played, so that nothing is downloaded unasked; else `efficientnet_lite0`.
    """
    if _weights_cached(PREFERRED) or _graph_cached(PREFERRED, layers):
        return PREFERRED, None
    return FALLBACK, (
        f"Dreaming with {FALLBACK}; for the classic dream run `livedream run --model {PREFERRED}` "
        "once, which downloads its weights."
    )


def weights_file(model: str) -> Path | None:
    """Where the downloaded weights of `model` lie; None where a package brings them."""
    url = catalogue.MODELS[model].weights_url
    return None if url is None else cache_root() / "weights" / url.rpartition("/")[2]


def _weights_cached(model: str) -> bool:
    path = weights_file(model)
    return path is not None and path.is_file()


def _graph_cached(model: str, layers: Iterable[str] | None) -> bool:
    taps = catalogue.MODELS[model].with_bank(tuple(layers or ()))
    return any(
        graph_path(key_of(GraphRequest(model, taps, precision=precision, form=form))).is_file()
        for precision in catalogue.PRECISIONS
        for form in catalogue.FORMS
    )
