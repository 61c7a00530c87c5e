"""What can be played, with the ranges and steps that are promised, and the recipes."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest

from livedream.runtime.control.parameters import TRIGGERS, Show, parameters
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.errors import UsageError

LAYERS = {"a": 4, "b": 6}
PLAYED = parameters(LAYERS)

NUMBERS = {
    # name: low, high, step, unit
    "octaves": (1, 12, 1, ""),
    "octave_scale": (1.05, 4, 0.1, ""),
    "steps": (1, 200, 1, ""),
    "step_size": (0, 32, 0.25, "levels of 255"),
    "jitter": (0, 512, 4, "pixels"),
    "blur": (0, 8, 0.25, "pixels"),
    "colour": (0, 1.25, 0.05, ""),
    "coarseness": (0, 2, 0.25, ""),
    "half_life": (0, 60, 0.1, "seconds"),
    "strength": (0, 128, 2, "levels of 255"),
    "camera": (0, 1, 0.05, ""),
    "tone": (-1, 1, 0.1, ""),
    "detail": (-1, 1, 0.25, ""),
    "zoom": (0.25, 4, 0.05, "times a second"),
    "turn": (-180, 180, 5, "degrees a second"),
    "drift_x": (-1, 1, 0.05, "widths a second"),
    "drift_y": (-1, 1, 0.05, "heights a second"),
    "calm": (0, 0.8, 0.1, ""),
    "channel": (-1, 5, 1, ""),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_stay_in_their_range_and_move_by_their_step(name):
    low, high, step, unit = NUMBERS[name]
    parameter = PLAYED[name]
    assert (parameter.clamp(-1e9), parameter.clamp(1e9)) == (low, high)
    start = (math.ceil(low / step) + 2) * step
    assert parameter.moved(start, 1) == pytest.approx(start + step)
    assert parameter.moved(start, -1) == pytest.approx(start - step)
    assert parameter.unit == unit


@pytest.mark.parametrize(
    ("name", "whole"),
    [("octaves", True), ("steps", True), ("jitter", True), ("channel", True), ("blur", False)],
)
def test_what_is_counted_is_whole(name, whole):
    assert PLAYED[name].clamp(2.75) == (3 if whole else 2.75)


def test_everything_has_a_name_and_a_sentence_of_its_own():
    assert all(name == parameter.name for name, parameter in PLAYED.items())
    sentences = [parameter.sentence for parameter in PLAYED.values()]
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)
    assert {"mirror", "freeze", "compare", "record", "fullscreen", "hud", "help"} <= set(PLAYED)
    assert {trigger.name for trigger in TRIGGERS} == {"reset", "snapshot", "quit"}
    assert all(PLAYED[trigger.name].kind == "trigger" for trigger in TRIGGERS)


OUTS = [f"out{number}" for number in range(1, 9)]


def test_every_surface_finds_things_in_their_groups():
    groups = {
        group: {each.name for each in PLAYED.values() if each.group == group}
        for group in ("picture", "window", "show")
    }
    assert groups == {
        "picture": {
            "mirror",
            "freeze",
            "compare",
            "amount",
            "calm",
            "finer",
            "fluid",
            "picture",
            "mask",
        },
        "window": {"fullscreen", "hud", "help", "code"},
        "show": {
            "hold",
            "record",
            "source",
            "source_fade",
            "slide_seconds",
            "slide_fade",
            "flash_limit",
            "light",
            "presence",
            *OUTS,
            *(trigger.name for trigger in TRIGGERS),
        },
    }
    rest = set(PLAYED).difference(*groups.values())
    assert {PLAYED[name].group for name in rest} == {"dream", "play"}


def test_what_nobody_says_is_the_live_recipe_of_a_whole_layer():
    assert (PLAYED["recipe"].default, PLAYED["channel"].default) == ("live", -1)
    assert PLAYED["size"].clamp(PLAYED["size"].default) == "320x240"
    assert not any(trigger.default for trigger in TRIGGERS)


def test_a_show_begins_with_the_numbers_over_a_plain_picture():
    show = asdict(Show())
    assert (show.pop("flash_limit"), show.pop("presence")) == ("standard", "off")
    assert show.pop("mask") == "everywhere"
    assert [show.pop(name) for name in ("source_fade", "slide_seconds", "slide_fade")] == [
        1, 8, 1.5,
    ]  # fmt: skip
    assert [name for name, on in show.items() if on] == ["amount", "calm", "fluid", "light", "hud"]


def test_what_needs_a_session_says_so():
    prepared = {name for name, parameter in PLAYED.items() if parameter.cost == "prepared"}
    assert prepared == {"layers", "layer", "size", "octaves", "octave_scale", "source"}


def test_sums_and_sizes_are_checked_and_written_in_one_way():
    assert PLAYED["layers"].clamp(" a*1.0 + b:2 ") == "a+b:2"
    with pytest.raises(UsageError, match="nearest: a"):
        PLAYED["layers"].clamp("aa")
    with pytest.raises(UsageError, match="channels 0 to 5"):
        PLAYED["layers"].clamp("b:6")
    assert PLAYED["size"].clamp("0640X480") == "640x480"
    with pytest.raises(UsageError):
        PLAYED["size"].clamp("640")
    assert PLAYED["layer"].choices == ("a", "b")
    assert set(RECIPES) - set(PLAYED["recipe"].choices) == {"accentuate"}  # of photos alone


def test_a_network_of_no_layers_has_the_whole_channel_alone():
    assert parameters({})["channel"].high == 0


def test_the_notebooks_recipe_is_the_notebooks():
    """iter_n=10, octave_n=4, octave_scale=1.4, step_size=1.5, jitter=32, and nothing else."""
    google = RECIPES["google"]
    assert not google.live
    assert asdict(google.dream) == {
        "octaves": 4, "octave_scale": 1.4, "steps": 10, "step_size": 1.5, "jitter": 32,
        "blur": 0, "colour": 1, "coarseness": 0, "half_life": 0, "strength": 0,
        "camera": 1, "tone": 0, "detail": 0, "tv": 0, "l2": 0,
        "smooth": 0, "clip_norm": 0, "clip_contribution": 0, "zoom": 1, "turn": 0, "drift_x": 0,
        "drift_y": 0,
    }  # fmt: skip


def test_the_live_recipe_carries_fades_and_limits_the_dream():
    live = RECIPES["live"]
    assert live.live
    assert live.dream.half_life > 0
    assert live.dream.strength > 0
    assert replace(live.dream, steps=1) == live.dream
    assert all(recipe.name == name for name, recipe in RECIPES.items())
