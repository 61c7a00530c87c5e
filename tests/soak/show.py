"""The show of a soak: the real program, with a camera and a network that fail when they are told
to, which also hands every picture that its sinks get to whoever started it.

    python -m tests.soak.show SWITCHES PIPE OPTIONS OF run
"""

from __future__ import annotations

import functools
import os
import struct
import sys
import time
from pathlib import Path

import numpy as np

from livedream.runtime.cli.main import main
from livedream.runtime.gradient import child
from livedream.runtime.live import show
from livedream.runtime.sinks.outputs import Outputs
from livedream.runtime.stats import Stats

from . import camera
from .switches import Switch, switches

HEADER = struct.Struct("=dHH")
"""When it was shown, monotonic seconds; height, width. The picture's bytes follow."""


SAMPLES = 1000
"""Times that are kept of each stage: when there are as many, memory grows no more for them."""


def run(path: str, pipe: int, options: list[str]) -> None:
    held = switches(Path(path))
    camera.install(held)
    child.COMMAND = (sys.executable, "-m", "tests.soak.network", path)
    wall = time.time
    time.time = lambda: wall() + int(held[Switch.CLOCK])

    class Seen(Outputs):
        def put(self, image: np.ndarray, time: float) -> None:
            super().put(image, time)
            tell(pipe, image)
            camera.SHOWN.tell()

    show.Outputs = Seen
    show.Stats = functools.partial(Stats, SAMPLES)
    sys.argv = ["livedream", "run", *options]
    main()


def tell(pipe: int, image: np.ndarray) -> None:
    """Waits where the one who reads is behind: each picture is looked at."""
    content = memoryview(HEADER.pack(time.monotonic(), *image.shape[:2]) + image.tobytes())
    while content:
        content = content[os.write(pipe, content) :]


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
