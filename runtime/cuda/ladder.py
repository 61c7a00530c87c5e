"""Which provider can start here, and why another cannot: TensorRT-RTX, TensorRT, CUDA, then CPU.

What is known of the machine is gathered once, in `gather`, and judged by pure functions. The rules
are from the packages' metadata and documentation; of them CUDA has been started on a card.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import io
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import LivedreamError, UsageError, nearest, reason
from ..gradient.providers import PROVIDERS, Provider
from . import machine
from .machine import CUDA_WHEELS, OK, TENSORRT_WHEELS, Gpu
from .session_options import RTX

log = logging.getLogger(__name__)

LADDER: tuple[Provider, ...] = (RTX, PROVIDERS["tensorrt"], PROVIDERS["cuda"], PROVIDERS["cpu"])
"""In the order in which `auto` tries them."""

RTX_PACKAGE = "onnxruntime_ep_nv_tensorrt_rtx"

TENSORRT_FILES = ("libnvinfer.so.10", "libnvinfer_plugin.so.10", "libnvonnxparser.so.10")
"""In the order in which they need each other."""

_NO_DRIVER = "no NVIDIA driver answers; install the card's driver."

_BRINGS = (
    (r"libnv(infer|onnxparser)", TENSORRT_WHEELS),
    (r"libcudnn", CUDA_WHEELS),
    (r"libcublas", f"{CUDA_WHEELS} (cuBLAS comes with cudnn)"),
    (r"lib(cudart|cufft|curand|nvrtc)", CUDA_WHEELS),
    (r"libcuda\.", "install the NVIDIA driver"),
)
_LIBRARY = re.compile(r"lib[\w+-]+\.so[.\d]*")


@dataclass(frozen=True)
class Facts:
    """offered: providers of this onnxruntime. installed: packages -> versions. gpu: what the driver
    says. architecture: of the card, 89 for 8.9. built: CUDA major version of onnxruntime.
    library: whether a shared library is found. plugin: whether the RTX package is there.
    """

    offered: tuple[str, ...]
    installed: Mapping[str, str] = field(default_factory=dict)
    gpu: Gpu | None = None
    architecture: int | None = None
    built: int | None = None
    library: Callable[[str], bool] = lambda name: False
    plugin: bool = False


def rungs(name: str, facts: Facts, say: Callable[[str], None]) -> list[Provider]:
    """What to try for `--provider name`, best first; `say` hears why `auto` passes one over that is
    installed.

    Raises UsageError for an unknown name, LivedreamError for a named one that cannot start.
    """
    known = {provider.name: provider for provider in LADDER}
    if name != "auto":
        if name not in known:
            names = nearest(name, ["auto", *known])
            raise UsageError(f"There is no provider '{name}'; nearest: {names}.")
        trouble = problem(known[name], facts)
        if trouble:
            raise LivedreamError(f"The provider '{name}' cannot start: {trouble}")
        return [known[name]]
    found = []
    for provider in LADDER:
        trouble = problem(provider, facts)
        if trouble is None:
            found.append(provider)
        elif facts.gpu is not None and facts.gpu.names and _wanted(provider, facts):
            say(f"Not {provider.name}: {trouble}")
    return found


def problem(provider: Provider, facts: Facts) -> str | None:
    """Why it cannot start, and what to do, as a sentence; None where nothing speaks against it."""
    if provider.name == RTX.name:
        return _rtx_problem(facts)
    if provider.ep not in facts.offered:
        return f"this onnxruntime was built without it; {provider.install}"
    if provider.name == "cpu":
        return None
    if facts.gpu is None:
        return _NO_DRIVER
    judgement = machine.cuda(facts.installed, facts.gpu, facts.built, facts.library)
    if provider.name == "tensorrt" and judgement.state == OK:
        # TensorRT's provider needs what CUDA's does, and cuDNN in any case.
        judgement = machine.tensorrt(facts.installed, facts.gpu, facts.library)
    if judgement.state == OK:
        return None
    return f"{judgement.fact}; {judgement.advice}".rstrip("; .") + "."


def rtx_supports(architecture: int) -> bool:
    """Cards that TensorRT-RTX 1.7 runs: 8.6, 8.9, and 12.0 on. Not data-centre cards (8.0, 9.0)."""
    return architecture in (86, 89) or architecture >= 120


def explain(provider: Provider, loader: str) -> str:
    """The loader's complaint about a provider's library, as a sentence with the command.

    loader: like `libcublasLt.so.13: cannot open shared object file: No such file or directory`.
    """
    missing = _LIBRARY.search(loader)
    if missing is None:
        return f"The provider '{provider.name}' did not start: {loader.rstrip('.')}."
    library = missing[0].rstrip(".")
    command = next((how for what, how in _BRINGS if re.match(what, library)), provider.install)
    return (
        f"The provider '{provider.name}' did not start: it needs {library}, which is not found "
        f"or does not load; {command}"
    )


def probe(provider: Provider, load: Callable[[str], Any] = ctypes.CDLL) -> str | None:
    """What the system's loader says to the provider's library; None where it loads.

    onnxruntime itself only logs it and goes on with another provider.
    """
    stem = {"cuda": "cuda", "tensorrt": "tensorrt"}.get(provider.name)
    spec = importlib.util.find_spec("onnxruntime")
    if stem is None or spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "capi"
    for name in ("shared", stem):
        path = folder / f"libonnxruntime_providers_{name}.so"
        if not path.exists():
            return f"{path.name}: no such file"
        try:
            load(str(path))
        except OSError as error:
            return str(error)
    return None


def preload(ort: Any, name: str = "auto", load: Callable[..., Any] = ctypes.CDLL) -> None:
    """Load the libraries of CUDA and cuDNN, and for `auto` and TensorRT those of TensorRT, which
    are gigabytes, from their packages, before a session: the system's loader does not look there.
    Missing ones are no error here; see `problem`."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        ort.preload_dlls()
    for line in filter(None, said.getvalue().splitlines()):
        log.info("preload: %s", line)
    for file in TENSORRT_FILES if name in ("auto", "tensorrt") else ():
        for path in _packaged(file, sys.path):
            try:
                load(str(path), mode=ctypes.RTLD_GLOBAL)
            except OSError as error:
                log.warning("%s does not load: %s", path, error)


