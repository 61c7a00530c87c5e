"""The launcher's interface over the processor: kernels compiled by g++ through shim.h."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from livedream.kernels.backend import Memory
from livedream.kernels.compile import SOURCES, entries, read_source
from livedream.kernels.launcher import Launcher, Stream

SHIM = Path(__file__).with_name("shim.h")
WARNINGS = ("-Wall", "-Wextra", "-Werror")
GUARD = 4096
"""Bytes of NaN before and after each allocation: a wrong read shows in the result."""

_TYPES = {np.dtype(np.uint64): "P", np.dtype(np.int32): "i", np.dtype(np.float32): "f"}
_TYPES[np.dtype(np.int64)] = "q"


class HostCompiler:
    """g++, with a check of undefined behaviour where it has the library for one.

    folder: what is in it already is not compiled again.
    """

    architectures = staticmethod(lambda: [0])

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.version = "g++"
        self._path = shutil.which("g++") or ""
        self._check = ["-fsanitize=undefined", "-fno-sanitize=vptr"]
        (folder / "probe.cpp").write_text("int probe() { return 0; }\n")
        if self._build(folder / "probe.cpp", folder / "probe.so", "-shared").returncode:
            self._check = []
        self.checks_behaviour = bool(self._check)
        self._shim = folder / SHIM.name
        if not self._shim.exists():
            shutil.copy(SHIM, self._shim)
            # Most of the time goes into the standard headers: once is enough.
            header = self._build(self._shim, self._shim.with_suffix(".h.gch"), "-w")
            assert header.returncode == 0, header.stderr

    def compile(self, source: str, name: str, target: str) -> bytes:
        """The path of the library, as bytes."""
        source += "".join(f"\nSHIM_ENTRY({entry})" for entry in entries(source))
        stem = f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
        text, library = self.folder / f"{stem}.cpp", self.folder / f"{stem}.so"
        if not library.exists():
            text.write_text(source)
            done = self._build(text, library, "-shared", "-include", str(self._shim), *WARNINGS)
            assert done.returncode == 0, done.stderr
        return str(library).encode()

    def compile_all(self) -> list[Path]:
        """All of the project's sources, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            made = pool.map(lambda name: self.compile(read_source(name), name, "host"), SOURCES)
            return [Path(library.decode()) for library in made]

    def _build(self, text: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
        command = [self._path, "-std=c++17", "-O1", "-ffp-contract=off", "-fPIC"]
        # Where it is on by itself, the C library ends a program that changes stacks by longjmp.
        command += ["-U_FORTIFY_SOURCE"]
        command += ["-fno-gnu-unique", *self._check, *options, "-o", str(out), str(text)]
        return subprocess.run(command, capture_output=True, text=True)


class HostBackend:
    """Runs every kernel at once, to its end. seed: of the order of the threads."""

    name, card, architecture, apart = "host", "the processor", 0, False

    def __init__(self, compiler: HostCompiler, seed: int = 0) -> None:
        self.seed = seed
        self._compiler = compiler
        self._libraries: dict[bytes, ctypes.CDLL] = {}
        self._live: list[np.ndarray] = []

    def compiler(self) -> HostCompiler:
        return self._compiler

    def module(self, binary: bytes) -> ctypes.CDLL:
        return ctypes.CDLL(binary.decode())

    def function(self, module: ctypes.CDLL, name: str) -> Any:
        types = getattr(module, f"shim_types_{name}")
        types.restype = ctypes.c_char_p
        module.shim_launch.restype = ctypes.c_char_p
        return module, getattr(module, f"shim_call_{name}"), types().decode()

    def launch(
        self,
        function: Any,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[np.generic],
        shared: int,
        stream: Stream,
    ) -> None:
        module, call, types = function
        assert "".join(_TYPES[argument.dtype] for argument in arguments) == types
        assert grid[1] < 65536 and grid[2] < 65536 and shared + 1024 <= 49152  # noqa: PT018
        cells = [np.array(argument) for argument in arguments]
        places = (ctypes.c_void_p * len(cells))(*(cell.ctypes.data for cell in cells))
        three = ctypes.c_uint * 3
        trouble = module.shim_launch(call, places, three(*grid), three(*block), shared, self.seed)
        assert trouble is None, trouble
        self.seed += 1

    def allocate(self, size: int) -> Memory:
        whole = np.full(size + 2 * GUARD, 0xFF, np.uint8)
        self._live.append(whole)
        return Memory(whole.ctypes.data + GUARD, size, whole)

    def free(self, memory: Memory) -> None:
        self._check(memory.native)
        self._live = [whole for whole in self._live if whole is not memory.native]

    def check(self) -> None:
        """Raises AssertionError where something was written outside an allocation."""
        for whole in self._live:
            self._check(whole)

    def copy_to(self, pointer: int, array: np.ndarray, stream: Stream) -> None:
        ctypes.memmove(pointer, array.ctypes.data, array.nbytes)

    def copy_from(self, array: np.ndarray, pointer: int, stream: Stream) -> None:
        ctypes.memmove(array.ctypes.data, pointer, array.nbytes)

    def stream(self, urgent: bool) -> Stream:
        return Stream(0, None)

    def event(self, blocking: bool) -> None: ...

    def record(self, stream: Stream, event: Any) -> None: ...

    def synchronize(self, waited: Any) -> None:
        pass

    def _check(self, whole: np.ndarray) -> None:
        guards = np.concatenate([whole[:GUARD], whole[-GUARD:]])
        assert (guards == 0xFF).all(), "written outside an allocation"


def host_launcher(compiler: HostCompiler, seed: int = 0) -> tuple[Launcher, HostBackend]:
    """A launcher that runs kernels here."""
    backend = HostBackend(compiler, seed)
    return Launcher(backend), backend  # pyright: ignore[reportArgumentType]
