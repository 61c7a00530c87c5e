"""What this machine has for a dream on a graphics card, and whether CUDA and TensorRT can start.

Facts are looked up by the functions of the first half, and judged by pure ones.
"""

from __future__ import annotations

import ctypes.util
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

from .nvml import ask_driver, visible

OK, MISSING, WRONG = "ok", "missing", "wrong"

CUDA_WHEELS = 'pip install "onnxruntime-gpu[cuda,cudnn]"'
TENSORRT_WHEELS = 'pip install "tensorrt-cu13>=10.14,<11"'
KERNEL_WHEELS = 'pip install "cuda-core[cu13]"'

KERNEL_LIBRARIES = ("cuda-core", "pycuda")
"""Packages that launch the kernels; either will do."""


@dataclass(frozen=True)
class Gpu:
    """What the NVIDIA driver says. driver: like `580.95.05`. cuda: the newest it serves, like
    (13, 0). names: of the cards that programs may see."""

    driver: str
    cuda: tuple[int, int]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """state: `OK`, `MISSING` (something optional is not there) or `WRONG` (there, but it cannot
    work). advice: what to do, empty where nothing is to be done."""

    state: str
    fact: str
    advice: str = ""


def find_gpu() -> Gpu | None:
    """The driver and the cards that CUDA_VISIBLE_DEVICES leaves; None where no driver answers."""
    driver = ask_driver()
    if driver is None:
        return None
    cards = visible(driver.cards, os.environ.get("CUDA_VISIBLE_DEVICES"))
    return Gpu(driver.version, driver.cuda, tuple(card.name for card in cards))


def installed_packages() -> dict[str, str]:
    """Every installed distribution, its name in lower case with hyphens -> version."""
    found = {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name:  # a broken installation may leave a folder without metadata
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return found


def built_for(onnxruntime: ModuleType) -> int | None:
    """The CUDA major version that this onnxruntime was built for; None for one without."""
    with suppress(ImportError, AttributeError, ValueError):
        about = importlib.import_module(f"{onnxruntime.__name__}.capi.build_and_package_info")
        return _major(about.cuda_version)
    return None


def has_library(name: str) -> bool:
    """Whether the shared library is in a wheel of this Python, or where the system's loader looks.

    On Windows the names differ, and the answer is what onnxruntime itself would find: not known,
    taken as there.
    """
    if sys.platform == "win32":
        return True
    for folder in map(Path, sys.path):
        for pattern in (f"nvidia/*/lib/{name}", f"tensorrt_libs/{name}"):
            if folder.is_dir() and any(folder.glob(pattern)):
                return True
    paths = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    if any(path and (Path(path) / name).is_file() for path in paths):
        return True
    found = ctypes.util.find_library(name.removeprefix("lib").partition(".so")[0])
    return found == name


def cuda(
    installed: Mapping[str, str],
    gpu: Gpu | None,
    built: int | None,
    library: Callable[[str], bool],
) -> Judgement:
    """Whether onnxruntime's CUDA provider, and the kernels beside it, can start.

    built: of `built_for`. library: as `has_library`.
    """
    if gpu is None:
        return Judgement(
            MISSING,
            "offered, but no NVIDIA driver answers; the CPU is used",
            "With an NVIDIA card: install its driver. Without: nothing.",
        )
    if not gpu.names:
        return Judgement(
            MISSING,
            "no card is visible to programs",
            "Where there is one, unset CUDA_VISIBLE_DEVICES.",
        )
    if built and gpu.cuda < (built, 0):
        return Judgement(
            WRONG,
            f"onnxruntime is built for CUDA {built}, the driver {gpu.driver} serves up to "
            f"{gpu.cuda[0]}.{gpu.cuda[1]}",
            "Update the NVIDIA driver to 580 or newer."
            if built == 13
            else f"Update the NVIDIA driver to one for CUDA {built}.",
        )
    wanted = built or 13
    lacking = [name for name, file in _cuda_files(wanted) if not library(file)]
    if lacking:
        return _without(lacking, wanted, installed)
    if not any(name in installed for name in KERNEL_LIBRARIES):
        return Judgement(
            WRONG,
            f"neither {' nor '.join(KERNEL_LIBRARIES)} is installed, which run the dream's kernels",
            KERNEL_WHEELS,
        )
    return Judgement(OK, f"for CUDA {wanted}, its libraries are there")


def tensorrt(
    installed: Mapping[str, str], gpu: Gpu | None, library: Callable[[str], bool]
) -> Judgement:
    """Whether the TensorRT that onnxruntime was built for, 10, is there."""
    versions = {
        name: installed[name]
        for name in ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")
        if name in installed
    }
    for name, version in versions.items():
        if _major(version) > 10:
            return Judgement(
                WRONG,
                f"{name} {version}, but onnxruntime's provider loads TensorRT 10 only",
                f"pip uninstall -y {' '.join(versions)} && {TENSORRT_WHEELS}",
            )
    if "tensorrt-cu12" in versions and "tensorrt-cu13" in versions:
        return Judgement(
            WRONG,
            "the packages for CUDA 12 and CUDA 13 at once",
            f"pip uninstall -y {' '.join(versions)} && {TENSORRT_WHEELS}",
        )
    if not library("libnvinfer.so.10"):
        return Judgement(MISSING, "offered, but TensorRT 10 is not installed", TENSORRT_WHEELS)
    if gpu is None:
        return Judgement(MISSING, "installed, but no NVIDIA driver answers")
    if not gpu.names:
        return Judgement(MISSING, "installed, but no card is visible to programs")
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Judgement(OK, named or "TensorRT 10 of the system")


def _cuda_files(major: int) -> list[tuple[str, str]]:
    return [
        ("CUDA runtime", f"libcudart.so.{major}"),
        ("cuBLAS", f"libcublas.so.{major}"),
        ("cuDNN 9", "libcudnn.so.9"),
    ]


def _without(lacking: list[str], wanted: int, installed: Mapping[str, str]) -> Judgement:
    other = 25 - wanted  # 12 and 13 are the two that wheels exist for
    strangers = sorted(name for name in installed if re.fullmatch(rf"nvidia-.*-cu{other}", name))
    if strangers:
        return Judgement(
            WRONG,
            f"onnxruntime wants CUDA {wanted}, but the libraries here are for CUDA {other} "
            f"({', '.join(strangers[:3])})",
            CUDA_WHEELS,
        )
    return Judgement(
        WRONG,
        f"not found: {', '.join(lacking)}; onnxruntime would use the CPU instead",
        f"{CUDA_WHEELS} (cuBLAS comes with cudnn)",
    )


def _major(version: str) -> int:
    return int(version.partition(".")[0])
