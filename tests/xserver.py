"""An X server of one's own, without a window manager."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from .patience import PATIENCE


@contextmanager
def xserver(width: int = 1000, height: int = 700) -> Iterator[str]:
    """Its name while the block runs, such as `:5`. Needs Xvfb. It keeps what one client sets for
    the next."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24",
         "-nolisten", "tcp", "-noreset"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start; is one installed?")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(PATIENCE)
