"""What is installed: whether it imports and fits together, and what each package brings.

What is judged of CUDA and TensorRT is in `cuda.machine`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType

from ...export.catalogue import MODELS
from ..cuda.machine import MISSING, OK, WRONG, Gpu, built_for, cuda, has_library, tensorrt
from ..errors import reason
from ..gradient.exporting import INSTALL, missing_extra
from ..gradient.preferred import weights_file
from ..gradient.providers import PROVIDERS, Provider
from ..safety.processors import trouble
from .finding import Finding

# Each brings the same folder `onnxruntime`; the one installed last overwrites the other's files.
RUNTIMES = (
    "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml",
)  # fmt: skip

OPENCVS = (
    "opencv-python", "opencv-contrib-python",
    "opencv-python-headless", "opencv-contrib-python-headless",
)  # fmt: skip


def python(running: tuple[int, ...], installed: Mapping[str, str]) -> Finding:
    fact = ".".join(map(str, running)) + f", livedream {installed.get('livedream', 'uninstalled')}"
    if running < (3, 11):
        return Finding(WRONG, "Python", fact, "Install Python 3.11 or newer.", essential=True)
    return Finding(OK, "Python", fact)


def onnxruntime(installed: Mapping[str, str], gpu: Gpu | None) -> list[Finding]:
    """The package, the providers it offers, and what the ones for NVIDIA lack."""
    package = runtime_package(installed)
    if package.state == MISSING:
        return [package]
    module = _imported("onnxruntime")
    if isinstance(module, str):
        broken = Finding(
            WRONG, "onnxruntime", f"does not import: {module}",
            "Install it anew: pip install --force-reinstall --no-deps "
            + " ".join(name for name in RUNTIMES if name in installed),
            essential=True,
        )  # fmt: skip
        return [package, broken] if package.state == WRONG else [broken]
    offered = [str(name) for name in module.get_available_providers()]
    found = providers(offered, installed, gpu, built_for(module), has_library, trial_on(module))
    return [package, *found]


def runtime_package(installed: Mapping[str, str]) -> Finding:
    """Exactly one package may bring the folder `onnxruntime`."""
    present = [name for name in RUNTIMES if name in installed]
    fact = " and ".join(f"{name} {installed[name]}" for name in present)
    if not present:
        return Finding(
            MISSING, "onnxruntime", "not installed", 'pip install "livedream[cpu]"', essential=True
        )
    if len(present) > 1:
        keep = next(name for name in reversed(RUNTIMES) if name in present)
        return Finding(
            WRONG,
            "onnxruntime",
            f"{fact} at once; they overwrite each other's files",
            f"pip uninstall -y {' '.join(present)} && pip install {keep}=={installed[keep]}",
        )
    return Finding(OK, "onnxruntime", fact)


def providers(
    offered: Iterable[str],
    installed: Mapping[str, str],
    gpu: Gpu | None,
    built: int | None,
    library: Callable[[str], bool],
    trial: Callable[[Provider], str | None],
) -> list[Finding]:
    """What would run. `offered` only says what the package was built with, so what each needs is
    looked for too, and what a card should run is tried.

    built: the CUDA major version of the package. library: whether one is found. trial: why a
    provider for cards does not start, None where it does.
    """
    offered = list(offered)
    found = []
    judged = {
        "cuda": ("CUDA", lambda: cuda(installed, gpu, built, library)),
        "tensorrt": ("TensorRT", lambda: tensorrt(installed, gpu, library)),
    }
    for name, (subject, judge) in judged.items():
        provider = PROVIDERS[name]
        if provider.ep not in offered:
            continue
        judgement = judge()
        finding = Finding(judgement.state, subject, judgement.fact, judgement.advice)
        if finding.state == OK and (trouble := trial(provider)):
            finding = Finding(WRONG, subject, trouble, provider.install)
        found.append(finding)
    if "OpenVINOExecutionProvider" in offered:
        found.append(Finding(OK, "OpenVINO", "offered by onnxruntime-openvino"))
    if gpu and gpu.names and "CUDAExecutionProvider" not in offered:
        package = " ".join(name for name in RUNTIMES if name in installed)
        found.append(
            Finding(
                MISSING, "CUDA", "this onnxruntime was built without it",
                f'pip uninstall -y {package} && pip install "livedream[gpu]"',
            )
        )  # fmt: skip
    if "CPUExecutionProvider" in offered:
        found.append(Finding(OK, "CPU", f"{os.cpu_count()} cores"))
    return found


def opencv(installed: Mapping[str, str]) -> Finding:
    """OpenCV with a window, and only one of it."""
    present = [name for name in OPENCVS if name in installed]
    if len(present) > 1:
        keep = present[0]
        return Finding(
            WRONG, "OpenCV", f"{' and '.join(present)} at once; they overwrite each other's files",
            f"pip uninstall -y {' '.join(present)} && pip install {keep}=={installed[keep]}",
        )  # fmt: skip
    module = _imported("cv2")
    if isinstance(module, str):
        system = "" if sys.platform != "linux" else " On Debian: apt install libgl1 libglib2.0-0."
        return Finding(
            WRONG, "OpenCV", f"does not import: {module}", f"pip install opencv-python.{system}",
            essential=True,
        )  # fmt: skip
    window = window_system(module.getBuildInformation())
    if not window:
        return Finding(
            MISSING, "OpenCV", f"{module.__version__} without a window",
            "pip uninstall -y " + " ".join(present) + " && pip install opencv-python, or --headless"
            if present else "Install opencv-python, or use --headless.",
        )  # fmt: skip
    return Finding(OK, "OpenCV", f"{module.__version__}, window by {window}")


def window_system(information: str) -> str:
    """The window toolkit in OpenCV's build information; empty for none."""
    match = re.search(r"^\s*GUI:[ \t]*(\S*)", information, re.MULTILINE)
    return "" if match is None or match[1] in ("", "NONE", "NO") else match[1]


