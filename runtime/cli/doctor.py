"""`livedream doctor`: what works here, and what to do about the rest.

Facts are gathered by `examine` and judged by pure functions; nothing is opened for longer than a
look, and nothing is changed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import importlib.util
import os
import platform
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.text import Text

from ...export.catalogue import MODELS
from ..errors import LivedreamError
from ..gradient.exporting import INSTALL, missing_extra, weights_file
from ..store.cache import cache_root, cache_size

OK, MISSING, WRONG = "ok", "missing", "wrong"

# Each brings the same folder `onnxruntime`; the one installed last overwrites the other's files.
RUNTIMES = (
    "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml",
)  # fmt: skip
OPENCVS = (
    "opencv-python", "opencv-contrib-python",
    "opencv-python-headless", "opencv-contrib-python-headless",
)  # fmt: skip
_FREE = 500_000_000


@dataclass(frozen=True)
class Finding:
    """One row. state: `ok`, `missing` (something optional is not there) or `wrong` (there, but it
    cannot work). advice: what to do, empty where nothing is to be done. essential: without it
    nothing can be dreamt."""

    state: str
    subject: str
    fact: str
    advice: str = ""
    essential: bool = False


@dataclass(frozen=True)
class Gpu:
    """What the NVIDIA driver says. driver: like `580.95.05`. cuda: the newest it serves, like
    (13, 0). names: of the cards."""

    driver: str
    cuda: tuple[int, int]
    names: tuple[str, ...]


def run_doctor(console: Console) -> int:
    """Print the table. Returns the exit code: 1 where something essential is broken."""
    findings = examine()
    console.print(findings_text(findings, console.width), soft_wrap=True)
    broken = [finding for finding in findings if finding.essential and finding.state != OK]
    wrong = [finding for finding in findings if finding.state == WRONG]
    if broken:
        console.print(f"livedream cannot run here before this is mended: {_subjects(broken)}.")
    elif wrong:
        console.print(f"livedream runs here; not everything does: {_subjects(wrong)}.")
    else:
        console.print("livedream runs here. What is missing is needed only where you want it.")
    return 1 if broken else 0


def findings_text(findings: Iterable[Finding], width: int) -> Text:
    """A row a finding, what to do under it. Advice stays on one line, however long: a command that
    was wrapped cannot be copied. width: columns of the terminal."""
    style = {OK: "green", MISSING: "yellow", WRONG: "red"}
    findings = list(findings)
    states = max(map(len, style))
    subjects = max((len(finding.subject) for finding in findings), default=0)
    indent = states + subjects + 4
    text = Text()
    for finding in findings:
        text.append(f"{finding.state:<{states}}  ", style[finding.state])
        text.append(f"{finding.subject:<{subjects}}  ", "bold")
        fact = textwrap.wrap(
            finding.fact, max(20, width - indent), break_long_words=False, break_on_hyphens=False
        )
        text.append(("\n" + " " * indent).join(fact) + "\n")
        if finding.advice:
            text.append(f"{'':{states}}  -> {finding.advice}\n")
    return text


def examine() -> list[Finding]:
    """Everything that can be known here in about a second."""
    installed = installed_packages()
    gpu = find_gpu()
    return [
        python(sys.version_info[:3], installed),
        *onnxruntime(installed, gpu),
        graphics(gpu),
        opencv(installed),
        display(sys.platform, os.environ),
        *cameras(),
        pyav(),
        export(installed),
        *weights(),
        cache(),
    ]


def installed_packages() -> dict[str, str]:
    """Every installed distribution, its name in lower case with hyphens -> version."""
    found = {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name:  # a broken installation may leave a folder without metadata
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return found


def python(running: tuple[int, ...], installed: Mapping[str, str]) -> Finding:
    fact = ".".join(map(str, running)) + f", livedream {installed.get('livedream', 'uninstalled')}"
    if running < (3, 10):
        return Finding(WRONG, "Python", fact, "Install Python 3.10 or newer.", essential=True)
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
    built = _built_for(module)
    return [package, *providers(offered, installed, gpu, built, _library)]


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
) -> list[Finding]:
    """What would run. `offered` only says what the package was built with, so what each needs is
    looked for too. built: the CUDA major version of the package; library: whether one is found."""
    offered = list(offered)
    found = []
    if "CUDAExecutionProvider" in offered:
        found.append(cuda(installed, gpu, built, library))
    if "TensorrtExecutionProvider" in offered:
        found.append(tensorrt(installed, gpu, library))
    if "OpenVINOExecutionProvider" in offered:
        found.append(Finding(OK, "OpenVINO", "offered by onnxruntime-openvino"))
    if gpu and "CUDAExecutionProvider" not in offered:
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


def cuda(
    installed: Mapping[str, str],
    gpu: Gpu | None,
    built: int | None,
    library: Callable[[str], bool],
) -> Finding:
    """Whether onnxruntime's CUDA provider can start."""
    if gpu is None:
        return Finding(
            MISSING, "CUDA", "offered, but no NVIDIA driver answers; the CPU is used",
            "With an NVIDIA card: install its driver. Without: nothing.",
        )  # fmt: skip
    if built and gpu.cuda < (built, 0):
        return Finding(
            WRONG, "CUDA",
            f"onnxruntime is built for CUDA {built}, the driver {gpu.driver} serves up to "
            f"{gpu.cuda[0]}.{gpu.cuda[1]}",
            "Update the NVIDIA driver to 580 or newer." if built == 13
            else f"Update the NVIDIA driver to one for CUDA {built}.",
        )  # fmt: skip
    wanted = built or 13
    lacking = [name for name, file in _cuda_files(wanted) if not library(file)]
    if not lacking:
        return Finding(OK, "CUDA", f"for CUDA {wanted}, its libraries are there")
    other = 25 - wanted  # 12 and 13 are the two that wheels exist for
    strangers = sorted(name for name in installed if re.fullmatch(rf"nvidia-.*-cu{other}", name))
    if strangers:
        return Finding(
            WRONG, "CUDA",
            f"onnxruntime wants CUDA {wanted}, but the libraries here are for CUDA {other} "
            f"({', '.join(strangers[:3])})",
            'pip install "onnxruntime-gpu[cuda,cudnn]"',
        )  # fmt: skip
    return Finding(
        WRONG, "CUDA", f"not found: {', '.join(lacking)}; onnxruntime would use the CPU instead",
        'pip install "onnxruntime-gpu[cuda,cudnn]" (cuBLAS comes with cudnn)',
    )  # fmt: skip


