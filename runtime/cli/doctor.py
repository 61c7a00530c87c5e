"""`livedream doctor`: what works here, and what to do about the rest.

Facts are gathered by `examine` and judged by pure functions; nothing is opened for longer than a
look, and nothing is changed. What is judged of CUDA and TensorRT is in `cuda.machine`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.text import Text

from ...export.catalogue import MODELS
from ..cuda.machine import (
    MISSING,
    OK,
    WRONG,
    Gpu,
    built_for,
    cuda,
    find_gpu,
    has_library,
    installed_packages,
    tensorrt,
)
from ..errors import LivedreamError, reason
from ..gradient.exporting import INSTALL, missing_extra, weights_file
from ..gradient.providers import PROVIDERS, Provider
from ..live.sources.needs import checks
from ..live.window.monitors import monitors, sleeps
from ..live.window.screen import INSTEAD, display_problem
from ..sinks.named import EXAMPLES, sink_named
from ..store.cache import cache_root, cache_size
from .finding import Finding
from .unattended import examine_exhibit

# Each brings the same folder `onnxruntime`; the one installed last overwrites the other's files.
RUNTIMES = (
    "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml",
)  # fmt: skip
OPENCVS = (
    "opencv-python", "opencv-contrib-python",
    "opencv-python-headless", "opencv-contrib-python-headless",
)  # fmt: skip
_FREE = 500_000_000


def run_doctor(console: Console, exhibit: bool = False) -> int:
    """Print the table, with `exhibit` of what an exhibit needs too. Returns the exit code: 1 where
    something essential is broken."""
    findings = [*examine(), *(examine_exhibit() if exhibit else [])]
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
        display(),
        *screens(),
        *cameras(),
        pyav(),
        *outputs(EXAMPLES),
        *sources(checks()),
        export(installed),
        *weights(),
        cache(),
    ]


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
    found = providers(offered, installed, gpu, built_for(module), has_library, _trial(module))
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


def graphics(gpu: Gpu | None) -> Finding:
    if gpu is None:
        return Finding(MISSING, "GPU", "no NVIDIA driver answers")
    names = ", ".join(gpu.names) or "no card is visible"
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


def display() -> Finding:
    """Whether a window could open."""
    problem = display_problem()
    if problem:
        return Finding(MISSING, "display", problem, f"Mend that, or {INSTEAD}.")
    return Finding(OK, "display", os.environ.get("DISPLAY") or f"of {platform.system()}")


def screens() -> list[Finding]:
    """Which screens `--screen` can fill, and whether the machine stays awake meanwhile."""
    try:
        there = monitors()
    except LivedreamError as error:
        found = Finding(MISSING, "--screen", *_told(error))
    else:
        names = (f"{each.name} {each.width}x{each.height}" for each in there)
        found = Finding(OK, "--screen", ", ".join(names))
    trouble = sleeps()
    if trouble:
        advice = "Turn sleep off in the settings of this machine while a show plays."
        return [found, Finding(MISSING, "kept awake", trouble, advice)]
    return [found, Finding(OK, "kept awake", "while a show plays")]


def cameras() -> list[Finding]:
    """Video devices on Linux; elsewhere only opening one would tell."""
    if not sys.platform.startswith("linux"):
        return [Finding(OK, "camera", "not looked for", "Try livedream --source 0.")]
    from ..live.sources import v4l2

    found, refused = [], []
    for path in v4l2.nodes():
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


def outputs(specs: Iterable[str]) -> list[Finding]:
    """Where the picture can go: one row of what works, and one of each that does not."""
    works, found = [], []
    for spec in specs:
        kind = spec.partition(":")[0]
        try:
            sink_named(spec).check()
        except LivedreamError as error:
            found.append(Finding(MISSING, f"--out {kind}", *_told(error)))
        else:
            works.append(kind)
    return [Finding(OK, "--out", ", ".join(["window", "files", *works])), *found]


def sources(checks: Mapping[str, Callable[[], object]]) -> list[Finding]:
    """Where the picture can come from beside cameras: one row of what works, and one of each that
    does not. checks: of `sources.needs`."""
    works, found = [], []
    for kind, check in checks.items():
        try:
            check()
        except LivedreamError as error:
            found.append(Finding(MISSING, f"--source {kind}", *_told(error)))
        else:
            works.append(kind)
    every = ["demo", "files", "folders", "streams by HTTP, RTSP, RTMP and UDP", *works]
    return [Finding(OK, "--source", ", ".join(every)), *found]


def _told(error: LivedreamError) -> tuple[str, str]:
    """What is missing, and what to do about it."""
    fact, _, advice = str(error).rstrip(".").partition("; ")
    if not advice.startswith("pip "):  # A command is copied as it is.
        advice = advice[:1].upper() + advice[1:]
    return fact, advice


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


def _trial(onnxruntime: ModuleType) -> Callable[[Provider], str | None]:
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


def _subjects(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.subject for finding in findings))
