"""The fastest way with pictures in host memory that there is here."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import threading

from ..errors import reason
from ..store.cache import cache_folder
from ..telling import console
from .pixels import Processor


@functools.cache
def trouble() -> str | None:
    """Why Numba, which is installed, compiles nothing for this processor; None where it does."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder("compiled")))
    try:
        importlib.import_module("...kernels.compiled", __package__)
    except (ImportError, OSError, RuntimeError) as error:
        return reason(error)
    return None


@functools.cache
def compiles() -> bool:
    """Whether Numba compiles kernels of the picture. Where it is installed and does not, that is
    told, and pictures are made as without it."""
    if importlib.util.find_spec("numba") is None:
        return False
    if why := trouble():
        console.print(f"Numba does not work here ({why}); pictures are made by OpenCV alone.")
    return why is None


def compiling() -> threading.Thread:
    """Compiles in the background, ahead of who will ask. To be joined before the program ends."""
    thread = threading.Thread(target=compiles, name="compiling", daemon=True)
    thread.start()
    return thread


def processor() -> Processor:
    """Works on pictures by what is compiled, or else by OpenCV."""
    if not compiles():
        return Processor()
    from .compiled_pixels import CompiledProcessor  # Here, because it needs Numba.

    return CompiledProcessor()
