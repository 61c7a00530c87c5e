from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from livedream.kernels.compile import KernelError
from livedream.kernels.launcher import Launcher, open_launcher

from ...kernels.host import HostCompiler
from .fakes import CountingBackend, counting_launcher


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> HostCompiler:
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed")
    return HostCompiler(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def shared(compiler: HostCompiler) -> tuple[Launcher, CountingBackend]:
    return counting_launcher(compiler)


@pytest.fixture
def host(shared: tuple[Launcher, CountingBackend]) -> Iterator[tuple[Launcher, CountingBackend]]:
    """The kernels on the processor, counts at zero; stray writes fail the test."""
    launcher, backend = shared
    backend.counts.clear()
    backend.pending.clear()
    backend.full = False
    yield launcher, backend
    backend.check()


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    try:
        return open_launcher(tmp_path_factory.mktemp("kernels"))
    except KernelError as error:
        pytest.skip(f"no card: {error}")
