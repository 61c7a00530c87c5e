"""Which backend serves, and what the launcher asks of it; the last tests need a card."""

from __future__ import annotations

import importlib
import sys
import types

import numpy as np
import pytest

from livedream.kernels import launcher
from livedream.kernels.backend import Stream, Unavailable
from livedream.kernels.backend_cuda_core import CudaCoreBackend
from livedream.kernels.backend_pycuda import PycudaBackend
from livedream.kernels.compile import KernelError
from livedream.kernels.launcher import Launcher, open_launcher
from livedream.runtime.cli.dream_options import LAUNCHERS

from .test_compile import FakeCompiler


class FakeBackend:
    name, card, architecture, apart = "fake", "a card", 86, False

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self.fake_compiler = FakeCompiler()
        self.modules: list[bytes] = []
        self.launched: list[tuple] = []

    def compiler(self) -> FakeCompiler:
        return self.fake_compiler

    def module(self, binary: bytes) -> bytes:
        self.modules.append(binary)
        return binary

    def function(self, module: bytes, name: str) -> tuple[bytes, str]:
        return module, name

    def launch(self, *arguments) -> None:
        self.launched.append(arguments)

    def copy_to(self, *arguments) -> None:
        self.launched.append(arguments)


def absent(index: int):
    raise Unavailable(f"card {index} is not there")


def test_the_first_backend_that_works_serves(tmp_path):
    made = []

    def fake(index: int):
        made.append(FakeBackend(index))
        return made[-1]

    launcher = open_launcher(tmp_path, 1, [absent, fake, absent])
    assert (launcher.backend, launcher.card, launcher.architecture) == ("fake", "a card", 86)
    assert [backend.index for backend in made] == [1]


def test_none_that_works_is_an_error_with_reasons_and_the_command():
    with pytest.raises(KernelError, match=r"card 0 is not there; card 0.*pip install"):
        open_launcher(backends=[absent, absent])


def test_cuda_core_is_tried_before_pycuda(monkeypatch):
    asked = []

    def missing(name: str):
        asked.append(name)
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(KernelError, match=r"cuda-core: No module.*pycuda: No module"):
        open_launcher()
    assert asked == ["cuda.core", "pycuda.driver"]


def test_the_other_one_is_taken_when_asked(monkeypatch):
    asked = []

    def missing(name: str):
        asked.append(name)
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(KernelError, match=r"reach a card: pycuda: No module"):
        open_launcher(backends=[launcher.BACKENDS["pycuda"]])
    assert asked == ["pycuda.driver"]
    assert list(launcher.BACKENDS) == list(LAUNCHERS[1:])


def test_modules_and_functions_are_loaded_once(tmp_path):
    backend = FakeBackend()
    launcher = Launcher(backend, tmp_path)  # pyright: ignore[reportArgumentType]
    for _ in range(2):
        assert launcher.function("limit", "limit_sum") == (b"limit sm_86 fake 1", "limit_sum")
    launcher.load("limit")
    launcher.function("limit", "limit")
    assert len(backend.modules) == 1
    second = FakeBackend()
    Launcher(second, tmp_path).load("limit")  # pyright: ignore[reportArgumentType]
    assert second.modules == backend.modules
    assert not second.fake_compiler.calls


@pytest.mark.parametrize("wrong", [1, 1.5, True, None])
def test_arguments_without_an_exact_type_are_refused(wrong):
    backend = FakeBackend()
    launcher = Launcher(backend)  # pyright: ignore[reportArgumentType]
    stream = Stream(0, None)
    with pytest.raises(KernelError, match="NumPy scalars"):
        launcher.launch(None, (1, 1, 1), (1, 1, 1), [np.int32(1), wrong], stream)
    assert not backend.launched
    launcher.launch(None, (1, 1, 1), (1, 1, 1), [np.int32(1)], stream, 64)
    assert backend.launched == [(None, (1, 1, 1), (1, 1, 1), [np.int32(1)], 64, stream)]


@pytest.mark.parametrize("spin", [False, True])
def test_who_waits_sleeps_unless_it_is_to_spin(spin):
    backend, waited = FakeBackend(), []
    backend.event = lambda blocking: f"blocks: {blocking}"
    backend.record = lambda stream, event: waited.append((stream, event))
    backend.synchronize = waited.append
    made = Launcher(backend, spin=spin)  # pyright: ignore[reportArgumentType]
    stream, event = Stream(0, None), f"blocks: {not spin}"
    made.synchronize(stream)  # by an event, since how streams are waited for is the program's
    assert waited == [(stream, event), event]


def test_only_contiguous_arrays_are_copied():
    launcher = Launcher(FakeBackend())  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="contiguous"):
        launcher.copy_to(0, np.zeros((4, 4))[:, ::2], Stream(0, None))


