"""Option names are those of the libraries, where they are installed; what the values say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import onnxruntime as ort
import pytest

from livedream.runtime.cuda import session_options as options
from livedream.runtime.cuda.ladder import RTX_PACKAGE
from livedream.runtime.cuda.session_options import RTX, provider_options
from livedream.runtime.gradient.providers import PROVIDERS

CAPI = Path(ort.__file__).parent / "capi"
NVIDIAS = ("cuda", "tensorrt", RTX.name)
PROVIDER = {**PROVIDERS, RTX.name: RTX}


def table(name: str, **more) -> dict[str, str]:
    found = provider_options(PROVIDER[name], 140_000_000_000_000, Path("/engines"), **more)
    assert found[0][0] == PROVIDER[name].ep
    return dict(found[0][1])


@pytest.mark.parametrize("name", NVIDIAS)
def test_values_are_text_and_say_which_card_and_stream(name):
    values = table(name, card=1, graphs=True)
    assert all(isinstance(value, str) for value in values.values())
    assert values["device_id"] == "1"
    assert values["user_compute_stream"] == "140000000000000"


@pytest.mark.parametrize("name", ["cuda", "tensorrt"])
def test_names_are_in_the_installed_provider(name):
    library = CAPI / f"libonnxruntime_providers_{name}.so"
    if not library.exists():
        pytest.skip(f"this onnxruntime was built without {name}")
    binary = library.read_bytes()
    assert not [key for key in table(name) if key.encode() not in binary]


def test_names_are_in_the_installed_plugin():
    spec = importlib.util.find_spec(RTX_PACKAGE)
    if spec is None or spec.origin is None:
        pytest.skip(f"{RTX_PACKAGE} is not installed")
    libraries = Path(spec.origin).parent.rglob("libonnxruntime_providers_nv_tensorrt_rtx.so*")
    binary = b"".join(path.read_bytes() for path in libraries)
    assert not [key for key in table(RTX.name) if key.encode() not in binary]
    assert options.GRAPH[RTX.ep][-1].encode() in binary


def test_the_installed_onnxruntime_has_what_we_call():
    for name in ("register_execution_provider_library", "get_ep_devices", "preload_dlls"):
        assert callable(getattr(ort, name)), name
    assert callable(ort.SessionOptions().add_provider_for_devices)
    assert callable(ort.RunOptions().add_run_config_entry)
    assert all(hasattr(device, "ep_name") for device in ort.get_ep_devices())
    for name in ("bind_input", "bind_output"):
        assert callable(getattr(ort.IOBinding, name))
    (binary,) = CAPI.glob("onnxruntime_pybind11_state*.so")
    text = binary.read_bytes()
    for key in (options.ASYNCHRONOUS[0], "gpu_graph_id", options.NO_CPU_FALLBACK[0]):
        assert key.encode() in text


def test_only_those_that_can_be_told_not_to_record_graphs():
    assert table("cuda", graphs=True)["enable_cuda_graph"] == "1"
    assert table(RTX.name, graphs=True)["enable_cuda_graph"] == "1"
    assert table("tensorrt", graphs=True)["trt_cuda_graph_enable"] == "0"
    assert table("cuda")["enable_cuda_graph"] == "0"


def test_cudnn_is_asked_and_times_nothing():
    """Also where CUDA computes what TensorRT leaves. onnxruntime's own choice is to time all."""
    for name in ("cuda", "tensorrt"):
        _, values = provider_options(PROVIDER[name], 1, Path())[-1]
        assert values["cudnn_conv_algo_search"] == "HEURISTIC"


def test_timings_are_for_every_engine():
    values = table("tensorrt", timings=Path("/timings"))
    assert values["trt_timing_cache_path"] == str(Path("/timings"))
    assert values["trt_engine_cache_path"] == str(Path("/engines"))


def test_precision_comes_from_the_graph():
    assert not [key for key in table("tensorrt") if "fp16" in key or "bf16" in key]


def test_the_processor_has_none():
    assert provider_options(PROVIDERS["cpu"], 1, Path()) == [("CPUExecutionProvider", {})]
