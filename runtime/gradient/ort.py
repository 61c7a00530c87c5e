"""onnxruntime, or one sentence about how to install it: three packages bring it."""

from __future__ import annotations

from ..errors import LivedreamError

try:
    import onnxruntime as ort
except ModuleNotFoundError as error:
    raise LivedreamError(
        'There is no onnxruntime here; install one with `pip install "livedream[openvino]"` (or '
        "gpu, or cpu, in place of openvino)."
    ) from error

# What matters comes as an exception; the rest is of what it tries before what works.
ort.set_default_logger_severity(4)

__all__ = ["ort"]
