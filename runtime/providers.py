"""onnxruntime's execution providers: which there are, how one is opened, what runs in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnxruntime as ort

from .errors import LivedreamError, UsageError, nearest


@dataclass(frozen=True)
class Provider:
    """A provider under the name of `--provider`.

    ep: onnxruntime's name. form: the form of graph it runs best (see `livedream export`).
    install: the command that brings it. precisions: what its graphs or options offer.
    """

    name: str
    ep: str
    form: str
    install: str
    precisions: tuple[str, ...] = ("fp32",)
    options: dict[str, str] = field(default_factory=dict)


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            "tensorrt",
            "TensorrtExecutionProvider",
            "gpu",
            'pip install "livedream[gpu,tensorrt]"',
            ("fp32", "fp16"),
        ),
        Provider(
            "cuda",
            "CUDAExecutionProvider",
            "gpu",
            'pip install "livedream[gpu]"',
            ("fp32", "fp16"),
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            "openvino",
            'pip uninstall onnxruntime && pip install "livedream[openvino]"',
            ("fp32", "bf16"),
            {"device_type": "CPU"},
        ),
        Provider("cpu", "CPUExecutionProvider", "cpu", 'pip install "livedream[cpu]"'),
    )
}
"""In the order in which `auto` tries them."""


def choose(name: str) -> list[Provider]:
    """The providers to try for `--provider name`, best first.

    Raises UsageError for an unknown name, LivedreamError for one that is not installed.
    """
    available = ort.get_available_providers()
    if name == "auto":
        return [provider for provider in PROVIDERS.values() if provider.ep in available]
    provider = PROVIDERS.get(name)
    if provider is None:
        names = ["auto", *PROVIDERS]
        raise UsageError(f"There is no provider '{name}'; nearest: {nearest(name, names)}.")
    if provider.ep not in available:
        raise LivedreamError(
            f"The provider '{name}' is not part of the onnxruntime installed here; install it "
            f"with: {provider.install}"
        )
    return [provider]


def open_session(
    path: Path,
    provider: Provider,
    *,
    size: tuple[int, int],
    precision: str = "auto",
    threads: int = 0,
    cache: Path | None = None,
) -> ort.InferenceSession:
    """A session for images of `size` (height, width), run by `provider` and nothing else.

    threads: 0 for all cores. cache: folder for compiled models. Raises LivedreamError when
    onnxruntime falls back to another provider, or cannot open the graph.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Two sessions take turns; a waiting pool that spins would take the cores from the other.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_free_dimension_override_by_name("height", size[0])
    options.add_free_dimension_override_by_name("width", size[1])
    try:
        session = ort.InferenceSession(
            path,
            options,
            providers=[(provider.ep, _provider_options(provider, precision, threads, cache))],
            enable_fallback=0,
        )
    except Exception as error:
        reason = str(error).split("\n")[0][:300]
        raise LivedreamError(
            f"{provider.name} could not open {path.name} at {size[1]}x{size[0]}: {reason}"
        ) from error
    if session.get_providers()[0] != provider.ep:
        raise LivedreamError(
            f"The provider '{provider.name}' is installed but did not start here; "
            "`livedream doctor` says what it lacks."
        )
    return session


def _provider_options(
    provider: Provider, precision: str, threads: int, cache: Path | None
) -> dict[str, Any]:
    options: dict[str, Any] = dict(provider.options)
    if provider.name == "openvino":
        if precision == "fp32":
            options["precision"] = "FP32"
        if threads:
            options["num_of_threads"] = str(threads)
        if cache is not None:
            options["cache_dir"] = str(cache)
    return options
