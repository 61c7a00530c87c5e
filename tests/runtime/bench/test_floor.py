"""Operations and bytes counted in a graph, against shapes worked out by hand."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from livedream.runtime.bench.computer import Others, busy_seconds
from livedream.runtime.bench.floor import (
    Work,
    best_rate,
    count_profile,
    count_work,
    floor_seconds,
    node_work,
)  # fmt: skip
from livedream.runtime.bench.schema import CopyRate, Floor
from livedream.runtime.bench.step import compare_gradients, copy_bandwidth
from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient.graph import read_graph


@pytest.mark.parametrize(
    ("operator", "inputs", "output", "operations"),
    [
        ("Conv", [[1, 3, 8, 8], [16, 3, 3, 3], [16]], [1, 16, 8, 8], 2 * 16 * 64 * 27),
        ("Conv", [[1, 16, 8, 8], [16, 1, 3, 3]], [1, 16, 4, 4], 2 * 16 * 16 * 9),  # depthwise
        ("ConvTranspose", [[1, 16, 4, 4], [16, 3, 2, 2]], [1, 3, 8, 8], 2 * 16 * 16 * 12),
        ("MatMul", [[1, 5, 7], [7, 9]], [1, 5, 9], 2 * 45 * 7),
        ("MaxPool", [[1, 4, 8, 8]], [1, 4, 4, 4], 0),
    ],
)
def test_operations_of_a_node(operator, inputs, output, operations):
    work = node_work(operator, inputs, output, 4)
    assert work is not None
    assert work.operations == operations
    assert work.bytes == 4 * sum(int(np.prod(shape)) for shape in (*inputs, output))


def test_what_can_be_fused_counts_nothing():
    assert node_work("Relu", [[1, 4, 8, 8]], [1, 4, 8, 8], 4) is None


def test_a_profile_is_summed_over_its_kernels():
    def event(name: str, operator: str) -> dict:
        return {
            "cat": "Node",
            "name": name,
            "args": {
                "op_name": operator,
                "input_type_shape": [{"float": [1, 1, 4, 4]}, {"float": [1, 1, 3, 3]}],
                "output_type_shape": [{"float": [1, 1, 4, 4]}],
            },
        }

    events = [
        {"cat": "Session", "name": "model_run"},
        event("a_kernel_time", "Conv"),
        event("a_fence_before", "Conv"),
        event("b_kernel_time", "Add"),
        event("c_kernel_time", "Conv"),
    ]
    assert count_profile(events, 2) == Work(2 * 2 * 16 * 9, 2 * 2 * (16 + 9 + 16))


def test_the_floor_is_the_longer_of_arithmetic_and_memory():
    assert floor_seconds(Work(100, 10), 10, 10) == 10
    assert floor_seconds(Work(100, 1000), 10, 10) == 100
    assert Work(1, 2) * 3 + Work(1, 1) == Work(4, 7)


def test_copies_of_the_right_size_tell_the_bandwidth():
    rates = [CopyRate(bytes=size, gb_per_second=gb) for size, gb in ((1 << 20, 90), (64 << 20, 9))]
    floor = Floor(threads=2, matrix=512, gflops=1, copies=rates)
    assert copy_bandwidth(floor, 2 << 20) == 90e9
    assert copy_bandwidth(floor, 100 << 20) == 9e9


def test_rates_add_up_over_threads():
    """Pieces of a known length, on a clock that every thread has for itself."""
    time = threading.local()

    def clock() -> float:
        return getattr(time, "now", 0.0)

    def piece():
        lengths = itertools.chain([0.3, 0.1], itertools.repeat(0.2))

        def run() -> None:
            time.now = clock() + next(lengths)

        return run

    assert best_rate(piece, 5, 1, 1.0, clock) == pytest.approx(5 / 0.1)
    assert best_rate(piece, 5, 3, 1.0, clock) == pytest.approx(3 * 5 / 0.1)


def test_a_real_graph_s_work_grows_with_its_pixels(graph_file):
    feeds = {f"block2.{kind}": np.ones(24, np.float32) for kind in ("square", "linear")}
    small = count_work(graph_file, (64, 64), feeds, 4)
    large = count_work(graph_file, (128, 128), feeds, 4)
    # Forward and backward of the stem alone: 32 filters of 3x3x3 at half the side, twice.
    assert small.operations > 2 * 2 * 32 * 32 * 32 * 27
    assert 3.5 < large.operations / small.operations < 4.5
    graph_file.with_suffix(".txt").write_text("not a graph")
    with pytest.raises(LivedreamError, match="cannot be counted"):
        count_work(graph_file.with_suffix(".txt"), (64, 64), feeds, 4)


def test_what_is_not_climbed_is_not_counted(exported):
    layers = ("block2", "block9")
    graph = read_graph(exported(layers))
    feeds = {
        f"{layer}.{kind}": np.ones(count, np.float32)
        for layer, count in graph.layers.items()
        for kind in ("square", "linear")
    }
    whole = count_work(graph.path, (64, 64), feeds, 4)
    cut = count_work(graph.path, (64, 64), feeds, 4, graph.cuts["block2"])
    assert 0.1 * whole.operations < cut.operations < 0.7 * whole.operations


def test_parity_of_gradients():
    a = np.array([3.0, 4.0], np.float32)
    same = compare_gradients(a, a)
    assert (same.cosine, same.relative_l2) == (1.0, 0.0)
    half = compare_gradients(a / 2, a)
    assert (half.cosine, half.relative_l2) == (1.0, 0.5)
    assert compare_gradients(np.array([4.0, -3.0]), a).cosine == 0
    with pytest.raises(LivedreamError, match="not finite"):
        compare_gradients(a * np.nan, a)
    with pytest.raises(LivedreamError, match="zero"):
        compare_gradients(a * 0, a)


def test_what_others_compute(monkeypatch):
    times = {"user": 100, "nice": 5, "system": 50, "idle": 1000, "iowait": 20, "steal": 3}
    assert busy_seconds({**times, "irq": 1, "softirq": 2, "guest": 7}) == 100 + 5 + 50 + 3 + 1 + 2
    # (wall, all cores at work, of them this program), in seconds.
    times = [(100.0, 70.0, 5.0), (110.0, 82.0, 14.0), (120.0, 80.0, 16.0)]
    monkeypatch.setattr(Others, "_now", staticmethod(lambda: times.pop(0)))
    others = Others()
    assert others.cores() == 0.3
    # What it did itself is not what others did, however coarse the system counts.
    assert others.cores() == 0.0
