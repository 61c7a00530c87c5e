"""How a card computes: what measuring on one is to decide, and stays switchable until then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import UsageError, nearest


@dataclass(frozen=True)
class Tuning:
    """search: how cuDNN finds its way to compute a convolution: by `heuristic`, by timing all
    (`exhaustive`), or the one to begin with and the other in the background (`later`). layout:
    `nchw`, or `nhwc`, which tensor cores like and which costs conversions around operators that do
    not have it. graph: the form of graph for CUDA's provider, `gpu` or `cuda`. outputs: `needed`,
    or `all` that the file declares.
    """

    search: str = "later"
    layout: str = "nchw"
    graph: str = "gpu"
    outputs: str = "needed"


DEFAULT = Tuning()

OFFERED = {
    "search": ("later", "heuristic", "exhaustive"),
    "layout": ("nchw", "nhwc"),
    "graph": ("gpu", "cuda"),
    "outputs": ("needed", "all"),
}
"""By field of `Tuning`, the default first."""


def parse_tuning(text: str) -> Tuning:
    """`layout=nhwc,graph=cuda` -> the defaults but for these. Raises UsageError with the nearest
    names for unknown ones."""
    given = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name not in OFFERED:
            raise UsageError(f"There is no tuning '{name}'; nearest: {nearest(name, OFFERED)}.")
        if value not in OFFERED[name]:
            values = ", ".join(OFFERED[name])
            raise UsageError(f"The tuning '{name}' takes {values}, not '{value}'.")
        given[name] = value
    return replace(DEFAULT, **given)
