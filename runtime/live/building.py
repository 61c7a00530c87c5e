"""`livedream build`: everything that a show would open, made ahead of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ..choices import Choices
from ..control.presets import Preset
from ..control.shelf import Looks
from ..errors import LivedreamError
from ..gradient.network import Network
from ..gradient.platform import start_order
from ..gradient.providers import Provider
from ..gradient.selection import Engines, Opening
from ..gradient.wanted import Wanted
from ..progress import stages
from ..scaling import fit
from ..start import network_of, platform_of
from .rehearsal import rehearse
from .surfaces import Surfaces


@dataclass(frozen=True)
class _Job:
    """To open `wanted` on a slow provider, or where there is none on the first that plays soon."""

    wanted: Wanted
    provider: Provider | None


def build(console: Console, choices: Choices, picture: tuple[int, int], show: Path | None) -> None:
    """Export the graphs, and open and check each size on every provider that the show would play
    on, for what the options ask for and the presets of `show`, or the looks of the network. What
    can be kept is kept: graphs, engines, what was found right.

    picture: (width, height) of the source; it is fitted into `--size`. Raises LivedreamError where
    something could not be opened, and as `run` does for what cannot be right.
    """
    network = network_of(choices, console.print)
    presets = Looks(network.layers).presets
    if show:
        rehearsed = rehearse(show, network, choices, {}, Surfaces(), (), ())
        network, choices, presets = rehearsed.network, rehearsed.choices, rehearsed.folder.presets
    platform = platform_of(choices, console.print)
    slow = [each for each in platform.providers if each.slow]
    quick = start_order(platform.providers)
    jobs = [
        _Job(wanted, provider)
        for wanted in wanted_by(network, choices, picture, presets.values())
        for provider in (*slow, *([None] if quick else []))
    ]
    began, failed = time.monotonic(), 0
    with stages(console) as progress:
        for number, job in enumerate(jobs):

            def told(stage: str, part: float, number: int = number) -> None:
                done = (number + part) / len(jobs)
                spent = time.monotonic() - began
                progress(f"{number + 1} of {len(jobs)}: {stage}{time_left(spent, done)}", done)

            opening, engines = Opening(told, console.print), Engines(network, platform)
            wanted, begun = job.wanted, time.monotonic()
            what = f"{wanted.objective} at {wanted.size[1]}x{wanted.size[0]}"
            try:
                if job.provider:
                    engine = engines.open(job.provider, wanted.objective, wanted.sizes, opening)
                else:
                    engine = engines.quick(wanted.objective, wanted.sizes, opening)
                name, took = engine.provider.name, time.monotonic() - begun
                console.print(f"{what} on {name}: ready after {took:.0f} s")
            except LivedreamError as error:
                failed += 1
                console.print(f"{what}: {error}")
            finally:
                engines.close()
    platform.close()
    if failed:
        raise LivedreamError(f"{failed} of {len(jobs)} could not be built; why is said above.")


def wanted_by(
    network: Network, choices: Choices, picture: tuple[int, int], presets: Iterable[Preset]
) -> Iterator[Wanted]:
    """What `choices` and `presets` have opened for a source of (width, height): each file on each
    set of octaves once, since sessions are steered to all layers that their file taps."""
    dream, seen = choices.dream(), []
    width, height = fit(*picture, choices.size or network.box)
    for values in ({}, *(preset.values for preset in presets)):
        layers = values.get("layers", choices.layers)
        wanted = Wanted(
            network.objective(None if layers is None else str(layers)),
            int(values.get("octaves", dream.octaves)),
            float(values.get("octave_scale", dream.octave_scale)),
            (height, width),
        )
        if not any(wanted.alike(other, network) for other in seen):
            seen.append(wanted)
            yield wanted


def time_left(spent: float, done: float) -> str:
    """Of work that did the part `done` in `spent` seconds; empty where that says too little."""
    if done < 0.02 or spent < 5:
        return ""
    minutes, seconds = divmod(round(spent * (1 - done) / done), 60)
    return f", {minutes}:{seconds:02d} left"
