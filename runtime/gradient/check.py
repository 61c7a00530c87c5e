"""Whether a provider computes right: one gradient against the processor's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import LivedreamError
from .agreement import WrongGradient, check_gradient, check_picture
from .engine import Engine
from .host import HostEngine
from .providers import PROVIDERS, Provider
from .verdicts import found_right, remember_right

LARGEST_CHECKED = 160_000
"""Pixels."""


def check_engine(engine: Engine[Any], height: int, width: int) -> None:
    """Raises WrongGradient where the engine's gradient at this size is not that of onnxruntime's
    own kernels on the same graph. What was right before, on the processor, is not looked at again.
    """
    graph, provider = engine.graph, engine.provider
    hosted = isinstance(engine, HostEngine)
    if hosted and found_right(graph.path, provider, (height, width)):
        return
    image = check_picture(height, width)
    try:
        found = engine.probe(image)
        check_gradient(found, _reference(engine, image), provider.name, engine.precision)
    except WrongGradient as error:
        if graph.form == provider.form:
            raise
        raise WrongGradient(
            f"{error} The file was exported for {graph.form}; `livedream export --provider "
            f"{provider.name}` writes one for it."
        ) from error
    if hosted:
        remember_right(graph.path, provider, (height, width))


def check_numbers(engine: Engine[Any], height: int, width: int) -> None:
    """Raises LivedreamError where the gradient at this size is no finite numbers: such a file would
    show the untouched picture, and say nothing."""
    if not np.isfinite(engine.probe(check_picture(height, width))).all():
        raise LivedreamError(
            f"The gradient of {engine.graph.path} is not finite: its weights are damaged, or it is "
            "not for this; export it again with `livedream export`."
        )


def _reference(engine: Engine[Any], image: np.ndarray) -> np.ndarray:
    """In another process: onnxruntime may hold up this one while it opens."""
    if isinstance(engine, HostEngine):
        return engine.reference(image)
    processor = HostEngine(engine.graph, PROVIDERS["cpu"], engine.objective)
    try:
        return processor.probe(image)
    finally:
        processor.close()


def worth_checking(provider: Provider, height: int, width: int, first: bool) -> bool:
    """Whether a new session of this size is compared with the processor's own kernels.

    first: of its engine. On a card only that one is, beside no dream. OpenVINO was seen to be wrong
    at some sizes and right at others, so each is, but for those that would take seconds.
    """
    if provider.ep == PROVIDERS["cpu"].ep:
        return False
    return first or (not provider.on_card and height * width <= LARGEST_CHECKED)
