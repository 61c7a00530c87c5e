"""Which provider is tried, and what is said of the others: made-up machines."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import onnxruntime as ort
import pytest

from livedream.runtime.cuda import ladder
from livedream.runtime.cuda.ladder import (
    Facts,
    explain,
    gather,
    preload,
    probe,
    problem,
    register_rtx,
    rtx_supports,
    rungs,
    versions,
)
from livedream.runtime.cuda.machine import Gpu
from livedream.runtime.cuda.session_options import RTX
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.providers import PROVIDERS

GPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
FULL = Facts(
    offered=GPU,
    installed={
        "onnxruntime-gpu": "1.31.1", "tensorrt-cu13": "10.16.1.11", "nvidia-cudnn-cu13": "9.28",
        "cuda-core": "1.2",
    },
    gpu=Gpu("580.95.05", (13, 0), ("RTX 4090",)),
    architecture=89,
    built=13,
    library=lambda name: True,
    plugin=True,
)  # fmt: skip
CUDA, TENSORRT = PROVIDERS["cuda"], PROVIDERS["tensorrt"]


def names(facts: Facts, name: str = "auto") -> tuple[list[str], list[str]]:
    said: list[str] = []
    return [provider.name for provider in rungs(name, facts, said.append)], said


def lacking(*libraries: str) -> Facts:
    return replace(FULL, library=lambda name: name not in libraries)


def test_a_machine_with_everything_tries_the_fastest_first():
    assert names(FULL) == (["tensorrt-rtx", "tensorrt", "cuda", "cpu"], [])


def test_a_plain_machine_plays_on_the_processor_and_hears_nothing():
    assert names(Facts(offered=("CPUExecutionProvider",))) == (["cpu"], [])
    assert names(replace(FULL, gpu=None, plugin=False)) == (["cpu"], [])


def test_what_is_not_installed_is_not_missed():
    plain = replace(FULL, plugin=False, installed={"onnxruntime-gpu": "1.31.1", "pycuda": "1"},
                    library=lambda name: "nvinfer" not in name)  # fmt: skip
    assert names(plain) == (["cuda", "cpu"], [])


@pytest.mark.parametrize(
    ("architecture", "supported"),
    [(75, False), (80, False), (86, True), (87, False), (89, True), (90, False), (100, False),
     (120, True), (121, True), (130, True)],
)  # fmt: skip
def test_cards_of_the_plugin(architecture, supported):
    assert rtx_supports(architecture) == supported
    found, said = names(replace(FULL, architecture=architecture))
    assert ("tensorrt-rtx" in found) == supported
    assert supported or "compute capability" in said[0]


@pytest.mark.parametrize(
    ("facts", "provider", "fact", "command"),
    [
        (replace(FULL, installed={"tensorrt": "11.4.0.106", "pycuda": "1"}), "tensorrt",
         "tensorrt 11.4.0.106.*TensorRT 10 only", r"tensorrt-cu13>=10\.14,<11"),
        (lacking("libnvinfer.so.10"), "tensorrt", "TensorRT 10 is not installed",
         r"tensorrt-cu13>=10\.14,<11"),
        (lacking("libcudnn.so.9"), "cuda", "cuDNN", r"onnxruntime-gpu\[cuda,cudnn\]"),
        (lacking("libcublas.so.13"), "cuda", "cuBLAS", "cuBLAS comes with cudnn"),
        (lacking("libcudnn.so.9"), "tensorrt", "cuDNN", r"onnxruntime-gpu\[cuda,cudnn\]"),
        (replace(lacking("libcublas.so.13"), installed={"nvidia-cublas-cu12": "12.9"}), "cuda",
         "CUDA 13.*for CUDA 12", "pip install"),
        (replace(FULL, gpu=Gpu("550.1", (12, 4), ("RTX",))), "cuda", "serves up to 12.4",
         "Update the NVIDIA driver to 580"),
        (replace(FULL, gpu=None), "cuda", "no NVIDIA driver answers", "install the card's driver"),
        (replace(FULL, offered=("CPUExecutionProvider",)), "cuda", "built without it",
         r"livedream\[gpu\]"),
        (replace(FULL, plugin=False), "tensorrt-rtx", "not installed",
         "pip uninstall -y onnxruntime-gpu .*&& pip install .*onnxruntime-ep-nv-tensorrt-rtx"),
        (replace(FULL, architecture=90), "tensorrt-rtx", "is 9.0", "--provider tensorrt or cuda"),
        (replace(FULL, installed={"onnxruntime-ep-nv-tensorrt-rtx-cu12": "0.5.0",
                                  "nvidia-cudnn-cu13": "9"}), "tensorrt-rtx",
         "CUDA 12, beside libraries for CUDA 13", "pip uninstall"),
        (replace(FULL, gpu=None), "tensorrt-rtx", "no NVIDIA driver", "install"),
    ],
)  # fmt: skip
def test_a_named_provider_that_cannot_start_is_told_why_and_how(facts, provider, fact, command):
    with pytest.raises(LivedreamError, match=f"{provider}.*{fact}.*{command}") as caught:
        names(facts, provider)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_auto_says_what_it_passes_over():
    found, said = names(replace(FULL, installed={"tensorrt": "11.4", "pycuda": "1"}, plugin=False))
    assert found == ["cuda", "cpu"]
    assert len(said) == 1
    assert "TensorRT 10 only" in said[0]


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UsageError, match=r"nearest: .*tensorrt"):
        names(FULL, "tensort")
    assert names(FULL, "cuda") == (["cuda"], [])


@pytest.mark.parametrize(
    ("loader", "said"),
    [
        ("libcublasLt.so.13: cannot open shared object file: No such file or directory",
         r"needs libcublasLt.so.13.*cuBLAS comes with cudnn"),
        ("libcudnn.so.9: cannot open shared object file", r"libcudnn.so.9.*\[cuda,cudnn\]"),
        ("libnvinfer.so.10: cannot open shared object file", r"libnvinfer.so.10.*<11"),
        ("libcuda.so.1: cannot open shared object file", "NVIDIA driver"),
        ("undefined symbol: foo", "did not start: undefined symbol: foo"),
    ],
)  # fmt: skip
def test_the_loaders_complaint_becomes_a_command(loader, said):
    with pytest.raises(LivedreamError, match=said):
        raise LivedreamError(explain(CUDA, loader))


def test_the_providers_library_is_tried():
    def refuse(path: str) -> None:
        raise OSError("libcudart.so.13: cannot open shared object file")

    said = probe(CUDA, refuse)
    assert said is not None
    assert "lib" in said
    assert probe(PROVIDERS["cpu"], refuse) is None


def test_preload_takes_tensorrts_libraries_from_their_package(tmp_path, monkeypatch, capsys):
    (tmp_path / "tensorrt_libs").mkdir()
    for name in ladder.TENSORRT_FILES[:2]:
        (tmp_path / "tensorrt_libs" / name).touch()
    monkeypatch.setattr(ladder.sys, "path", ["/nowhere", str(tmp_path)])
    loaded = []
    fake = SimpleNamespace(preload_dlls=lambda: print("Failed to load libcudart.so.13"))
    for name in ("cuda", "tensorrt-rtx"):  # Of no use there, and gigabytes.
        preload(fake, name, lambda path, mode: loaded.append(path))
    assert not loaded
    preload(fake, "tensorrt", lambda path, mode: loaded.append(path.rpartition("/")[2]))
    assert loaded == list(ladder.TENSORRT_FILES[:2])
    assert capsys.readouterr().out == ""

    def refuse(path, mode):
        raise OSError("too short")

    preload(fake, "auto", refuse)
    preload(ort)


def plugin(name: str = RTX.ep) -> SimpleNamespace:
    return SimpleNamespace(get_ep_name=lambda: name, get_library_path=lambda: "/x/plugin.so")


def test_the_plugin_is_registered_once():
    from .fake_ort import FakeOrt

    fake = FakeOrt()
    for _ in range(2):
        register_rtx(fake, lambda name: plugin())
    assert fake.counts["registered"] == 1

    def missing(name: str):
        raise ModuleNotFoundError(f"No module named '{name}'")

    with pytest.raises(LivedreamError, match=r"did not start: No module named.*pip install"):
        register_rtx(fake, missing)


def test_versions_are_those_of_what_builds():
    installed = {"onnxruntime-gpu": "1.31.1", "tensorrt-cu13": "10.16", "numpy": "2"}
    facts = replace(FULL, installed=installed)
    assert versions(TENSORRT, facts) == "onnxruntime-gpu 1.31.1 tensorrt-cu13 10.16"
    assert versions(CUDA, facts) == "onnxruntime-gpu 1.31.1"
    package = "onnxruntime-ep-nv-tensorrt-rtx-cu13"
    assert package in versions(RTX, replace(FULL, installed={package: "0.5.0"}))


def test_this_machine_can_be_looked_at():
    facts = gather(ort, None)
    assert "CPUExecutionProvider" in facts.offered
    assert facts.installed
    assert problem(PROVIDERS["cpu"], facts) is None
