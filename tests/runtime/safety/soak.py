"""Random streams built to flash, through the limiter, counted by the oracle.

python -m tests.runtime.safety.soak --frames 100000
"""

from __future__ import annotations

import argparse
import time

from tests.runtime.safety import vectors
from tests.runtime.safety.checking import SHIFTED_GRIDS, flashing_share, limited, worst

CLIP = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first stream's seed")
    options = parser.parse_args()
    began = time.monotonic()
    highest, share = 0, 0.0
    for number in range(options.frames // CLIP):
        seed = options.first + number
        mode = "standard" if seed % 4 == 3 else "strict"
        shown = limited(vectors.hostile(seed, CLIP), mode)
        if mode == "strict":
            highest = max(highest, worst(*shown))
        shares = [flashing_share(*shown, grid, shift) for grid, shift in SHIFTED_GRIDS]
        share = max(share, *shares)
        if highest > 4 or share > 0.25:
            raise SystemExit(f"stream {seed} ({mode}): {highest} transitions, share {share:.3f}")
        if number % 20 == 19:
            frames = (number + 1) * CLIP
            passed = time.monotonic() - began
            print(
                f"{frames} frames, {passed:.0f} s: at most {highest}, share {share:.3f}", flush=True
            )


if __name__ == "__main__":
    main()