def register_rtx(ort: Any, load: Callable[[str], Any] = importlib.import_module) -> None:
    """Make the plugin known to onnxruntime, once. Raises LivedreamError where that fails."""
    try:
        package = load(RTX_PACKAGE)
        name = package.get_ep_name()
        if any(device.ep_name == name for device in ort.get_ep_devices()):
            return
        ort.register_execution_provider_library(name, str(package.get_library_path()))
    except Exception as error:
        raise LivedreamError(
            f"The provider '{RTX.name}' did not start: {reason(error)}; {RTX.install}"
        ) from error


def gather(ort: Any, architecture: int | None) -> Facts:
    """Facts of this machine. architecture: of the card that the kernels run on."""
    return Facts(
        offered=tuple(ort.get_available_providers()),
        installed=machine.installed_packages(),
        gpu=machine.find_gpu(),
        architecture=architecture,
        built=machine.built_for(ort),
        library=machine.has_library,
        plugin=importlib.util.find_spec(RTX_PACKAGE) is not None,
    )


def versions(provider: Provider, facts: Facts) -> str:
    """Of what builds and runs an engine, for the cache's keys."""
    names = [name for name in facts.installed if _builds(provider, name)]
    return " ".join(f"{name} {facts.installed[name]}" for name in sorted(names))


def _builds(provider: Provider, package: str) -> bool:
    if package in ("onnxruntime", "onnxruntime-gpu"):
        return True
    prefix = {"tensorrt": "tensorrt", RTX.name: RTX_PACKAGE.replace("_", "-")}.get(provider.name)
    return prefix is not None and package.startswith(prefix)


def _rtx_problem(facts: Facts) -> str | None:
    if not facts.plugin:
        return f"its package is not installed; {RTX.install}"
    if facts.gpu is None or facts.architecture is None:
        return _NO_DRIVER
    if not rtx_supports(facts.architecture):
        major, minor = divmod(facts.architecture, 10)
        return (
            f"it runs RTX cards of compute capability 8.6, 8.9 and from 12.0 on, and this card's "
            f"is {major}.{minor}; use --provider tensorrt or cuda."
        )
    package = RTX_PACKAGE.replace("_", "-")
    newer = [each for each in facts.installed if re.fullmatch(r"nvidia-.*-cu13", each)]
    if f"{package}-cu12" in facts.installed and newer:
        return (
            f"{package}-cu12 is for CUDA 12, beside libraries for CUDA 13 ({newer[0]}); "
            f"pip uninstall -y {package}-cu12 && pip install {package}"
        )
    return None


def _wanted(provider: Provider, facts: Facts) -> bool:
    """Whether someone who installed what is here would miss it under `auto`."""
    if provider.name == RTX.name:
        return facts.plugin
    if provider.name == "tensorrt":
        return provider.ep in facts.offered and any(
            name.startswith("tensorrt") for name in facts.installed
        )
    return True


def _packaged(name: str, folders: Iterable[str]) -> list[Path]:
    """Where pip put a library of TensorRT; at most one place."""
    found = (Path(folder, "tensorrt_libs", name) for folder in folders)
    return [path for path in found if path.is_file()][:1]
