"""With Numba, without it, and with one that does not work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAYS = """
from livedream.runtime.safety.processors import compiles, processor
print(compiles(), compiles(), type(processor()).__name__)
"""


def said(folder: Path, program: str = SAYS) -> tuple[list[str], str]:
    """What a program that finds its modules in `folder` first says, and tells."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "LIVEDREAM_CACHE": str(folder / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split(), done.stderr


def test_where_numba_works_it_compiles_and_says_nothing(tmp_path):
    pytest.importorskip("numba", reason="nothing compiles for the processor")
    assert said(tmp_path) == (["True", "True", "CompiledProcessor"], "")


def test_where_numba_does_not_fit_that_is_told_once_and_opencv_does_it(tmp_path):
    (tmp_path / "numba.py").write_text('raise ImportError("Numba needs another NumPy.")')
    words, told = said(tmp_path)
    assert words == ["False", "False", "Processor"]
    assert told.splitlines() == [
        "Numba does not work here (Numba needs another NumPy); pictures are made by OpenCV alone."
    ]


def test_without_numba_nothing_is_said(tmp_path):
    hidden = f"""
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "numba" else find(name, *more)
{SAYS}"""
    assert said(tmp_path, hidden) == (["False", "False", "Processor"], "")
