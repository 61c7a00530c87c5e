"""What the doctor says of packages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livedream.runtime.cli import packages
from livedream.runtime.cli.surroundings import graphics
from livedream.runtime.cuda.machine import MISSING, OK, WRONG, Gpu
from livedream.runtime.sinks.formats import FORMS

NEW = Gpu("580.95.05", (13, 0), ("NVIDIA RTX 4090",))

EVERYTHING = {"onnxruntime-gpu": "1.31.1", "tensorrt-cu13": "10.16.1.11", "cuda-core": "1.2"}

CARDS = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


def there(name):
    return True


def works(provider):
    return None


def test_one_onnxruntime_and_only_one():
    assert packages.runtime_package({}).essential
    assert packages.onnxruntime({}, None)[0].state == MISSING
    assert packages.runtime_package({"onnxruntime": "1.32.0"}).state == OK
    both = packages.runtime_package({"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.31.1"})
    assert both.state == WRONG
    assert "uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu==1.31.1" in (
        both.advice
    )


def test_what_a_card_should_run_is_tried():
    """What is installed may be right and still not start."""
    asked = []

    def trial(provider):
        asked.append(provider.name)
        return "It needs libcublasLt.so.13." if provider.name == "cuda" else None

    found = packages.providers(CARDS, EVERYTHING, NEW, 13, there, trial)
    assert [(f.subject, f.state) for f in found] == [("CUDA", WRONG), ("TensorRT", OK), ("CPU", OK)]
    assert found[0].fact == "It needs libcublasLt.so.13."
    assert "livedream[gpu]" in found[0].advice
    assert asked == ["cuda", "tensorrt"]


def test_without_a_card_nothing_is_tried():
    def trial(provider):
        raise AssertionError(provider)

    for gpu in (None, Gpu("580.95.05", (13, 0), ())):
        found = packages.providers(CARDS, EVERYTHING, gpu, 13, there, trial)
        assert [f.state for f in found] == [MISSING, MISSING, OK]
        assert graphics(gpu).state == MISSING


def test_a_gpu_that_this_onnxruntime_cannot_use_is_pointed_out():
    installed = {"onnxruntime": "1.32"}
    found = packages.providers(["CPUExecutionProvider"], installed, NEW, None, there, works)
    assert [(f.state, f.subject) for f in found] == [(MISSING, "CUDA"), (OK, "CPU")]
    assert "livedream[gpu]" in found[0].advice
    assert len(packages.providers(["CPUExecutionProvider"], {}, None, None, there, works)) == 1


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("  GUI:                           QT5\n    QT: YES", "QT5"),
        ("\n  GUI:                           NONE\n", ""),
        ("  GUI: \n    GTK+:   NO", ""),
        ("nothing of the kind", ""),
    ],
)
def test_window_system(text, window):
    assert packages.window_system(text) == window


def test_two_opencvs_clobber_each_other():
    finding = packages.opencv({"opencv-python": "5.0", "opencv-python-headless": "5.0"})
    assert finding.state == WRONG
    assert finding.advice.endswith("pip install opencv-python==5.0")


def test_numba_is_missing_works_or_says_why_not(monkeypatch):
    assert packages.numba({}).state == MISSING
    monkeypatch.setattr(packages, "trouble", lambda: None)
    assert packages.numba({"numba": "0.68"}).state == OK
    monkeypatch.setattr(packages, "trouble", lambda: "it needs another NumPy")
    finding = packages.numba({"numba": "0.68"})
    assert finding.state == WRONG
    assert "it needs another NumPy" in finding.fact


def test_an_encoder_that_is_lacking_is_named(monkeypatch):
    assert packages.pyav().state == OK
    monkeypatch.setitem(FORMS, ".mkv", replace(FORMS[".mkv"], audio="libmissing"))
    finding = packages.pyav()
    assert finding.state == MISSING
    assert "without libmissing" in finding.fact
