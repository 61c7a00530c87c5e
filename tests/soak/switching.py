"""Changes of layer and size by the hundred, with real processes: what they leave behind.

    python -m tests.soak.switching --changes 1000

Prints memory, processes, threads and open files after 20 changes and as they go on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from ..patience import until
from ..runtime.gradient.test_switching import Show, children, wish

SIZES = ((32, 40), (40, 48), (48, 64))


def held(pid: int) -> str:
    """What this process and the one that plays hold, when all others are gone."""
    until(lambda: children() == [pid])
    time.sleep(0.3)
    here = psutil.Process()
    child = psutil.Process(pid).memory_info().rss
    return (
        f"{here.memory_info().rss / 1e6:.1f} MB here, {child / 1e6:.1f} MB in the child, "
        f"{here.num_threads()} threads, {here.num_fds()} files, {len(children())} processes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1000)
    changes = parser.parse_args().changes
    with tempfile.TemporaryDirectory() as folder:
        show = Show(Path(folder))
        took = []
        for number in range(1, changes + 1):
            before = time.monotonic()
            show.change(wish("bcdea"[number % 5], 1 + number % 3, SIZES[number % 3]))
            took.append(time.monotonic() - before)
            if number == 20 or number % 100 == 0 or number == changes:
                print(f"{number}: {held(show.pid)}", flush=True)
        took.sort()
        print(f"a change takes {took[len(took) // 2]:.2f} s, at most {took[-1]:.2f} s")
        show.switcher.close()


if __name__ == "__main__":
    main()
