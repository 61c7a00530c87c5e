"""The shim shows the faults that it is there to show."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import pytest

from livedream.kernels.compile import read_source

from .host import HostBackend

REVERSE = """
extern "C" __global__ void reverse(float* out, const float* values) {{
    __shared__ float kept[64];
    kept[threadIdx.x] = values[threadIdx.x];
    {barrier}
    out[threadIdx.x] = kept[63 - threadIdx.x];
}}
"""
SHIFT = """
extern "C" __global__ void rotate(float* out, const float* values) {{
    __shared__ float kept[64];
    kept[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    const float next = kept[(threadIdx.x + 1) % 64];
    {barrier}
    kept[threadIdx.x] = next;
    __syncthreads();
    out[threadIdx.x] = kept[threadIdx.x];
}}
"""
BARRIER = "__syncthreads();"


@pytest.fixture
def compiled(host_compiler):
    def compiled(source: str, name: str, entry: str) -> Callable[[int], np.ndarray]:
        backend = HostBackend(host_compiler)
        function = backend.function(
            backend.module(host_compiler.compile(source, name, "host")), entry
        )
        values = np.arange(64, dtype=np.float32)

        def run(seed: int) -> np.ndarray:
            out = np.full(64, -1, np.float32)
            pointers = [np.uint64(out.ctypes.data), np.uint64(values.ctypes.data)]
            backend.seed = seed
            backend.launch(
                function, (1, 1, 1), (64, 1, 1), pointers, 0, backend.stream(urgent=True)
            )
            return out

        return run

    return compiled


@pytest.mark.parametrize(
    ("source", "entry", "expected"),
    [
        (REVERSE, "reverse", np.arange(64)[::-1]),
        (SHIFT, "rotate", (np.arange(64) + 1) % 64),
    ],
    ids=["read before written", "written before read"],
)
def test_a_missing_barrier_shows(compiled, source, entry, expected):
    right = compiled(source.format(barrier=BARRIER), f"{entry}_right", entry)
    wrong = compiled(source.format(barrier=""), f"{entry}_wrong", entry)
    for seed in range(5):
        assert np.array_equal(right(seed), expected)
        assert not np.array_equal(wrong(seed), expected)


def test_a_barrier_that_only_some_reach_is_refused(compiled):
    source = REVERSE.format(barrier="if (threadIdx.x < 32) __syncthreads();")
    with pytest.raises(AssertionError, match="same barrier"):
        compiled(source, "reverse_partly", "reverse")(0)


def test_every_barrier_of_our_kernels_is_needed(host, random):
    """Each one, left out alone, changes a result: the other tests would notice."""
    bench, _ = host
    values = random.standard_normal((3, 70, 45), np.float32)

    def blurred() -> bytes:
        bench.operations.blur(out, there, (70, 45), 1.3, measure=True)
        bench.operations.finish((70, 45))
        return bench.get(out, values.shape).tobytes() + np.float32(bench.mean()).tobytes()

    def measured() -> bytes:
        bench.operations.measure(there, (70, 45))
        return np.float32(bench.mean()).tobytes()

    with bench:
        out, there = bench.room(values.shape), bench.put(values)
        for name, entry, call in (
            ("blur", "blur", blurred),
            ("magnitude", "magnitude", measured),
        ):
            library = bench.launcher.function(name, entry)[0]
            left_out = ctypes.c_int.in_dll(library, "shim_left_out")
            right = call()
            lines = read_source(name).splitlines()
            barriers = [number for number, line in enumerate(lines, 1) if BARRIER in line]
            assert len(barriers) == (4 if name == "blur" else 1)
            for line in barriers:
                left_out.value = line
                try:
                    assert call() != right, lines[line - 1]
                finally:
                    left_out.value = 0
            assert call() == right


def test_undefined_behaviour_and_stray_writes_show(host_compiler, capfd):
    source = """
extern "C" __global__ void stray(int* out, int at) {
    out[at] = at + 2147483647;
}
"""
    backend = HostBackend(host_compiler)
    library = backend.module(host_compiler.compile(source, "stray", "host"))
    function = backend.function(library, "stray")
    memory = backend.allocate(16)

    def run(*arguments: np.generic) -> None:
        backend.launch(function, (1, 1, 1), (1, 1, 1), arguments, 0, backend.stream(urgent=True))

    with pytest.raises(AssertionError):
        run(np.uint64(memory.pointer), np.float32(1))  # of another type than the kernel's
    run(np.uint64(memory.pointer), np.int32(0))
    backend.check()
    assert "runtime error" not in capfd.readouterr().err
    run(np.uint64(memory.pointer), np.int32(4))
    with pytest.raises(AssertionError, match="outside an allocation"):
        backend.check()
    if host_compiler.checks_behaviour:
        assert "runtime error: signed integer overflow" in capfd.readouterr().err


def test_addresses_pass_32_bits_and_positions_do_not_overflow(host_compiler, capfd):
    source = (
        read_source("resample")
        + """
extern "C" __global__ void places(long long* out, int side) {
    out[0] = static_cast<long long>(address(2, side - 1, side - 1, side, side));
    const Between last = between(side - 1, side, side, 0);
    const Between corner = between(side - 1, side, side, 1);
    out[1] = last.first;
    out[2] = corner.first;
}
"""
    )
    backend = HostBackend(host_compiler)
    library = backend.module(host_compiler.compile(source, "places", "host"))
    out = np.zeros(3, np.int64)
    arguments = [np.uint64(out.ctypes.data), np.int32(32767)]
    capfd.readouterr()
    function = backend.function(library, "places")
    backend.launch(function, (1, 1, 1), (1, 1, 1), arguments, 0, backend.stream(urgent=True))
    assert out.tolist() == [3 * 32767**2 - 1, 32766, 32766]
    assert "runtime error" not in capfd.readouterr().err