class FakePycudaFunction:
    """Prepared call only, as in pycuda: a plain call would remember its arguments for ever."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.calls: list[tuple] = []

    def prepare(self, kinds: str) -> None:
        self.prepared.append("".join(kinds))

    def prepared_async_call(self, grid, block, stream, *arguments, shared_size) -> None:
        self.calls.append((grid, block, stream, arguments, shared_size))


@pytest.fixture
def pycuda(monkeypatch):
    """A stand-in for pycuda's modules; nothing of it is the real one."""
    driver = types.ModuleType("pycuda.driver")
    driver.Error = RuntimeError  # pyright: ignore[reportAttributeAccessIssue]
    primary = types.ModuleType("pycuda.autoprimaryctx")
    primary.context = None  # pyright: ignore[reportAttributeAccessIssue]
    primary.device = types.SimpleNamespace(  # pyright: ignore[reportAttributeAccessIssue]
        name=lambda: "RTX", compute_capability=lambda: (8, 9)
    )
    monkeypatch.setitem(sys.modules, "pycuda", types.ModuleType("pycuda"))
    monkeypatch.setitem(sys.modules, "pycuda.driver", driver)
    monkeypatch.setitem(sys.modules, "pycuda.autoprimaryctx", primary)


def test_pycuda_launches_prepared_with_exact_types(pycuda):
    backend = PycudaBackend(0)
    assert (backend.card, backend.architecture) == ("RTX", 89)
    function, stream = FakePycudaFunction(), Stream(5, "native")
    pointer, long = np.dtype(np.uint64).char, np.dtype(np.int64).char
    for arguments in ([np.uint64(1), np.int32(1)], [np.uint64(1), np.int32(2)]):
        backend.launch(function, (1, 2, 3), (4, 5, 6), arguments, 7, stream)
    assert function.prepared == [f"{pointer}i"]
    assert function.calls[1] == ((1, 2, 3), (4, 5, 6), "native", (1, 2), 7)
    other = FakePycudaFunction()
    backend.launch(other, (1, 1, 1), (1, 1, 1), [np.float32(1), np.int64(1)], 0, stream)
    assert other.prepared == [f"f{long}"]


def test_cuda_core_packs_arguments_as_the_kernels_read_them():
    handler = pytest.importorskip("cuda.core._kernel_arg_handler", reason="no cuda-core")
    import ctypes

    arguments = (np.uint64(2**40 + 1), np.int32(-5), np.float32(1.5), np.int64(-(2**40)))
    holder = handler.ParamHolder(arguments)
    places = (ctypes.c_void_p * 4).from_address(holder.ptr)
    kinds = (ctypes.c_uint64, ctypes.c_int32, ctypes.c_float, ctypes.c_int64)
    pairs = zip(kinds, places, strict=True)
    assert [kind.from_address(place).value for kind, place in pairs] == list(arguments)


BACKENDS = [PycudaBackend, CudaCoreBackend]


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def real(request, tmp_path) -> Launcher:
    """On a card, with each backend that is installed."""
    try:
        return open_launcher(tmp_path, 0, [request.param])
    except KernelError as error:
        pytest.skip(str(error))


def test_without_a_card_the_reason_is_one_sentence():
    try:
        open_launcher()
    except KernelError as error:
        said = str(error)
    else:
        pytest.skip("there is a card")
    assert "pip install" in said
    assert "\n" not in said


def test_copies_come_back(real):
    stream = real.stream()
    assert stream.handle > 0
    sent, got = real.pinned((7, 5), np.float32), real.pinned((7, 5), np.float32)
    sent[:] = np.random.default_rng(0).random((7, 5))
    memory = real.allocate(sent.nbytes)
    assert memory.pointer % 256 == 0
    real.copy_to(memory.pointer, sent, stream)
    real.copy_from(got, memory.pointer, stream)
    real.synchronize(stream)
    assert np.array_equal(sent, got)
    real.free(memory)


def test_streams_wait_for_events_and_events_measure(real):
    first, second = real.stream(), real.stream()
    sent, got = real.pinned((1 << 26,), np.uint8), real.pinned((4,), np.uint8)
    memory = real.allocate(sent.nbytes)
    start = real.mark(first)
    for value in range(5):
        sent[:4] = value
        real.copy_to(memory.pointer, sent, first)
    end, timed = real.record(first), real.mark(first)
    real.wait(second, end)
    real.copy_from(got, memory.pointer, second)
    real.synchronize(second)
    assert got.tolist() == [4] * 4
    assert getattr(end, "is_blocking_sync", True)  # pycuda does not tell
    assert 0 < real.elapsed(start, timed) < 1000
    real.free(memory)


def test_a_second_thread_may_attach(real):
    import threading

    got: list[np.ndarray] = []

    def use() -> None:  # pycuda wants what was made here gone before the card is let go of
        stream, memory = real.stream(), real.allocate(16)
        array = real.pinned((4,), np.float32)
        sent = np.arange(4, dtype=np.float32)
        real.copy_to(memory.pointer, sent, stream)
        real.copy_from(array, memory.pointer, stream)
        real.synchronize(stream)
        real.free(memory)
        got.append(array.copy())

    def work() -> None:
        real.attach()
        use()
        real.detach()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert got
    assert got[0].tolist() == [0, 1, 2, 3]
