"""Kernel sources to binaries for one card: compiled at first use, then taken from a folder.

Either compiler will do: NVRTC, which comes as a wheel, or nvcc, which comes with the toolkit.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

SOURCES = (
    "add",
    "ascend",
    "balance",
    "blur",
    "carry",
    "compose",
    "hold",
    "jitter",
    "limit",
    "magnitude",
    "mask",
    "meter",
    "pixels",
    "pull",
    "resample",
    "residual",
    "shrink",
    "warp",
)
"""Names of the `.cu` files."""

OPTIONS = ("-std=c++17",)
"""Of both compilers. No fast maths: the definitions are met to the last bits."""

_INCLUDE = re.compile(r'^#include "(\w+\.cuh)"\n', re.MULTILINE)
_ENTRY = re.compile(r'extern "C" __global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(')
_MAGIC = b"livedream kernel 1\n"

log = logging.getLogger(__name__)


class KernelError(Exception):
    """A kernel cannot be compiled, loaded or launched; the message says what to do."""


class Compiler(Protocol):
    """Makes binaries for cards, by compute capability: 86 is 8.6."""

    @property
    def version(self) -> str:
        """Name and version; binaries of another one are not reused."""
        ...

    def architectures(self) -> list[int]:
        """Those it can compile for, ascending."""
        ...

    def compile(self, source: str, name: str, target: str) -> bytes:
        """target: `sm_86` for a binary, `compute_86` for PTX. Raises KernelError."""
        ...


def read_source(name: str) -> str:
    """The text of `<name>.cu` with its headers in place, so that it compiles from memory.

    Raises KernelError for a name that is not in SOURCES.
    """
    if name not in SOURCES:
        raise KernelError(f"there is no kernel source {name}; there are {', '.join(SOURCES)}")
    folder = resources.files(str(__package__))
    seen: set[str] = set()

    def header(match: re.Match[str]) -> str:
        if match[1] in seen:
            return ""
        seen.add(match[1])
        text = (folder / match[1]).read_text(encoding="utf-8").replace("#pragma once\n", "")
        return _INCLUDE.sub(header, text)

    return _INCLUDE.sub(header, (folder / f"{name}.cu").read_text(encoding="utf-8"))


def entries(source: str) -> list[str]:
    """Names of the kernels in a source."""
    return _ENTRY.findall(source)


def target_for(architecture: int, known: list[int]) -> str:
    """What to compile for a card: a binary, or PTX for one newer than the compiler.

    Raises KernelError for a card older than all that the compiler knows.
    """
    if architecture in known:
        return f"sm_{architecture}"
    older = [candidate for candidate in known if candidate < architecture]
    if not older:
        raise KernelError(
            f"this card (compute capability {architecture / 10}) is too old for the CUDA compiler "
            f"installed, which starts at {min(known, default=0) / 10}; use --provider cpu"
        )
    return f"compute_{max(older)}"


def load_or_compile(name: str, architecture: int, compiler: Compiler, folder: Path | None) -> bytes:
    """The binary (or PTX) of a source for one card, from `folder` if it is there and whole.

    A damaged entry is made again. Entries appear whole or not at all, so several processes may
    share the folder; one that cannot be written to costs the time of compiling, nothing else.
    """
    source = read_source(name)
    target = target_for(architecture, compiler.architectures())
    if folder is None:
        return compiler.compile(source, name, target)
    key = "\0".join([source, target, compiler.version, *OPTIONS])
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    path = folder / f"{name}-{target}-{digest}.bin"
    binary = _read(path)
    if binary is None:
        binary = compiler.compile(source, name, target)
        _write(path, binary)
    return binary


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("cannot read %s (%s); compiling instead", path, error)
        return None
    start = len(_MAGIC) + hashlib.sha256().digest_size
    binary = content[start:]
    if content[:start] != _MAGIC + hashlib.sha256(binary).digest():
        log.warning("%s is damaged; compiling again", path)
        return None
    return binary


def _write(path: Path, binary: bytes) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(binary).digest() + binary)
        os.replace(temporary, path)
    except OSError as error:
        log.warning("cannot keep %s (%s); it will be compiled again next time", path, error)
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def find_compiler(*kinds: Callable[[], Compiler]) -> Compiler:
    """The first of them that is installed. Raises KernelError with the reason of each."""
    reasons = []
    for kind in kinds:
        try:
            return kind()
        except KernelError as error:
            reasons.append(str(error))
    raise KernelError("; or ".join(reasons))


class Nvrtc:
    """The runtime compiler of CUDA, through cuda-bindings. Needs neither a card nor a toolkit.

    Raises KernelError where it is not installed.
    """

    def __init__(self) -> None:
        try:
            self._nvrtc: Any = importlib.import_module("cuda.bindings.nvrtc")
            major, minor = self._call("nvrtcVersion")
        except (ImportError, RuntimeError) as error:
            raise KernelError(
                f'NVRTC is not usable ({error}); pip install "cuda-core[cu13]"'
            ) from error
        self.version = f"nvrtc {major}.{minor}"

    def architectures(self) -> list[int]:
        (known,) = self._call("nvrtcGetSupportedArchs")
        return sorted(known)

    def compile(self, source: str, name: str, target: str) -> bytes:
        program = self._nvrtc.nvrtcCreateProgram(source.encode(), f"{name}.cu".encode(), 0, [], [])[
            1
        ]
        options = [option.encode() for option in (*OPTIONS, f"--gpu-architecture={target}")]
        try:
            status = self._nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
            if status != self._nvrtc.nvrtcResult.NVRTC_SUCCESS:
                raise KernelError(f"{name}.cu does not compile for {target}:\n{self._log(program)}")
            kind = "CUBIN" if target.startswith("sm_") else "PTX"
            (size,) = self._call(f"nvrtcGet{kind}Size", program)
            binary = bytes(size)  # written to: the bindings ask for a bytes object as the place
            self._call(f"nvrtcGet{kind}", program, binary)
            return binary
        finally:
            self._nvrtc.nvrtcDestroyProgram(program)

    def _log(self, program: Any) -> str:
        (size,) = self._call("nvrtcGetProgramLogSize", program)
        text = bytes(size)
        self._call("nvrtcGetProgramLog", program, text)
        return text.rstrip(b"\0").decode(errors="replace")

    def _call(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        status, *results = getattr(self._nvrtc, function)(*arguments)
        if status != self._nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise KernelError(f"{function} failed: {status}")
        return tuple(results)


class Nvcc:
    """The compiler of the CUDA toolkit, on the path or under CUDA_HOME.

    Raises KernelError where it is not found.
    """

    def __init__(self) -> None:
        home = os.environ.get("CUDA_HOME") or os.environ.get("CUDA_PATH")
        path = shutil.which("nvcc")
        if path is None and home:
            path = shutil.which("nvcc", path=str(Path(home) / "bin"))
        if path is None:
            raise KernelError("nvcc is not on the path; install the CUDA toolkit")
        self._path = path
        release = re.search(r"V(\d+[.\d]*)", self._run("--version"))
        self.version = f"nvcc {release[1] if release else 'of unknown version'}"

    def architectures(self) -> list[int]:
        return sorted(int(known) for known in re.findall(r"sm_(\d+)", self._run("--list-gpu-code")))

    def compile(self, source: str, name: str, target: str) -> bytes:
        kind = "cubin" if target.startswith("sm_") else "ptx"
        with tempfile.TemporaryDirectory() as folder:
            text, binary = Path(folder, f"{name}.cu"), Path(folder, name)
            text.write_text(source, encoding="utf-8")
            self._run(f"-{kind}", f"-arch={target}", *OPTIONS, "-o", str(binary), str(text))
            # The driver wants PTX to end with a zero.
            return binary.read_bytes() + (b"\0" if kind == "ptx" else b"")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([self._path, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise KernelError(f"nvcc failed:\n{done.stderr or done.stdout}")
        return done.stdout
