"""onnxruntime, or one sentence about how to install it: three packages bring it."""

from __future__ import annotations

from .errors import LivedreamError

try:
    import onnxruntime as ort
except ModuleNotFoundError as error:
    raise LivedreamError(
        'There is no onnxruntime here; install one with `pip install "livedream[cpu]"` (or '
        "openvino, or gpu, in place of cpu)."
    ) from error

__all__ = ["ort"]
