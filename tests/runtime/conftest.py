from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Callable[..., Path]:
    """exported(layer, precision, form): EfficientNet-Lite0 cut there, with random weights. Each is
    made once a session, and in this process: torch takes longer to import than to export."""

    @functools.cache
    def export(layer: str, precision: str = "fp32", form: str = "cpu") -> Path:
        for name in ("torch", "onnx", "onnxruntime"):
            pytest.importorskip(name, reason="no graph can be exported")
        from livedream.export.graph import export_graph

        path = tmp_path_factory.mktemp("exported") / f"{layer}-{precision}-{form}.onnx"
        export_graph(
            "efficientnet_lite0", [layer], path, weights="random", precision=precision, form=form
        )
        return path

    return export


@pytest.fixture
def display():
    """The name of an X server of the test's own, without a window manager."""
    needed = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if needed:
        pytest.skip(f"not installed: {', '.join(needed)}")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as numbers:
        number = numbers.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)
