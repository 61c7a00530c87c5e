"""Where the kernels run in a test: on the processor through the shim, and on a card."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from livedream.kernels.backend_cuda_core import CudaCoreBackend
from livedream.kernels.backend_pycuda import PycudaBackend
from livedream.kernels.compile import KernelError
from livedream.kernels.launcher import Launcher, open_launcher
from livedream.kernels.operations import Operations

from ..shared import shared
from .host import HostCompiler, host_launcher


def on_card(item: pytest.Item) -> bool:
    """Whether a test runs on a card."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("bench") == "card" or not {"card", "real"}.isdisjoint(item.fixturenames)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """LIVEDREAM_SHIM: only what runs on a card is of interest (see test_driver.py)."""
    if "LIVEDREAM_SHIM" in os.environ:
        items[:] = [item for item in items if on_card(item)]


class Bench:
    """Operations on NumPy arrays: copies in, runs, copies out."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self.stream = launcher.stream()
        self.operations = Operations(launcher, self.stream)

    def put(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        memory = self.launcher.allocate(array.nbytes)
        self._memories.append(memory)
        self.launcher.copy_to(memory.pointer, array, self.stream)
        self.launcher.synchronize(self.stream)
        return memory.pointer

    def room(self, shape: tuple[int, ...], dtype: Any = np.float32) -> int:
        """Filled with ones of bits: NaN as a float."""
        return self.put(np.full(int(np.prod(shape)) * np.dtype(dtype).itemsize, 0xFF, np.uint8))

    def get(self, pointer: int, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        array = np.empty(shape, dtype)
        self.launcher.copy_from(array, pointer, self.stream)
        self.launcher.synchronize(self.stream)
        return array

    def mean(self) -> float:
        return float(self.get(self.operations.mean.pointer, (1,))[0])

    def __enter__(self) -> Bench:
        self._memories: list[Any] = []
        return self

    def __exit__(self, *_: object) -> None:
        for memory in self._memories:
            self.launcher.free(memory)


def shim(tmp_path_factory: pytest.TempPathFactory) -> HostCompiler:
    """One for the whole run, with everything compiled."""
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed")
    with shared(tmp_path_factory, "shim") as folder:
        compiler = HostCompiler(folder)
        compiler.compile_all()
    return compiler


def find_card(tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    """LIVEDREAM_BACKEND: the name of the only library to try."""
    only = os.environ.get("LIVEDREAM_BACKEND")
    backends = [each for each in (CudaCoreBackend, PycudaBackend) if only in (None, each.name)]
    try:
        with shared(tmp_path_factory, "kernels") as folder:
            return open_launcher(folder, backends=backends)
    except KernelError as error:
        pytest.skip(f"no card: {error}")


@pytest.fixture(scope="session")
def host_compiler(tmp_path_factory: pytest.TempPathFactory) -> HostCompiler:
    return shim(tmp_path_factory)


@pytest.fixture(scope="session")
def host(host_compiler: HostCompiler) -> tuple[Bench, Any]:
    launcher, backend = host_launcher(host_compiler)
    return Bench(launcher), backend


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(find_card(tmp_path_factory))


@pytest.fixture(params=["host", "card"])
def bench(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    """Both in turn; on the processor, undefined behaviour and stray writes fail the test."""
    if request.param == "card":
        with request.getfixturevalue("card") as bench:
            yield bench
        return
    bench, backend = request.getfixturevalue("host")
    capfd.readouterr()
    with bench:
        yield bench
        backend.check()
    assert "runtime error" not in capfd.readouterr().err


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)
