"""The fastest way with pictures in host memory that there is here."""

from __future__ import annotations

import functools
import importlib.util
import os
import threading

from ..errors import reason
from ..store.cache import cache_folder
from ..telling import console
from .pixels import Processor


@functools.cache
def compiles() -> bool:
    """Whether Numba compiles kernels of the picture for this processor. Where it is installed and
    fails, that is told: pictures are then made as without it."""
    if importlib.util.find_spec("numba") is None:
        return False
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder("compiled")))
    try:
        from ...kernels import compiled as _  # noqa: F401 - importing it compiles
    except (ImportError, RuntimeError) as error:
        console.print(f"Numba does not work here, pictures are made without it: {reason(error)}")
        return False
    return True


def compiling() -> threading.Thread:
    """Compiles in the background, ahead of who will ask. To be joined before the program ends."""
    thread = threading.Thread(target=compiles, name="compiling", daemon=True)
    thread.start()
    return thread


def processor() -> Processor:
    if not compiles():
        return Processor()
    from .compiled_pixels import CompiledProcessor  # Here, because it needs Numba.

    return CompiledProcessor()
