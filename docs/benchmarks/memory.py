"""How much memory a photo takes to dream, in tiles: MB beside each megapixel, and at all.

    python docs/benchmarks/memory.py [--sizes 2048x1024,4096x2048] [--options "OPTION VALUE"]

Each is dreamt by the command itself, one step on one octave, and what it and its processes hold in
memory is added up while it runs; the most of that counts.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import time
from pathlib import Path

import cv2
import psutil

from livedream.runtime.live.sources.cloudscape import Cloudscape
from livedream.runtime.scaling import parse_size


def most(command: list[str]) -> float:
    """The most that a command and its processes hold, MB."""
    process, peak = psutil.Popen(command), 0
    while process.poll() is None:
        held = 0
        for each in (process, *process.children(recursive=True)):
            try:
                held += each.memory_info().rss
            except psutil.Error:
                continue  # it ended meanwhile
        peak = max(peak, held)
        time.sleep(0.02)
    if process.returncode:
        sys.exit(process.returncode)
    return peak / 1e6


def main() -> None:
    """Print a line for each size, and what every megapixel adds."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", default="2048x1024,4096x2048")
    options.add_argument("--options", default="")
    given = options.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "in.png", Path(folder) / "out.png"
        for size in given.sizes.split(","):
            width, height = parse_size(size)
            scene = Cloudscape((512, 256), 0).draw(0)
            cv2.imwrite(str(photo), cv2.resize(scene, (width, height)))
            command = [sys.executable, "-m", "livedream.runtime", "image", str(photo), str(out)]
            command += ["--model", "efficientnet_lite0", "--layers", "block9", "--size", size]
            command += ["--steps", "1", "--octaves", "1", "--overwrite", "--provider", "cpu"]
            found.append((width * height / 1e6, most([*command, *shlex.split(given.options)])))
            print(f"{size}: {found[-1][1]:.0f} MB", flush=True)
    (small, less), (large, more) = found[0], found[-1]
    each = (more - less) / (large - small)
    print(f"{each:.0f} MB a megapixel beside {less - each * small:.0f} MB")


if __name__ == "__main__":
    main()
