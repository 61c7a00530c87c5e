"""What runs on a card, with the real CUDA libraries, on a driver that is the processor.

The libraries' own calls, argument packing, contexts, threads and lifetimes are the real ones; only
libcuda.so.1 is ours (driver.cpp). Says nothing about speed or about what a card does by itself.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from livedream.kernels.compile import KernelError, Nvcc, Nvrtc, find_compiler

HERE = Path(__file__).parent
SOURCE = HERE / "driver.cpp"
TESTS = (HERE / "test_kernels.py", HERE / "test_launcher.py", HERE.parent / "runtime/cuda")


def build(folder: Path, library: str) -> Path:
    """The driver; functions that `library` only wants to find are there and refuse."""
    source = SOURCE.read_text()
    has = set(re.findall(r"^int (cu\w+)\(", source, re.MULTILINE))
    spec = importlib.util.find_spec(library)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    wanted: set[str] = set()
    for folder_of_it in spec.submodule_search_locations:
        for path in Path(folder_of_it).glob("*.so"):
            names = subprocess.run(["nm", "-D", path], capture_output=True, text=True).stdout
            wanted.update(re.findall(r" U (cu[A-Z]\w+)", names))
    refuse = [f"int {name}() {{ return NOT_SUPPORTED; }}\n" for name in sorted(wanted - has)]
    text, driver = folder / "driver.cpp", folder / "libcuda.so.1"
    text.write_text(f'{source}\nextern "C" {{\n{"".join(refuse)}}}\n')
    command = ["g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    command += [f"-Wl,-soname,{driver.name}", "-o", str(driver), str(text), "-ldl"]
    subprocess.run(command, check=True)
    return driver


@pytest.mark.skipif("LIVEDREAM_SHIM" in os.environ, reason="this is that driver's own run")
@pytest.mark.parametrize(("name", "library"), [("pycuda", "pycuda"), ("cuda-core", "cuda.core")])
def test_what_runs_on_a_card_runs_here(host_compiler, tmp_path, name, library):
    try:
        found = importlib.util.find_spec(library)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip(f"{name} is not installed")
    try:
        find_compiler(Nvrtc, Nvcc)
    except KernelError as error:
        pytest.skip(str(error))
    driver = build(tmp_path, library)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")},
        "LD_PRELOAD": str(driver),
        "LIVEDREAM_SHIM": ":".join(map(str, host_compiler.compile_all())),
        "LIVEDREAM_BACKEND": name,
    }
    command = [sys.executable, "-m", "pytest", *map(str, TESTS), "-rs"]
    command += ["-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE.parent)
    said = done.stdout[-6000:] + done.stderr[-2000:]
    assert done.returncode == 0, said
    # What pycuda says of a stream or event that ends in a thread without the card.
    assert "could not be cleaned up" not in done.stdout, said
    assert "clean-up operation failed" not in done.stderr, said
    assert "no card" not in done.stdout, said
