"""Whether the kinds of source that need more than this program work on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...errors import LivedreamError
from ...sinks import ndi
from ...sinks.stream import has_srt
from .desktop import grabber
from .neighbours import spout, syphon


def checks() -> Mapping[str, Callable[[], object]]:
    """Kind -> a quick look that raises LivedreamError: what is missing, what to do."""
    return {
        "screen": _screen,
        "ndi": ndi.library,
        "spout": spout,
        "syphon": syphon,
        "srt": _srt,
    }


def _screen() -> None:
    with grabber():
        pass


def _srt() -> None:
    if not has_srt():
        raise LivedreamError(
            'This PyAV speaks no SRT, which its wheels have up to 15.1; pip install "av>=15,<16".'
        )