def tensorrt(
    installed: Mapping[str, str], gpu: Gpu | None, library: Callable[[str], bool]
) -> Finding:
    """Whether the TensorRT that onnxruntime was built for, 10, is there."""
    pin = 'pip install "tensorrt-cu13>=10.14,<11"'
    versions = {
        name: installed[name]
        for name in ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")
        if name in installed
    }
    for name, version in versions.items():
        if _major(version) > 10:
            return Finding(
                WRONG, "TensorRT",
                f"{name} {version}, but onnxruntime's provider loads TensorRT 10 only",
                f"pip uninstall -y {' '.join(versions)} && {pin}",
            )  # fmt: skip
    if "tensorrt-cu12" in versions and "tensorrt-cu13" in versions:
        return Finding(
            WRONG, "TensorRT", "the packages for CUDA 12 and CUDA 13 at once",
            f"pip uninstall -y {' '.join(versions)} && {pin}",
        )  # fmt: skip
    if not library("libnvinfer.so.10"):
        return Finding(MISSING, "TensorRT", "offered, but TensorRT 10 is not installed", pin)
    if gpu is None:
        return Finding(MISSING, "TensorRT", "installed, but no NVIDIA driver answers")
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding(OK, "TensorRT", named or "TensorRT 10 of the system")


def graphics(gpu: Gpu | None) -> Finding:
    if gpu is None:
        return Finding(MISSING, "GPU", "no NVIDIA driver answers")
    names = ", ".join(gpu.names) or "no card"
    fact = f"{names}; driver {gpu.driver}, CUDA up to {gpu.cuda[0]}.{gpu.cuda[1]}"
    return Finding(OK if gpu.names else MISSING, "GPU", fact)


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


def display(system: str, environment: Mapping[str, str]) -> Finding:
    """Whether a window could open; on Linux OpenCV's window speaks X11 only."""
    if not system.startswith("linux"):
        return Finding(OK, "display", f"the desktop of {platform.system()}")
    name = environment.get("DISPLAY", "")
    if not name:
        wayland = environment.get("WAYLAND_DISPLAY")
        if wayland:
            return Finding(
                MISSING, "display", "Wayland without X11", "Install and enable XWayland, or use "
                "--headless.",
            )  # fmt: skip
        return Finding(
            MISSING, "display", "none (DISPLAY is not set)",
            "Log in at the screen, use `ssh -X`, or --headless with --record.",
        )  # fmt: skip
    answer = _x11_answers(name)
    if answer is False:
        return Finding(
            WRONG, "display", f"DISPLAY is {name}, but no X server answers there",
            "Correct DISPLAY, or use --headless.",
        )  # fmt: skip
    return Finding(OK, "display", f"{name}" + ("" if answer else " (not tried)"))


