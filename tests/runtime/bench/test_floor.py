"""Operations and bytes counted in a graph, against shapes worked out by hand."""

from __future__ import annotations

import itertools
import os
import threading

import numpy as np
import pytest

from livedream.runtime.bench.floor import (
    Work,
    best_rate,
    count_profile,
    count_work,
    floor_seconds,
    node_work,
)  # fmt: skip
from livedream.runtime.bench.machine import (
    Others,
    afterwards,
    busy_ticks,
    cpu_facts,
    gpus,
    machine,
    parse_gpus,
)
from livedream.runtime.bench.schema import CopyRate, Floor
from livedream.runtime.bench.step import compare_gradients, copy_bandwidth
from livedream.runtime.errors import LivedreamError


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


def test_nvidia_smi_s_answer():
    line = "NVIDIA H200, 580.1, 143771, 700.00, 1980, 345, 3201, 31, 76.4, 0x0000000000000001"
    (gpu,) = parse_gpus(line + "\n\nFailed to initialise\n")
    assert (gpu.name, gpu.driver, gpu.power_limit_watts) == ("NVIDIA H200", "580.1", 700)
    assert (gpu.before.sm_mhz, gpu.before.watts) == (345, 76.4)
    assert gpu.before.throttling == "0x0000000000000001"
    (other,) = parse_gpus(line.replace("700.00", "[N/A]").replace("0x0000000000000001", "[N/A]"))
    assert other.power_limit_watts is None
    assert other.before.throttling is None


@pytest.mark.skipif(os.name != "posix", reason="the tool is played by a shell script")
@pytest.mark.parametrize("known", ["clocks_event_reasons", "clocks_throttle_reasons", "nothing"])
def test_drivers_of_any_age_are_asked(tmp_path, monkeypatch, known):
    """A driver that does not know one of the fields answers none of them."""
    tool = tmp_path / "nvidia-smi"
    line = "H100, 580.1, 81559, 700.00, 1980, 1755, 2619, 41, 210.5, 0x0000000000000004"
    tool.write_text(
        f'#!/bin/sh\ncase "$1" in *{known}.active*) echo "{line}";; '
        '*) echo "Field is not a valid field to query."; exit 2;; esac\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = gpus()
    assert [gpu.name for gpu in found] == ([] if known == "nothing" else ["H100"])
    assert all(gpu.before.throttling == "0x0000000000000004" for gpu in found)
    assert [gpu.after for gpu in afterwards(machine()).gpus] == [gpu.before for gpu in found]


def test_what_others_compute(monkeypatch):
    stat = "cpu  100 5 50 1000 20 1 2 3 7 7\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
    assert busy_ticks(stat) == 100 + 5 + 50 + 1 + 2 + 3
    # (wall, all cores at work, of them this program), in seconds.
    times = [(100.0, 70.0, 5.0), (110.0, 82.0, 14.0), (120.0, 80.0, 16.0)]
    monkeypatch.setattr(Others, "_now", staticmethod(lambda: times.pop(0)))
    others = Others()
    assert others.cores() == 0.3
    # What it did itself is not what others did, however coarse the system counts.
    assert others.cores() == 0.0


def test_proc_cpuinfo():
    core = "model name\t: Fast CPU\ncpu MHz\t\t: {}\n\n"
    text = core.format("1000.0") + core.format("3000.0")
    assert cpu_facts(text) == {"model name": "Fast CPU", "cpu MHz": "1000.0", "mhz": "2000"}
    assert cpu_facts("") == {}
