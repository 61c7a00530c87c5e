from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from livedream.kernels.launcher import Launcher

from ...kernels.conftest import find_card, shim
from ...kernels.host import HostCompiler
from .fakes import CountingBackend, counting_launcher


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> HostCompiler:
    return shim(tmp_path_factory)


@pytest.fixture(scope="session")
def shared(compiler: HostCompiler) -> tuple[Launcher, CountingBackend]:
    return counting_launcher(compiler)


@pytest.fixture
def host(shared: tuple[Launcher, CountingBackend]) -> Iterator[tuple[Launcher, CountingBackend]]:
    """The kernels on the processor, counts at zero; stray writes fail the test."""
    launcher, backend = shared
    backend.counts.clear()
    backend.threads.clear()
    backend.full = False
    yield launcher, backend
    backend.check()


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Launcher:
    return find_card(tmp_path_factory)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What waits in circles of references stays on the card."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
