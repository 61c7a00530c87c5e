"""The execution providers that livedream knows: names, forms of graph, how to install them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ..errors import UsageError, nearest


@dataclass(frozen=True)
class Provider:
    """A provider under the name of `--provider`.

    ep: onnxruntime's name. form: the form of graph it runs best (see `livedream export`). install:
    the command that brings it. precisions: what its graphs or options offer. slow: it builds an
    engine, for minutes, before its first gradient; what it builds is timed, so that it wants the
    card for itself meanwhile, and kept. on_card: it runs on a graphics card. unproven: written from
    its documentation and run by nobody yet, so that `auto` leaves it out.
    """

    name: str
    ep: str
    form: str
    install: str
    precisions: tuple[str, ...] = ("fp32",)
    options: dict[str, str] = field(default_factory=dict)
    slow: bool = False
    on_card: bool = False
    unproven: bool = False


_REMOVE = "pip uninstall -y"
"""Each package of onnxruntime overwrites another's files."""

_UNPINNED = json.dumps({"CPU": {"ENABLE_CPU_PINNING": "NO"}})
"""A show keeps the cores busy beside the gradient: a thread that may not leave its core waits there
for others (docs/gradient.md)."""

PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            "tensorrt-rtx",
            "NvTensorRTRTXExecutionProvider",
            "gpu",
            f"{_REMOVE} onnxruntime-gpu onnxruntime-openvino && "
            'pip install "onnxruntime>=1.31" onnxruntime-ep-nv-tensorrt-rtx "cuda-core[cu13]"',
            ("fp32", "fp16"),
            slow=True,
            on_card=True,
        ),
        Provider(
            "tensorrt",
            "TensorrtExecutionProvider",
            "gpu",
            f'{_REMOVE} onnxruntime onnxruntime-openvino && pip install "livedream[gpu,tensorrt]"',
            ("fp32", "fp16"),
            slow=True,
            on_card=True,
        ),
        Provider(
            "cuda",
            "CUDAExecutionProvider",
            "gpu",
            f'{_REMOVE} onnxruntime onnxruntime-openvino && pip install "livedream[gpu]"',
            ("fp32", "tf32", "fp16"),
            on_card=True,
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            "openvino",
            f'{_REMOVE} onnxruntime && pip install "livedream[openvino]"',
            ("fp32",),  # bfloat16 climbs as well and is no quicker (docs/gradient.md)
            {"device_type": "CPU", "precision": "FP32", "load_config": _UNPINNED},
        ),
        Provider(
            "coreml",
            "CoreMLExecutionProvider",
            "openvino",
            'on macOS, pip install "livedream[cpu]"',
            options={"ModelFormat": "MLProgram", "RequireStaticInputShapes": "1"},
            unproven=True,
        ),
        Provider(
            "directml",
            "DmlExecutionProvider",
            "openvino",
            f"on Windows, {_REMOVE} onnxruntime && pip install onnxruntime-directml",
            unproven=True,
        ),
        Provider("cpu", "CPUExecutionProvider", "cpu", 'pip install "livedream[cpu]"'),
    )
}
"""In the order in which `auto` tries them."""


def find_provider(name: str) -> Provider:
    """The provider called `name`. Raises UsageError with the nearest names for an unknown one."""
    if name not in PROVIDERS:
        names = ["auto", *PROVIDERS]
        raise UsageError(f"There is no provider '{name}'; nearest: {nearest(name, names)}.")
    return PROVIDERS[name]