def cameras() -> list[Finding]:
    """Video devices on Linux; elsewhere only opening one would tell."""
    if not sys.platform.startswith("linux"):
        return [Finding(OK, "camera", "not looked for", "Try livedream --source 0.")]
    from ..live.sources import v4l2

    found, refused = [], []
    for path in sorted(Path("/dev").glob("video[0-9]*"), key=lambda path: int(path.name[5:])):
        try:
            device = v4l2.query(path)
        except LivedreamError as error:
            refused.append(Finding(WRONG, "camera", str(path), str(error)))
            continue
        if device.captures:
            found.append(Finding(OK, "camera", f"{device.path}: {device.name}"))
    nothing = Finding(
        MISSING, "camera", "none at /dev/video*", "Plug one in; meanwhile use --source demo."
    )
    return [*found, *refused] or [nothing]


def pyav() -> Finding:
    """FFmpeg's encoders that clips and recordings are written with."""
    module = _imported("av")
    if isinstance(module, str):
        return Finding(
            WRONG, "PyAV", f"does not import: {module}", "pip install --force-reinstall av",
            essential=True,
        )  # fmt: skip
    lacking = []
    for name in ("libx264", "aac", "libvpx-vp9", "libopus"):
        try:
            module.Codec(name, "w")
        except ValueError:  # PyAV's error for an unknown codec is one
            lacking.append(name)
    version = module.__version__
    if lacking:
        return Finding(
            MISSING, "PyAV", f"{version} without {', '.join(lacking)}",
            "Use PyAV's own wheel: pip install --force-reinstall --only-binary av av",
        )  # fmt: skip
    return Finding(OK, "PyAV", f"{version} with H.264, AAC, VP9, Opus")


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


def cache() -> Finding:
    """The cache folder: may it be written, how much is in it, how much room is left."""
    place = cache_root()
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            WRONG, "cache", f"{place} cannot be written",
            "Change its permissions, or set LIVEDREAM_CACHE to another folder.",
        )  # fmt: skip
    free = shutil.disk_usage(existing).free
    fact = f"{place}: {cache_size() / 1e6:.0f} MB, {free / 1e9:.1f} GB free"
    if free < _FREE:
        return Finding(WRONG, "cache", fact, "Free some space, or set LIVEDREAM_CACHE elsewhere.")
    return Finding(OK, "cache", fact)


def find_gpu() -> Gpu | None:
    """Asks the driver's own library, which takes milliseconds where nvidia-smi takes a second."""
    try:
        nvml = ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        text = ctypes.create_string_buffer(96)
        nvml.nvmlSystemGetDriverVersion(text, 96)
        driver = text.value.decode()
        number = ctypes.c_int()
        nvml.nvmlSystemGetCudaDriverVersion(ctypes.byref(number))
        count = ctypes.c_uint()
        nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        names = []
        for index in range(count.value):
            card = ctypes.c_void_p()
            if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(card)) == 0:
                nvml.nvmlDeviceGetName(card, text, 96)
                names.append(text.value.decode())
    finally:
        nvml.nvmlShutdown()
    return Gpu(driver, (number.value // 1000, number.value % 1000 // 10), tuple(names))


def _cuda_files(major: int) -> list[tuple[str, str]]:
    return [
        ("CUDA runtime", f"libcudart.so.{major}"),
        ("cuBLAS", f"libcublas.so.{major}"),
        ("cuDNN 9", "libcudnn.so.9"),
    ]


def _library(name: str) -> bool:
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


def _imported(name: str) -> ModuleType | str:
    """The module, or why it does not import."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__


def _built_for(module: ModuleType) -> int | None:
    """The CUDA major version that this onnxruntime was built for; None for one without."""
    with suppress(ImportError, AttributeError, ValueError):
        about = importlib.import_module(f"{module.__name__}.capi.build_and_package_info")
        return _major(about.cuda_version)
    return None


def _x11_answers(name: str) -> bool | None:
    """Whether an X server takes this user at display `name`; None where that cannot be tried.

    The same call that the window would make; a window without a display ends the whole process.
    """
    host = name.rpartition(":")[0]
    if host not in ("", "unix", "localhost"):
        return None  # over a network this could wait for long
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return None
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(name.encode(), None)
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _megabytes(model: object) -> str:
    return f"{getattr(model, 'weights_bytes', 0) / 1e6:.0f} MB"


def _subjects(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.subject for finding in findings))
