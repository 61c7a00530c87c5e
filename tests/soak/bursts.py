"""Values said by OSC as fast as they can be, and nothing else: does the show live on?

    python -m tests.soak.bursts --count 5000 --seed 1

Prints how many bursts of 20 were said and how many pictures came meanwhile. Where the show died,
also how, where its threads were, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

from .faults import values_said
from .show_process import ShowProcess


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="of bursts")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=19700, help="the first of three")
    options = parser.parse_args()
    os.environ["PYTHONFAULTHANDLER"] = "1"
    chance, said = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory() as folder:
        show = ShowProcess(Path(folder), options.port)
        while said < options.count and show.process.poll() is None:
            values_said(show, chance)
            said += 1
            time.sleep(options.pause)
        died = show.process.poll()
        code = show.end()
        print(f"{said} bursts, {show.watch.pictures} pictures, exit code {code}")
        if died is not None:
            time.sleep(1.0)  # What it told at its end is still being read.
            raise SystemExit(show.said)


if __name__ == "__main__":
    main()
