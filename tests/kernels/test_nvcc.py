"""The kernels compile without a warning for every card that is supported."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from livedream.kernels.compile import OPTIONS, SOURCES, Nvcc, entries, read_source

ARCHITECTURES = (75, 86, 89, 90, 120)

pytestmark = pytest.mark.skipif(not shutil.which("nvcc"), reason="nvcc is not installed")


@pytest.mark.parametrize("name", SOURCES)
def test_compiles_for_every_card_without_spills(tmp_path, name):
    source = read_source(name)
    (tmp_path / f"{name}.cu").write_text(source)
    targets = [f"-gencode=arch=compute_{each},code=sm_{each}" for each in ARCHITECTURES]
    strict = ["-Werror", "all-warnings", "-Xptxas", "-Werror,-v"]
    command = ["nvcc", "-fatbin", *OPTIONS, *strict, *targets, f"{name}.cu", "-o", name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    spills = re.findall(r"(\d+) bytes spill stores, (\d+) bytes spill loads", done.stderr)
    assert len(spills) == len(ARCHITECTURES) * len(entries(source))
    assert set(spills) == {("0", "0")}


def test_our_way_to_nvcc():
    compiler = Nvcc()
    assert re.fullmatch(r"nvcc \d+[.\d]*", compiler.version)
    assert {75, 86} <= set(compiler.architectures())
    assert compiler.compile(read_source("add"), "add", "sm_86").startswith(b"\x7fELF")
    assert b".entry add" in compiler.compile(read_source("add"), "add", "compute_86")
