"""Everything that can be played, gathered; command line, keys, help and surfaces derive from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ..declared import Parameter, choice, declared, number, toggle
from ..dream.values import Dream
from ..errors import UsageError
from ..gradient.objective import MOST_GUIDES, check_objective, lerp, parse_objective
from ..presence.kinds import Presence, Where
from ..safety.limiter import Mode
from ..scaling import parse_size
from . import playing
from .recipes import RECIPES


@dataclass(frozen=True)
class Show:
    """How the dream is shown: what is on and what is off."""

    mirror: bool = toggle(False, "Flip left and right.", group="picture")
    freeze: bool = toggle(False, "Hold the camera's picture still.", group="picture")
    compare: bool = toggle(False, "The camera left, the dream right.", group="picture")
    amount: float = number(
        1, "How much of the dream is laid over the camera's picture.", low=0, high=1, step=0.05,
        smoothing=0.1, group="picture",
    )  # fmt: skip
    calm: float = number(
        0.5, "How much of the dream just shown lasts into the next picture, at 25 a second: less "
        "flicker.", low=0, high=0.8, step=0.1, smoothing=0.1, group="picture",
    )  # fmt: skip
    mask: str = choice(
        "everywhere", get_args(Where),
        "Where the dream is: on people, in a band around them, on all but them, on what moves.",
        group="picture",
    )  # fmt: skip
    fluid: bool = toggle(
        True, "Show every camera frame, the newest dream carried to it.", group="picture"
    )
    finer: bool = toggle(
        False, "Detail at twice the dream's size, a window a dream; with hold where there is time.",
        group="picture",
    )  # fmt: skip
    flash_limit: str = choice(
        "standard", get_args(Mode),
        "How flashes are limited: in every spot, over areas, or not at all.", group="show",
    )  # fmt: skip
    light: float = number(
        1, "How bright the picture is; 0 is black.", low=0, high=1, step=0.05, smoothing=0.3,
        group="show",
    )  # fmt: skip
    hold: float = number(
        0, "Dreams a second to hold by dreaming less finely where the machine is busy; 0 is never.",
        low=0, high=60, step=5, unit="a second", group="show",
    )  # fmt: skip
    presence: str = choice(
        "off", get_args(Presence),
        "By what it is known that somebody is there; while nobody is, something attracts.",
        group="show",
    )  # fmt: skip
    source_fade: float = number(
        1, "How long one source takes to go over into the next.", low=0, high=60, step=0.5,
        unit="seconds", group="show",
    )  # fmt: skip
    slide_seconds: float = number(
        8, "How long each picture of a folder stays, its fade included.", low=0.5, high=3600,
        step=2, unit="seconds", curve="log", group="show",
    )  # fmt: skip
    slide_fade: float = number(
        1.5, "How long one picture of a folder takes to go over into the next.", low=0, high=60,
        step=0.5, unit="seconds", group="show",
    )  # fmt: skip
    record: bool = toggle(False, "Record the dream.", group="show")
    fullscreen: bool = toggle(False, "Full screen.", group="window")
    hud: bool = toggle(True, "The numbers over the picture.", group="window")
    help: bool = toggle(False, "The keys over the picture.", group="window")
    code: bool = toggle(False, "The page's address over the picture, to scan.", group="window")


@dataclass(frozen=True)
class Outs:
    """Which of the places that `--out` names get the picture; window and file do not count."""

    out1: bool = toggle(True, "The picture goes to the first --out.", group="show")
    out2: bool = toggle(True, "The picture goes to the second --out.", group="show")
    out3: bool = toggle(True, "The picture goes to the third --out.", group="show")
    out4: bool = toggle(True, "The picture goes to the fourth --out.", group="show")
    out5: bool = toggle(True, "The picture goes to the fifth --out.", group="show")
    out6: bool = toggle(True, "The picture goes to the sixth --out.", group="show")
    out7: bool = toggle(True, "The picture goes to the seventh --out.", group="show")
    out8: bool = toggle(True, "The picture goes to the eighth --out.", group="show")


SOURCE = "source"
"""The size of a picture that is shown as large as the camera gives it."""

CAMERA = "camera"
"""What the first camera is called among the sources."""

GROUPS = (Dream, Show, Outs, playing.Playing)
"""The dataclasses whose fields are parameters; a new group is a line here."""

TRIGGERS = tuple(
    Parameter(name, "trigger", sentence, False, group="show")
    for name, sentence in (
        ("reset", "Let go of the dream and start anew."),
        ("snapshot", "Save a picture with its settings."),
        ("quit", "End the show."),
    )
)


def parameters(
    layers: Mapping[str, int], sources: Sequence[str] = (CAMERA,)
) -> dict[str, Parameter]:
    """All of them by name, for a network with `layers`, name -> channels, and a show that may
    change between `sources`."""
    source = Parameter(
        "source", "choice", "The picture that is dreamt on, one of those that were listed.",
        sources[0], cost="prepared", choices=tuple(sources), group="show",
    )  # fmt: skip
    whole = (parameter for group in GROUPS for parameter in declared(group))
    every = (*_dreamt(layers), source, *whole, *TRIGGERS, *playing.TRIGGERS, playing.RECALL)
    named = {each.name: each for each in every}
    return {**named, "learn": playing.learn(named)}


def _dreamt(layers: Mapping[str, int]) -> tuple[Parameter, ...]:
    """What is dreamt, and how it is begun."""

    def check(text: str) -> str:
        objective = parse_objective(text)
        check_objective(objective, layers)
        if any(term.guided for term in objective.terms):
            raise UsageError("Here `guide` says which guide leads; leave @ and what follows away.")
        return str(objective)

    return (
        Parameter(
            "recipe", "choice", "The set of values that the others start from.", "live",
            choices=tuple(name for name, each in RECIPES.items() if not each.accentuates),
        ),
        Parameter(
            "layers", "text", "What is climbed: a layer, a channel, or a weighted sum of them.",
            "", cost="prepared", check=check, blend=_between,
        ),
        Parameter(
            "guide", "number", "Which photo of --guide leads: 0 none, 1 the first; between two of "
            "them, a morph.", 0.0, low=0, high=MOST_GUIDES, step=0.25, smoothing=0.2,
        ),
        Parameter(
            "layer", "choice", "The layer of the first term of the sum.", "", cost="prepared",
            choices=tuple(layers),
        ),
        Parameter(
            "channel", "number", "The channel of the first term; -1 is the whole layer.", -1,
            low=-1, high=max(layers.values(), default=1) - 1, step=1, whole=True,
        ),
        Parameter(
            "size", "text", "What is dreamt fits into this, width x height.", "320x240",
            unit="pixels", cost="prepared", check=lambda text: "{}x{}".format(*parse_size(text)),
        ),
        Parameter(
            "picture", "text", "What is shown fits into this, width x height; the camera's own "
            "size as `source`, at most 1920x1080.", SOURCE, unit="pixels", group="picture",
            check=lambda text: SOURCE if text == SOURCE else "{}x{}".format(*parse_size(text)),
        ),
    )  # fmt: skip


def _between(start: str, end: str, share: float) -> str:
    return str(lerp(parse_objective(start), parse_objective(end), share))
