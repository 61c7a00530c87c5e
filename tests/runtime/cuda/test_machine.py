"""What the driver is asked, by NVIDIA's own binding over a driver of ours, and how it is judged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from livedream.runtime.cuda import machine
from livedream.runtime.cuda.machine import MISSING, OK, WRONG, Gpu
from livedream.runtime.cuda.nvml import CardFacts, visible
from livedream.runtime.cuda.trial import SUM, session_trouble
from livedream.runtime.gradient.providers import PROVIDERS

NEW = Gpu("580.95.05", (13, 0), ("NVIDIA RTX 4090",))
OLD = Gpu("550.54.14", (12, 4), ("NVIDIA RTX 4090",))
HIDDEN = Gpu("580.95.05", (13, 0), ())
EVERYTHING = {"onnxruntime-gpu": "1.31.1", "tensorrt-cu13": "10.16.1.11", "cuda-core": "1.2"}


def build_nvml(folder: Path) -> Path:
    """The folder of a driver with three cards, of which one is lost; for LD_LIBRARY_PATH."""
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed")
    source, library = Path(__file__).with_name("nvml.cpp"), folder / "libnvidia-ml.so.1"
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", str(library), str(source)], check=True)
    return folder


@pytest.fixture(scope="module")
def nvml(tmp_path_factory) -> Path:
    return build_nvml(tmp_path_factory.mktemp("nvml"))


def told(nvml: Path, code: str, **environment: str):
    """What `code` prints as JSON, in a program of its own that finds this driver."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(nvml), **environment},
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (None, ["NVIDIA H100", "NVIDIA T4"]),
        ("", []),
        ("-1", []),
        ("1", ["NVIDIA T4"]),
        ("GPU-bb", ["NVIDIA T4"]),
        ("0,1", ["NVIDIA H100", "NVIDIA T4"]),
        ("0,-1,1", ["NVIDIA H100"]),
    ],
)
def test_the_cards_that_programs_may_see(nvml, chosen, names):
    code = (
        "from livedream.runtime.cuda.machine import find_gpu\n"
        "gpu = find_gpu()\n"
        "print(json.dumps([gpu.driver, gpu.cuda, gpu.names]))"
    )
    hidden = {} if chosen is None else {"CUDA_VISIBLE_DEVICES": chosen}
    assert told(nvml, code, **hidden) == ["580.95.05", [13, 9], names]


def test_the_benchmark_hears_what_each_card_tells(nvml):
    code = (
        "from livedream.runtime.bench.computer import gpus\n"
        "print(json.dumps([gpu.model_dump() for gpu in gpus()]))"
    )
    first, second = told(nvml, code)
    assert first == {
        "name": "NVIDIA H100", "driver": "580.95.05", "memory_mib": 81559.0,
        "power_limit_watts": 700.0, "max_sm_mhz": 1980.0,
        "before": {"sm_mhz": 345.0, "memory_mhz": 2619.0, "celsius": 31.0, "watts": 76.4,
                   "throttling": "0x0000000000000004"},
        "after": None,
    }  # fmt: skip
    assert second["name"] == "NVIDIA T4"
    assert second["power_limit_watts"] is None


def test_no_driver_is_no_card(tmp_path):
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"not a library")
    code = (
        "from livedream.runtime.cuda.machine import find_gpu\nprint(json.dumps(find_gpu() is None))"
    )
    assert told(tmp_path, code) is True


def test_only_what_names_one_card_shows_it():
    cards = [CardFacts("A100", "GPU-aa"), CardFacts("T4", "GPU-bb")]
    assert visible(cards, "MIG-aa") == tuple(cards)
    assert visible(cards, "GPU-") == ()  # two that begin so
    assert visible(cards[:1], "") == ()


def there(name):
    return True


def nowhere(name):
    return False


@pytest.mark.parametrize(
    ("installed", "gpu", "library", "state", "word"),
    [
        (EVERYTHING, NEW, there, OK, "CUDA 13"),
        (EVERYTHING, None, there, MISSING, "driver"),
        (EVERYTHING, HIDDEN, there, MISSING, "no card is visible"),
        (EVERYTHING, OLD, there, WRONG, "up to 12.4"),
        (EVERYTHING, NEW, nowhere, WRONG, "cuBLAS, cuDNN"),
        (EVERYTHING, NEW, lambda name: "cudnn" not in name, WRONG, "not found: cuDNN 9;"),
        ({"nvidia-cudnn-cu12": "9"}, NEW, nowhere, WRONG, "are for CUDA 12 (nvidia-cudnn-cu12)"),
        ({"onnxruntime-gpu": "1"}, NEW, there, WRONG, "neither cuda-core nor pycuda"),
        ({"pycuda": "2025.1.2"}, NEW, there, OK, "CUDA 13"),
    ],
)
def test_cuda(installed, gpu, library, state, word):
    judgement = machine.cuda(installed, gpu, 13, library)
    assert judgement.state == state
    assert word in judgement.fact
    assert judgement.advice or state == OK


@pytest.mark.parametrize(
    ("installed", "library", "state", "word"),
    [
        (EVERYTHING, there, OK, "10.16"),
        ({"tensorrt": "11.4.0.106"}, there, WRONG, "TensorRT 10 only"),
        ({"tensorrt-cu12": "10.9", "tensorrt-cu13": "10.14"}, there, WRONG, "at once"),
        ({}, nowhere, MISSING, "not installed"),
        ({}, there, OK, "of the system"),
    ],
)
def test_tensorrt(installed, library, state, word):
    judgement = machine.tensorrt(installed, NEW, library)
    assert judgement.state == state
    assert word in judgement.fact
    assert state == OK or "<11" in judgement.advice


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_is_tried_with_a_sum():
    pytest.importorskip("onnx").checker.check_model(SUM, full_check=True)
    assert session_trouble(onnxruntime, PROVIDERS["cpu"]) is None
    said = session_trouble(onnxruntime, PROVIDERS["cuda"])
    if said is None:
        pytest.skip("it starts here")
    assert said.startswith("The provider 'cuda' did not start: ")


def test_this_machine_can_be_looked_at():
    assert "livedream" in machine.installed_packages()
    assert not machine.has_library("libnothing-of-the-kind.so.7")
