"""The kernels compile without a warning for every card that is supported."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from livedream import kernels
from livedream.kernels.compile import OPTIONS, SOURCES, Nvcc, entries, read_source

ARCHITECTURES = (75, 86, 89, 90, 120)

pytestmark = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not installed")


def test_compiles_for_every_card_without_spills(tmp_path):
    """All sources in one go, which takes a quarter of the time of one after the other."""
    assert kernels.__file__
    folder = Path(kernels.__file__).parent
    lines = [f'#include "{folder / name}.cu"\n' for name in SOURCES]
    (tmp_path / "all.cu").write_text("".join(lines))
    targets = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in ARCHITECTURES]
    strict = ["-Werror", "all-warnings", "-Xptxas", "-Werror,-v", "--threads", "2"]
    command = ["nvcc", "-fatbin", *OPTIONS, *strict, *targets, "all.cu", "-o", "all"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr)
    names = [entry for name in SOURCES for entry in entries(read_source(name))]
    assert len(spills) == len(ARCHITECTURES) * len(names)
    assert set(spills) == {("0", "0")}


def test_our_way_to_nvcc():
    compiler = Nvcc()
    assert re.fullmatch(r"nvcc \d+[.\d]*", compiler.version)
    assert {75, 86} <= set(compiler.architectures())
    assert compiler.compile(read_source("add"), "add", "sm_86").startswith(b"\x7fELF")
    assert b".entry add" in compiler.compile(read_source("add"), "add", "compute_86")
