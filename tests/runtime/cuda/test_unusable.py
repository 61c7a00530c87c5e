"""A card that is there and cannot be used: the real CUDA libraries on a driver that refuses."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ...kernels.test_driver import build
from ..toy_graph import write_toy
from .test_machine import build_nvml


@pytest.fixture(params=["cuda.core", "pycuda"])
def machine(request, tmp_path) -> dict[str, str]:
    """The environment of one with a card that NVML tells of, and a driver that finds no device."""
    try:
        found = importlib.util.find_spec(request.param)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    build_nvml(tmp_path)
    return {
        **os.environ,
        "LD_LIBRARY_PATH": str(tmp_path),
        "LD_PRELOAD": str(build(tmp_path, request.param)),
        "LIVEDREAM_NO_DEVICE": "1",
        "LIVEDREAM_CACHE": str(tmp_path / "cache"),
    }


def show(machine: dict[str, str], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    graph = write_toy(folder / "toy.onnx")
    command = [sys.executable, "-m", "livedream.runtime", "run", "--graph", str(graph)]
    command += ["--source", "demo", "--size", "40x32", "--headless", "--frames", "3"]
    command += ["--stats", str(folder / "stats.json"), *more]
    return subprocess.run(command, capture_output=True, text=True, env=machine)


def test_auto_says_so_once_and_the_processor_plays(machine, tmp_path):
    done = show(machine, tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count("The graphics card is not used") == 1
    assert "no CUDA library can reach a card" in said
    stats = json.loads((tmp_path / "stats.json").read_text())
    assert stats["frames"] == 3
    assert stats["settings"]["provider"] in ("cpu", "openvino")


def test_a_hidden_card_is_not_missed(machine, tmp_path):
    done = show({**machine, "CUDA_VISIBLE_DEVICES": ""}, tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "card" not in said


def test_the_doctor_finds_out_that_the_kernels_cannot_run(machine):
    """Where everything is installed, only trying tells."""
    code = (
        "from livedream.runtime.cli import packages\n"
        "from livedream.runtime.gradient.providers import PROVIDERS\n"
        "print(packages.trial_on(None)(PROVIDERS['cuda']))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=machine, check=True)
    assert done.stdout.startswith("The kernels cannot run: no CUDA library can reach a card: ")
    assert done.stdout.count("\n") == 1


def test_a_named_provider_is_an_error_in_one_sentence(machine, tmp_path):
    done = show(machine, tmp_path, "--provider", "cuda")
    assert done.returncode == 1
    assert "The provider 'cuda' cannot start" in done.stderr
    assert "Traceback" not in done.stderr
