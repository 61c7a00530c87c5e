"""What one gradient costs, and how far it is from the CPU provider's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..dream.cpu import CpuDevice
from ..errors import LivedreamError
from ..gradient.agreement import cosine
from ..gradient.graph import Graph
from ..gradient.host import HostEngine
from ..gradient.providers import PROVIDERS
from ..gradient.shallow import deepest
from ..gradient.steering import steering
from ..progress import Progress
from .floor import Work, count_work, floor_seconds
from .opened import Opened
from .results import measured, rounded
from .sampling import collect
from .schema import Floor, Parity, Step

CLOSE = 0.999
"""Cosine between a provider's gradient and the reference that is worth no remark."""


def measure_step(opened: Opened, picture: np.ndarray, seconds: float, raw: bool) -> Step:
    """Gradients at full size on `picture`, uint8 BGR, which is on the device already."""
    image = opened.device.upload(picture)
    timing = measured(collect(timer(lambda: opened.gradient(image)), seconds), raw)
    height, width = opened.size
    return Step(
        ms=timing,
        megapixel_steps_per_second=rounded(height * width / 1e3 / timing.p50),
    )


def timer(function: Callable[[], object]) -> Callable[[], float]:
    """A call of `function` returning the seconds it took."""

    def run() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return run


def octave_work(opened: Opened) -> dict[tuple[int, int], Work]:
    """Counted work of one gradient at every octave. Raises LivedreamError where it cannot be."""
    graph = opened.engine.graph
    element = 2 if graph.precision == "fp16" else 4
    feeds = {
        f"{layer}.{kind}": np.ones(channels, np.float32)
        for layer, channels in graph.layers.items()
        for kind in ("square", "linear")
    }
    engine = opened.engine
    climbed = deepest(graph, engine.provider, steering(engine.objective, graph.layers))
    cut = graph.cuts[climbed] if climbed else None
    return {size: count_work(graph.path, size, feeds, element, cut) for size in opened.octaves}


def with_floor(step: Step, work: Work, floor: Floor | None, image_bytes: int) -> Step:
    """`step` with its counted work, and the least time that takes where `floor` applies."""
    facts: dict[str, object] = {"operations": work.operations, "bytes": work.bytes}
    if floor is not None:
        least = work_floor_ms(work, floor, image_bytes)
        facts |= {"floor_ms": rounded(least), "floor_share": rounded(least / step.ms.p50)}
    return step.model_copy(update=facts)


def work_floor_ms(work: Work, floor: Floor, image_bytes: int) -> float:
    """Milliseconds that `work` on pictures of `image_bytes` takes at least."""
    return 1e3 * floor_seconds(work, floor.gflops * 1e9, copy_bandwidth(floor, image_bytes))


def copy_bandwidth(floor: Floor, total: int) -> float:
    """Bytes a second read plus written: of the measured copy nearest in size to `total` bytes
    shared by all cores."""
    each = total / floor.threads
    nearest = min(floor.copies, key=lambda copy: abs(np.log(copy.bytes / each)))
    return nearest.gb_per_second * 1e9


def parity(opened: Opened, picture: np.ndarray, progress: Progress) -> Parity | None:
    """The gradient against the CPU provider's in fp32; None where it is that one itself.

    Raises LivedreamError where the reference cannot be opened.
    """
    engine = opened.engine
    if engine.provider.name == "cpu" and engine.graph.precision == "fp32":
        return None
    reference = HostEngine(_reference_graph(opened, progress), PROVIDERS["cpu"], engine.objective)
    image = CpuDevice().upload(picture)
    return compare_gradients(engine.probe(image), reference.gradient(image))


def _reference_graph(opened: Opened, progress: Progress) -> Graph:
    """The same network as a file in fp32 for the CPU; the same file where one was given."""
    network = opened.network
    if network.graph:
        return network.graph
    plain = replace(network, request=replace(network.request, precision="fp32"))
    return plain.graph_for(opened.engine.objective, PROVIDERS["cpu"], progress)


def compare_gradients(ours: np.ndarray, reference: np.ndarray) -> Parity:
    """Raises LivedreamError where one of them is not finite or nothing at all."""
    a, b = (np.asarray(each, np.float64).ravel() for each in (ours, reference))
    norms = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not np.isfinite(norms).all() or min(norms) == 0:
        raise LivedreamError(
            "A gradient is zero or not finite on this picture, so providers cannot be compared."
        )
    return Parity(
        cosine=round(cosine(a, b), 7),
        relative_l2=rounded(float(np.linalg.norm(a - b)) / norms[1]),
    )
