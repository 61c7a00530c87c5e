"""Feed what reads bytes from outside with thousands of damaged inputs.

    python -m tests.fuzz --examples 10000 [--only graph,osc]

Each reader may refuse in its own way, a LivedreamError, and else has to return: no other error, no
input that takes longer than DEADLINE. It is a tool for whoever changes a reader; what it prints of
an input that fails is short and can become a test.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as any_

from livedream.runtime.control import addresses, artnet, os2l, sacn
from livedream.runtime.control.page import messages
from livedream.runtime.control.parameters import parameters
from livedream.runtime.control.presets import parse_preset
from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.store.settings import read_settings, with_settings

from .runtime.toy_graph import write_toy

DEADLINE = 2.0
"""Seconds of processor time."""

WAITS = 120_000
"""Milliseconds; a machine that is busy is slow too."""

PLAYED = parameters({"a": 4, "b": 8})
NAMES = [*PLAYED, "", "nothing", "../../etc/passwd", "layers.a"]
VALUES = any_.recursive(
    any_.none() | any_.booleans() | any_.integers() | any_.floats() | any_.text(max_size=20),
    lambda inner: any_.lists(inner, max_size=4) | any_.dictionaries(any_.text(max_size=8), inner),
    max_leaves=8,
)


def damaged(whole: bytes) -> any_.SearchStrategy[bytes]:
    """`whole` with some bytes changed, put in or cut out, or its end missing."""
    edit = any_.tuples(any_.integers(0, len(whole)), any_.integers(0, 8), any_.binary(max_size=8))

    def done(edits: list[tuple[int, int, bytes]], end: int) -> bytes:
        content = whole
        for place, gone, new in edits:
            content = content[:place] + new + content[place + gone :]
        return content[:end]

    ends = any_.just(1 << 30) | any_.integers(0, len(whole))
    return any_.builds(done, any_.lists(edit, max_size=6), ends)


def readers(folder: Path) -> dict[str, tuple[any_.SearchStrategy, Callable[[object], object]]]:
    """By name: what is made, and what reads it."""
    place = folder / "input"

    def from_file(read: Callable[[Path], object]) -> Callable[[object], object]:
        def reading(content: object) -> object:
            assert isinstance(content, bytes)
            place.write_bytes(content)
            return read(place)

        return reading

    graph = write_toy(folder / "toy.onnx").read_bytes()
    picture = cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    snapshot = with_settings(picture, {"layers": "a", "step_size": 1.5, "recipe": "live"})
    preset = b'name = "one"\nfade = 2.0\n[values]\nlayers = "a*0.5+b:2"\nstep_size = 3\n'
    beat = b'{"evt":"beat","change":false,"pos":12,"bpm":128.5,"strength":0.8}' * 2
    said = json.dumps({"say": {"step_size": 2.0}, "seconds": 1}).encode()
    keyed = any_.dictionaries(
        any_.sampled_from([*NAMES, "say", "seconds", "nudge", "look"]), VALUES
    )
    universe = bytes(range(256)) * 3
    return {
        "graph": (damaged(graph) | any_.binary(max_size=400), from_file(read_graph)),
        "snapshot": (damaged(snapshot), from_file(read_settings)),
        "preset": (
            damaged(preset) | any_.binary(max_size=200),
            lambda data: parse_preset(data.decode("utf-8", "replace"), "input", PLAYED),  # pyright: ignore[reportAttributeAccessIssue]
        ),
        "osc": (
            any_.tuples(
                any_.sampled_from([*NAMES, *(f"{name}/norm" for name in NAMES), "refresh"]).map(
                    lambda name: addresses.PREFIX + name
                )
                | any_.text(max_size=30),
                any_.lists(VALUES, max_size=4),
            ),
            lambda pair: addresses.understood(*pair, PLAYED),  # pyright: ignore[reportGeneralTypeIssues]
        ),
        "page": (
            damaged(said) | keyed.map(lambda table: json.dumps(table).encode()),
            lambda data: messages.understood(data, PLAYED),  # pyright: ignore[reportArgumentType]
        ),
        "os2l": (damaged(beat) | any_.text(max_size=200).map(str.encode), read_os2l),
        "artnet": (
            damaged(b"Art-Net\0\0\x50\0\x0e\0\0\0\0\2\0" + universe[:512]),
            artnet.read,  # pyright: ignore[reportReturnType]
        ),
        "sacn": (any_.binary(max_size=700) | damaged(universe[:638]), sacn.read),  # pyright: ignore[reportReturnType]
    }


def read_os2l(data: object) -> None:
    """As the server does."""
    assert isinstance(data, bytes)
    with suppress(ValueError, RecursionError):
        for content in os2l.taken_apart(data.decode(errors="surrogateescape"))[0]:
            os2l.beat_of(content)


def fuzz(name: str, examples: int, folder: Path) -> float:
    """Seconds that `examples` inputs took. Raises what a reader should not have raised."""
    made, read = readers(folder)[name]

    @settings(
        max_examples=examples,
        deadline=WAITS,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(made)
    def run(content: object) -> None:
        before = time.thread_time()
        with suppress(LivedreamError):
            read(content)
        took = time.thread_time() - before
        assert took < DEADLINE, f"{took:.1f} s of processor time"

    began = time.monotonic()
    run()
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--only", help="names of readers, with commas between")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = options.only.split(",") if options.only else list(readers(Path(folder)))
        for name in names:
            seconds = fuzz(name, options.examples, Path(folder))
            print(f"{name}: {options.examples} inputs, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
