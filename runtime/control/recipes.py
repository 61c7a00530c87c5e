"""Named sets of values: the notebook's, and the one for live pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..dream.values import Dream


@dataclass(frozen=True)
class Recipe:
    """A way to dream.

    live: the dream of the last frame is carried along the motion; otherwise every frame is dreamt
    alone, as the notebook does. film: clips are dreamt as steadily as they can be (`dream/film`).
    accentuates: what a layer sees in a photo is made plainer (`dream/accentuating`).
    """

    name: str
    sentence: str
    live: bool
    dream: Dream
    film: bool = False
    accentuates: bool = False


GOOGLE = Dream(octaves=4, octave_scale=1.4, steps=10, step_size=1.5, jitter=32)
"""The values of the notebook."""

COLOUR, COARSENESS = 0.6, 1
"""Nearest to nature's: the coloured noise of a raw gradient becomes fur and volumes."""

LIVE = Dream(
    octaves=2,
    octave_scale=1.6,
    steps=1,
    step_size=3.25,
    jitter=16,
    blur=0.7,
    colour=COLOUR,
    coarseness=COARSENESS,
    half_life=1.0,
    strength=24,
)
"""Little on every frame: what was dreamt before is carried along."""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "google",
            "The DeepDream notebook of 2015: 4 octaves of 10 steps, every frame alone.",
            live=False,
            dream=GOOGLE,
        ),
        Recipe(
            "photo",
            "The notebook's recipe with the colours and scales of nature: for photographs.",
            live=False,
            dream=replace(GOOGLE, colour=COLOUR, coarseness=COARSENESS),
        ),
        Recipe(
            "accentuate",
            "What a layer sees in a photo made plainer, and only where it sees it.",
            live=False,
            dream=Dream(octaves=1, steps=100, step_size=2, jitter=32, l2=1),
            accentuates=True,
        ),
        Recipe(
            "zoom",
            "For flights into a picture: little on every frame, since it adds up.",
            live=False,
            dream=Dream(
                octaves=3,
                octave_scale=1.4,
                steps=2,
                step_size=1,
                jitter=32,
                blur=0.5,
                colour=COLOUR,
                coarseness=COARSENESS,
            ),
        ),
        Recipe(
            "live",
            "One step per octave and frame; the dream is carried along the motion of the picture.",
            live=True,
            dream=LIVE,
        ),
        Recipe(
            "film",
            "For clips, as steady as they get: flow at full size, several steps a frame; slow.",
            live=True,
            dream=replace(LIVE, octaves=3, octave_scale=1.4, steps=3, step_size=1.5),
            film=True,
        ),
    )
}
