"""`livedream show new`: a folder to begin with."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ...export.catalogue import MODELS
from ..control.folder import PLAN, PRESETS
from ..control.looks import looks, pictures
from ..control.presets import write_preset
from ..errors import LivedreamError, UsageError, nearest
from ..store.files import write_bytes

TEXT = """\
# A show of livedream: `livedream --show {folder}`.
#
# This file is yours: the program reads it and never writes it. What you save here and in presets/
# is taken into what plays. Options on the command line hold against it.

# What listens; nothing does unless it is asked for. "" is this machine alone, "lan" the network.
# osc = "lan"
# osc_to = "192.168.1.20:9000"   # who hears what changes without having spoken; more with commas
# page = ""
# midi = "auto"          # or a part of a controller's name
# dmx = "lan:artnet"     # a lighting desk; or sacn, with :UNIVERSE:ADDRESS
# sound = "default"      # or a part of the name of an input
# clock = "os2l"         # VirtualDJ's beat; or "lan:link", Ableton Link's

# While nobody is there, by `presence` below: "demo", "presets", or dreams recorded before.
# attract = "dreams.mp4"

# What may be played, by the names to say it with; the first one begins. Files are looked for here.
[sources]
# hall = "0"             # a camera's number or name, a clip, a picture, a folder of pictures,
# wall = "ndi:Wall"      # a stream, ndi, screen, demo

# What the show begins with. `livedream osc` lists all names and ranges.
[values]
# source = "wall"
# mirror = true
# fullscreen = true
# presence = "motion"    # while nobody is there, something attracts
# wait = "bar"           # a recall waits: "at once", "beat", "bar", "4 bars"
# tempo = 120
# auto = true            # one preset after the other ...
# auto_every = 20        # ... each for so long,
# auto_unit = "seconds"  # "seconds", "beats" or "bars",
# auto_order = "random"  # "in order" or "random"

# Cues, in order: the keys . and , go on and back.
# [[cue]]
# preset = 3             # by number, or by name: "Starry Night"
# fade = 4               # seconds; without it the preset's own
# bars = 8               # then the next one comes; or seconds, beats. Without: it waits for you

# A preset is a file presets/NN name.toml; so is a snapshot, presets/NN name.png. In a preset,
# waves move values around where they are:
# [[move]]
# of = "strength"
# wave = "sine"          # sine, triangle, saw, square, decay, random
# beats = 4              # a cycle; or hertz = 0.25
# depth = 0.2            # of the whole range
# phase = 0.0            # cycles ahead
"""


def make_folder(console: Console, folder: Path, model: str) -> None:
    """Raises UsageError for an unknown model and a folder that holds something, LivedreamError
    where it cannot be made."""
    if model not in MODELS:
        raise UsageError(f"There is no model '{model}'; nearest: {nearest(model, MODELS)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} holds something already; name a new folder.")
        (folder / PRESETS).mkdir()
    except OSError as error:
        raise LivedreamError(f"{folder} cannot be made: {error.strerror}.") from error
    write_bytes(folder / PLAN, TEXT.format(folder=folder).encode())
    layers = {layer.name: layer.channels for layer in MODELS[model].layers}
    shown = pictures(layers)
    for number, preset in looks(layers).items():
        path = folder / PRESETS / f"{number:02d} {preset.name}.toml"
        write_preset(path, preset)
        if number in shown:
            write_bytes(path.with_suffix(".jpg"), shown[number].read_bytes())
    console.print(f"{folder} is made; `livedream --show {folder}` plays it.")
