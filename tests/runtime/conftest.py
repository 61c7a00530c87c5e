from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livedream.runtime.gradient import process

from ..patience import PATIENCE, until
from ..shared import shared
from ..xserver import xserver
from .toy_graph import write_toy


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A toy's gradient takes a millisecond: held up for some seconds it would count as lost."""
    monkeypatch.setattr(process, "ANSWER", PATIENCE)


@pytest.fixture(params=["opencv", "compiled"])
def compiled(request) -> bool:
    """Whether pictures are worked on by what Numba compiles, or by OpenCV: a test of each."""
    if request.param == "compiled":
        pytest.importorskip("numba", reason="nothing compiles for the processor")
    return request.param == "compiled"


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Callable[..., Path]:
    """exported(layers, precision, form): EfficientNet-Lite0 with random weights; layers is a name
    or several. Each is made once a run, and in this process: torch takes longer to import than to
    export."""

    @functools.cache
    def export(layers: str | tuple[str, ...], precision: str = "fp32", form: str = "cpu") -> Path:
        for name in ("torch", "onnx", "onnxruntime"):
            pytest.importorskip(name, reason="no graph can be exported")
        named = (layers,) if isinstance(layers, str) else layers
        with shared(tmp_path_factory, f"{'-'.join(named)}-{precision}-{form}.onnx") as path:
            if not path.exists():
                from livedream.export.graph import export_graph

                export_graph(
                    "efficientnet_lite0", named, path, weights="random", precision=precision,
                    form=form,
                )  # fmt: skip
        return path

    return export


@pytest.fixture
def display():
    """The name of an X server of the test's own, without a window manager."""
    needed = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if needed:
        pytest.skip(f"not installed: {', '.join(needed)}")
    with xserver() as name:
        yield name


PROGRAM = [sys.executable, "-m", "livedream.runtime"]
STARTED = "recipe live"


class Show(subprocess.Popen[str]):
    """`recording`: what it records into."""

    recording: Path

    @property
    def records(self) -> bool:
        """Whether its first picture came: until then there is no file, of whatever name."""
        return bool(list(self.recording.parent.glob(f"*{self.recording.stem}*")))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Show]]:
    """Begins a show of the demo scene, or of another source, on the toy graph, in `tmp_path`, that
    records."""
    graph = write_toy(tmp_path / "toy.onnx")
    running: list[Show] = []

    def begin(*more: str, source: str = "demo", record: str = "take.mp4", **how: object) -> Show:
        command = [
            *PROGRAM, "--source", source, "--headless", "--graph", str(graph), "--provider", "cpu",
            "--octaves", "1", "--size", "64x48", "--record", record, "--stats", "stats.json",
            *more,
        ]  # fmt: skip
        options = {"stderr": subprocess.PIPE, "text": True, **how}
        environment = {**os.environ, "LIVEDREAM_CACHE": str(tmp_path / "cache")}
        child = Show(command, cwd=tmp_path, env=environment, **options)
        child.recording = tmp_path / record
        running.append(child)
        return child

    yield begin
    for child in running:
        child.kill()
        child.wait()


def plays(child: Show, seconds: float = 0.2) -> None:
    """Waits until it shows its first picture, and lets some more pass."""
    assert child.stderr is not None
    for line in child.stderr:
        if STARTED in line:
            until(lambda: child.records or child.poll() is not None)
            time.sleep(seconds)
            return
    raise AssertionError("the show did not start")
