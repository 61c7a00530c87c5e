"""What is said to play the presets: recalls, ways out of them, and what recalls by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..declared import Parameter, choice, number, toggle
from ..errors import UsageError, nearest
from .tempo import FASTEST, SLOWEST

HIGHEST = 99
"""The largest number of a preset."""


WAITS = {"at once": 0, "beat": 1, "bar": 4, "4 bars": 16}
"""What a recall waits for, and every how many beats that comes."""

UNITS = ("seconds", "beats", "bars")
ORDERS = ("in order", "random")


@dataclass(frozen=True)
class Playing:
    """What plays the presets."""

    preset: int = number(
        0, "Recall a preset by its number, in the seconds said or else in its own.", low=0,
        high=HIGHEST, step=1, group="play",
    )  # fmt: skip
    store: int = number(
        0, "Keep what is played now as the preset of this number.", low=0, high=HIGHEST, step=1,
        group="play",
    )  # fmt: skip
    wait: str = choice("at once", tuple(WAITS), "What a recall waits for.", group="play")
    auto: bool = toggle(False, "Recall one preset after the other.", group="play")
    auto_every: float = number(
        20, "How long each of them stays.", low=1, high=1800, step=1, unit="of auto unit",
        curve="log", group="play",
    )  # fmt: skip
    auto_unit: str = choice("seconds", UNITS, "What that is counted in.", group="play")
    auto_order: str = choice("in order", ORDERS, "Which one comes next.", group="play")
    tempo: float = number(
        120, "Beats a minute.", low=SLOWEST, high=FASTEST, step=1, unit="bpm", group="play"
    )
    follow: bool = toggle(
        True, "The beat is that of the sound, where one is heard; until a hand sets it.",
        group="play",
    )  # fmt: skip
    offset: float = number(
        0, "How much earlier the beat shall be seen.", low=-500, high=500, step=5, unit="ms",
        group="play",
    )  # fmt: skip
    panic: bool = toggle(False, "The camera alone, at once; off is the dream again.", group="play")


TRIGGERS = tuple(
    Parameter(name, "trigger", sentence, False, group="play")
    for name, sentence in (
        ("next", "Recall the next preset."),
        ("previous", "Recall the preset before."),
        ("cut", "Be at once where things are going."),
        ("undo", "Back at once to what was played before the last recall."),
        ("go", "Recall the next cue."),
        ("back", "Recall the cue before."),
        ("tap", "A beat is now; the first tap after a pause begins a bar."),
        ("halve", "Half the tempo."),
        ("double", "Twice the tempo."),
        ("earlier", "The beats come 10 ms earlier."),
        ("later", "The beats come 10 ms later."),
    )
)


RECALL = Parameter(
    "recall", "text", "Recall a preset by its name; tells the name of the one that plays.", "",
    group="play",
)  # fmt: skip


def learn(parameters: Mapping[str, Parameter]) -> Parameter:
    """What a controller shall learn to play: one of the `parameters`."""

    def check(text: str) -> str:
        name, _, value = text.strip().partition(" ")
        if name and name not in parameters:
            raise UsageError(
                f"There is no parameter '{name}'; nearest: {nearest(name, parameters)}."
            )
        return f"{name} {parameters[name].clamp(value)}" if value else name

    return Parameter(
        "learn", "text", "What the control that is moved next shall play: a name, or `preset 3` "
        "to say a value.", "", group="play", check=check,
    )  # fmt: skip
