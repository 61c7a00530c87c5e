"""What is said to play the presets: recalls, ways out of them, and what recalls by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ..declared import Parameter, number, toggle

HIGHEST = 99
"""The largest number of a preset."""


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
    panic: bool = toggle(False, "The camera alone, at once; off is the dream again.", group="play")


TRIGGERS = tuple(
    Parameter(name, "trigger", sentence, False, group="play")
    for name, sentence in (
        ("next", "Recall the next preset."),
        ("previous", "Recall the preset before."),
        ("cut", "Be at once where things are going."),
        ("undo", "Back at once to what was played before the last recall."),
    )
)
