"""Every built-in look at its wildest, moved by the beat, before the oracle: none may flash.

    python -m tests.soak.looks --seconds 60 --graph efficientnet.onnx

The real show plays each look twice: as it is, with its light and its amount thrown on and off by
the beat, and with steps, strength and motion as large as they go. The camera flashes too, half of
the time. Without --graph it is the toy, with the looks' layers as deep in it. Exit code 1 where a
cell of a picture had more than MOST transitions in a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from livedream.runtime.control.looks import looks
from livedream.runtime.control.modulation import Modulation
from livedream.runtime.control.presets import Preset, write_preset
from livedream.runtime.control.tempo import FASTEST
from livedream.runtime.gradient.graph import read_graph
from tests.runtime.toy_graph import write_toy

from .show_process import ShowProcess
from .switches import Switch
from .watch import MOST

WILDEST = {
    "step_size": 32.0, "strength": 128.0, "half_life": 0.0, "jitter": 512.0, "amount": 1.0,
    "calm": 0.0, "colour": 1.25,
}  # fmt: skip
THROWN = (
    Modulation("light", -1.0, 1.0, wave="square"),
    Modulation("amount", -1.0, 0.5, wave="square", phase=0.25),
)
SHAKEN = (
    *THROWN,
    Modulation("step_size", -1.0, 0.5, wave="saw"),
    Modulation("tone", 1.0, 0.25, wave="square"),
    Modulation("turn", 0.5, 1.0, wave="random"),
    Modulation("zoom", 0.5, 0.5, wave="decay"),
)


def wild(layers: Mapping[str, int]) -> dict[int, Preset]:
    """The looks of a network with `layers`, name -> channels, each moved, and each at its
    wildest."""
    found: dict[int, Preset] = {}
    for look in looks(layers).values():
        values = {**look.values, **WILDEST}
        for each in (
            replace(look, fade=0.0, moves=THROWN),
            replace(look, name=f"{look.name} wild", fade=0.0, values=values, moves=SHAKEN),
        ):
            found[len(found) + 1] = each
    return found


def play(seconds: float, port: int, graph: Path | None, least: int = 1) -> tuple[int, int, int]:
    """Each for so long, and for so many pictures. Returns how many looks and pictures were shown,
    and the most transitions in any second and cell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        presets = wild(read_graph(graph or write_toy(folder / "toy.onnx")).layers)
        (folder / "show/presets").mkdir(parents=True)
        (folder / "show/show.toml").write_text(f"[values]\ntempo = {FASTEST}\n")
        for number, each in presets.items():
            write_preset(folder / f"show/presets/{number:02} {each.name}.toml", each)
        show = ShowProcess(folder, port, graph, "--show", str(folder / "show"))
        watch = show.watch
        try:
            for number in presets:
                show.forget()
                show.say("preset", number, 0)
                for flashing in (0, 1):
                    show.held[Switch.FLASHING] = flashing
                    begun = watch.newest
                    while watch.newest < begun + seconds / 2:
                        if not watch.until(watch.pictures + least, 60):
                            raise SystemExit(f"no picture of {presets[number].name}: {show.said}")
        finally:
            show.end()
        watch.join(10)
        return len(presets), watch.pictures, watch.flashes.most


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="for each")
    parser.add_argument("--graph", type=Path, help="another network than the toy, by `export`")
    parser.add_argument("--port", type=int, default=19800, help="the first of three")
    options = parser.parse_args()
    graph = options.graph and options.graph.absolute()
    count, pictures, most = play(options.seconds, options.port, graph)
    print(f"{count} looks, {pictures} pictures, at most {most} transitions in any second and cell")
    return int(most > MOST)


if __name__ == "__main__":
    sys.exit(main())
