"""Options of the providers for NVIDIA cards, as tables of strings.

Names and values are from the documentation of onnxruntime's CUDA and TensorRT providers and of the
TensorRT-RTX plugin; the tests compare the names with the provider libraries where those are
installed. Of them CUDA's have run on a card (docs/card.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..gradient.providers import PROVIDERS, Provider

RTX = PROVIDERS["tensorrt-rtx"]
"""The plugin, which lives in a package of its own and works with the plain onnxruntime."""

CUDA = PROVIDERS["cuda"]

ASYNCHRONOUS = ("disable_synchronize_execution_providers", "1")
"""Run option: return when the work is queued. Replays of a CUDA graph heed it in onnxruntimes
made after May 2026 (its pull request 28686); in older ones each replay waits."""

GRAPH = {
    CUDA.ep: ("gpu_graph_id",),
    RTX.ep: ("gpu_graph_id", "cuda_graph_annotation_id"),
}
"""Run options that say by number which CUDA graph to record or to replay, -1 for none, of the
providers that can be told so run by run. TensorRT's cannot: it would record its first run,
whichever that is. The plugin has a name of its own for onnxruntime's."""

NO_CPU_FALLBACK = ("session.disable_cpu_ep_fallback", "1")
"""Session option: an error where a node would run on the processor."""

_WORKSPACE = 1 << 30


def cuda_options(
    stream: int, card: int = 0, *, graphs: bool = False, tf32: bool = False
) -> dict[str, str]:
    """stream: handle of the CUDA stream of the session. graphs: record the launches and replay
    them; every node must run on the card then. tf32: multiply float32 numbers by their first ten
    binary digits, on tensor cores, as torch's convolutions do by default."""
    return {
        "device_id": str(card),
        "user_compute_stream": str(stream),
        "do_copy_in_default_stream": "1",
        "enable_cuda_graph": _flag(graphs),
        # To time every way to compute each convolution costs seconds and gained nothing.
        "cudnn_conv_algo_search": "HEURISTIC",
        "cudnn_conv_use_max_workspace": "1",
        "arena_extend_strategy": "kSameAsRequested",
        "use_tf32": _flag(tf32),
    }


def tensorrt_options(stream: int, folder: Path, timings: Path, card: int = 0) -> dict[str, str]:
    """folder: for the engine. timings: for what was timed, which other sizes and layers use too.
    The graph's own number format decides the engine's; TensorRT's switches for that are left alone,
    and its float32 is TF32 by default."""
    return {
        "device_id": str(card),
        "user_compute_stream": str(stream),
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(timings),
        "trt_max_workspace_size": str(_WORKSPACE),
        # Stray nodes stay on the CUDA provider.
        "trt_min_subgraph_size": "5",
        "trt_builder_optimization_level": "3",
        "trt_auxiliary_streams": "0",
        "trt_cuda_graph_enable": "0",
    }


def rtx_options(
    stream: int, folder: Path, card: int = 0, *, graphs: bool = False
) -> dict[str, str]:
    """folder: for the compiled kernels, which the plugin writes when the session ends."""
    return {
        "device_id": str(card),
        "has_user_compute_stream": "1",
        "user_compute_stream": str(stream),
        "nv_runtime_cache_path": str(folder),
        "enable_cuda_graph": _flag(graphs),
    }


def provider_options(
    provider: Provider,
    stream: int,
    folder: Path,
    card: int = 0,
    *,
    timings: Path | None = None,
    graphs: bool = False,
    tf32: bool = False,
) -> list[tuple[str, Mapping[str, str]]]:
    """(onnxruntime's name, options), the provider and the one behind it for nodes it leaves."""
    if provider.ep == CUDA.ep:
        return [(provider.ep, cuda_options(stream, card, graphs=graphs, tf32=tf32))]
    if provider.name == "tensorrt":
        options = tensorrt_options(stream, folder, timings or folder, card)
        return [(provider.ep, options), (CUDA.ep, cuda_options(stream, card, tf32=tf32))]
    if provider.name == RTX.name:
        return [(provider.ep, rtx_options(stream, folder, card, graphs=graphs))]
    return [(provider.ep, {})]


def _flag(value: bool) -> str:
    return "1" if value else "0"
