"""What this machine could do at best: its matrix-product rate and copy bandwidth, measured, against
the operations and bytes counted in a graph.

`python -m livedream.runtime.bench.floor` measures in a process of its own and prints JSON: the
threads of the matrix library would otherwise spin beside what is measured next.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError, reason

MATRIX = 512
"""Side of the matrices: bound by arithmetic, and a product takes a few milliseconds at most."""

COPIES = (1 << 19, 4 << 20, 64 << 20)
"""Bytes copied by a thread: as a rule within its own cache, in the shared one, in memory."""


ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
"""What keeps NumPy's matrix library to the thread that calls it."""


@dataclass(frozen=True)
class Work:
    """Counted in a graph at one size: floating-point operations (a multiply-add is two) of its
    convolutions and matrix products, and bytes those and its pools read and write.
    """

    operations: int
    bytes: int

    def __add__(self, other: Work) -> Work:
        return Work(self.operations + other.operations, self.bytes + other.bytes)

    def __mul__(self, times: int) -> Work:
        return Work(self.operations * times, self.bytes * times)


def floor_seconds(work: Work, operations_per_second: float, bytes_per_second: float) -> float:
    """The time that `work` takes at least (roofline): all of its operations at the full rate, or
    all of its bytes, whichever is longer."""
    return max(work.operations / operations_per_second, work.bytes / bytes_per_second)


def node_work(
    operator: str, inputs: list[list[int]], output: list[int], element: int
) -> Work | None:
    """The work of one node of a graph; None for an operator that could be fused into another.

    inputs, output: shapes; element: bytes of one number. A convolution of weights
    [O, I / groups, h, w] needs 2 I / groups h w operations per output; a transposed one,
    [I, O / groups, h, w], 2 O / groups h w per input; a product [.., n, k] x [k, m], 2 k per
    output.
    """
    if operator in ("MaxPool", "AveragePool", "GlobalAveragePool"):
        operations = 0
    elif operator in ("Conv", "FusedConv"):
        operations = 2 * math.prod(output) * math.prod(inputs[1][1:])
    elif operator == "ConvTranspose":
        operations = 2 * math.prod(inputs[0]) * math.prod(inputs[1][1:])
    elif operator in ("MatMul", "Gemm", "FusedMatMul", "FusedGemm"):
        operations = 2 * math.prod(output) * inputs[0][-1]
    else:
        return None
    touched = sum(math.prod(shape) for shape in (*inputs, output))
    return Work(operations, touched * element)


def count_profile(events: Iterable[dict[str, Any]], element: int) -> Work:
    """The work of a graph in the events of one profiled, unoptimised run of onnxruntime."""
    total = Work(0, 0)
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith("_kernel_time"):
            continue
        facts = event["args"]
        inputs, outputs = (_shapes(facts[f"{side}_type_shape"]) for side in ("input", "output"))
        work = node_work(facts["op_name"], inputs, outputs[0] if outputs else [], element)
        total += work or Work(0, 0)
    return total


def _shapes(listed: list[dict[str, list[int]]]) -> list[list[int]]:
    """[{"float": [1, 3, 8, 8]}, ..] -> [[1, 3, 8, 8], ..]"""
    return [shape for entry in listed for shape in entry.values()]


def count_work(
    path: Path,
    size: tuple[int, int],
    feeds: dict[str, Any],
    element: int,
    cut: Mapping[str, str] | None = None,
) -> Work:
    """The work of the gradient in the graph file `path`, for images of `size`, (height, width).

    feeds: its inputs but the image. element: bytes of a number inside it, 4 or 2. cut: one of
    `Graph.cuts`. Runs it once on the CPU, unoptimised, so that every node shows its shapes. Raises
    LivedreamError where onnxruntime cannot.
    """
    from ..gradient.cutting import part
    from ..gradient.ort import ort

    height, width = size
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = os.path.join(folder, "profile")
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        options.add_free_dimension_override_by_name("height", height)
        options.add_free_dimension_override_by_name("width", width)
        try:
            model = part(path.read_bytes(), ["gradient"], cut or {})
            session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            session.run(["gradient"], {"image": np.full((1, 3, *size), 0.5, np.float32), **feeds})
            profile = Path(session.end_profiling())
        except Exception as error:
            said = f"The work in {path.name} cannot be counted: {reason(error)}."
            raise LivedreamError(said) from error
        return count_profile(json.loads(profile.read_text()), element)


def measured_floor(threads: int | None = None) -> dict[str, Any]:
    """Measure in another process; about two seconds. See `measure`.

    Raises LivedreamError where that process fails.
    """
    command = [sys.executable, "-m", __name__, str(threads or usable_cores())]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **{name: "1" for name in ONE_THREAD}},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise LivedreamError(f"The floor of this machine could not be measured: {last}")
    return json.loads(done.stdout)


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def measure(threads: int) -> dict[str, Any]:
    """The best rates seen with `threads` threads at work: GFLOP/s of float32 matrix products, and
    GB/s (read plus written) of copies at several sizes.

    Every thread works for itself in short pieces, and the sum of the threads' best pieces counts:
    so a machine that is busy with something else for a while still shows what it can do.
    """
    operations = 2 * MATRIX**3
    return {
        "threads": threads,
        "matrix": MATRIX,
        "gflops": best_rate(product, operations, threads) / 1e9,
        "copies": [
            {
                "bytes": size,
                "gb_per_second": best_rate(partial(copy, size), 2 * size, threads) / 1e9,
            }
            for size in COPIES
        ],
    }


def product() -> Callable[[], object]:
    """A piece of work: one matrix product, `2 MATRIX^3` operations."""
    rng = np.random.default_rng(0)
    a, b = (rng.random((MATRIX, MATRIX), np.float32) for _ in range(2))
    return partial(np.matmul, a, b, out=np.empty_like(a))


def copy(size: int) -> Callable[[], object]:
    """A piece of work: copying `size` bytes."""
    source = np.ones(size // 4, np.float32)
    return partial(np.copyto, np.zeros_like(source), source)


def best_rate(
    piece: Callable[[], Callable[[], object]],
    amount: int,
    threads: int,
    seconds: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Sum over `threads` threads of the most of `amount` a second that each did in one piece."""
    best = [math.inf] * threads
    barrier = threading.Barrier(threads)

    def work(place: int) -> None:
        run = piece()
        barrier.wait()
        end = clock() + seconds
        now = 0.0
        while now < end:
            start = clock()
            run()
            now = clock()
            best[place] = min(best[place], now - start)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(amount / shortest for shortest in best)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
