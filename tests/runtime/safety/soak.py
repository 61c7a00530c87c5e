"""Random streams built to flash, through the limiter, counted by the oracle.

python -m tests.runtime.safety.soak --frames 100000
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np

from livedream.runtime.safety.limiter import Mode
from livedream.runtime.safety.pixels import Processor
from tests.runtime.safety import vectors
from tests.runtime.safety.checking import SHIFTED_GRIDS, flashing_share, limited, worst
from tests.runtime.safety.defined import DefinedPixels, GuessingPixels

CLIP = 100

PIXELS = {"processor": Processor, "card": DefinedPixels, "guessing": GuessingPixels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first stream's seed")
    parser.add_argument("--pixels", choices=PIXELS, default="processor")
    options = parser.parse_args()
    began = time.monotonic()
    frames, highest, share = 0, 0, 0.0
    for number, (name, mode, sequence) in enumerate(sequences(options.first)):
        if name.startswith("stream") and frames >= options.frames:
            break
        shown = limited(sequence, mode, PIXELS[options.pixels]())
        if mode == "strict":
            highest = max(highest, worst(*shown))
        shares = [flashing_share(*shown, grid, shift) for grid, shift in SHIFTED_GRIDS]
        share = max(share, *shares)
        if highest > 4 or share > 0.25:
            raise SystemExit(f"{name} ({mode}): {highest} transitions, share {share:.3f}")
        frames += len(shown[0])
        if number % 50 == 49:
            passed = time.monotonic() - began
            print(
                f"{name}: {frames} frames, {passed:.0f} s: at most {highest}, share {share:.3f}",
                flush=True,
            )
    print(f"{frames} frames: at most {highest} transitions, share {share:.3f}")


def sequences(first: int) -> Iterator[tuple[str, Mode, Iterable[tuple[np.ndarray, float]]]]:
    """(Name, mode, pictures and times): the vectors, then streams without end."""
    for name, vector in (vectors.VECTORS | vectors.CALM).items():
        for rate, jitter in ((24, False), (30, False), (60, False), (30, True), (7, True)):
            at = list(vectors.times(rate, 2.2, jitter))
            for mode in ("strict", "standard"):
                yield f"{name} at {rate}", mode, [(vector(moment), moment) for moment in at]
    for seed in count(first):
        mode = "standard" if seed % 4 == 3 else "strict"
        yield f"stream {seed}", mode, vectors.hostile(seed, CLIP)


if __name__ == "__main__":
    main()