def pyav() -> Finding:
    """FFmpeg's encoders that clips and recordings are written with."""
    module = _imported("av")
    if isinstance(module, str):
        return Finding(
            WRONG, "PyAV", f"does not import: {module}", "pip install --force-reinstall av",
            essential=True,
        )  # fmt: skip
    # Here, because it needs PyAV.
    from ..sinks.formats import encoder_of, lacking_encoders

    lacking, version = lacking_encoders(), module.__version__
    if lacking:
        return Finding(
            MISSING, "PyAV", f"{version} without {', '.join(lacking)}",
            "Use PyAV's own wheel: pip install --force-reinstall --only-binary av av",
        )  # fmt: skip
    by = encoder_of(Path("recording.mp4")).name
    return Finding(OK, "PyAV", f"{version} with H.264, AAC, VP9, Opus; records by {by}")


def numba(installed: Mapping[str, str]) -> Finding:
    """What compiles the kernels of the shown picture for the processor."""
    if "numba" not in installed:
        return Finding(
            MISSING, "Numba", "not installed: pictures are made by OpenCV alone, and slower",
            'pip install "livedream[fast]"',
        )  # fmt: skip
    if why := trouble():
        return Finding(
            WRONG, "Numba", f"does not work: {why}",
            'pip install --upgrade "livedream[fast]", or pip uninstall numba to do without it',
        )  # fmt: skip
    return Finding(OK, "Numba", f"{installed['numba']}, compiles for this processor")


def export(installed: Mapping[str, str]) -> Finding:
    """Whether networks can be exported here."""
    lacking = missing_extra()
    if lacking:
        return Finding(MISSING, "export", f"not installed: {', '.join(lacking)}", INSTALL)
    versions = [f"{name} {installed.get(name, '')}".strip() for name in ("torch", "onnx")]
    return Finding(OK, "export", ", ".join(versions))


def weights() -> list[Finding]:
    """One row a model: are its weights here."""
    found = []
    for model in MODELS.values():
        path = weights_file(model.name)
        if path is not None:
            here = path.is_file()
            fact = path.name if here else f"{path.name} is not downloaded"
            advice = f"livedream run --model {model.name} downloads them ({_megabytes(model)})."
        else:
            here = importlib.util.find_spec(model.weights_package or "") is not None
            fact, advice = f"package {model.weights_package}", INSTALL
        found.append(
            Finding(OK if here else MISSING, model.name, "weights: " + fact, "" if here else advice)
        )
    return found


def trial_on(onnxruntime: ModuleType) -> Callable[[Provider], str | None]:
    """Of the kernels and of a session on a card, for `providers`."""

    def trouble(provider: Provider) -> str | None:
        # Here, because most machines have no card to try.
        from ..cuda.trial import kernels_trouble, session_trouble

        return kernels_trouble() or session_trouble(onnxruntime, provider)

    return trouble


def _imported(name: str) -> ModuleType | str:
    """The module, or why it does not import."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        return reason(error)


def _megabytes(model: object) -> str:
    return f"{getattr(model, 'weights_bytes', 0) / 1e6:.0f} MB"
