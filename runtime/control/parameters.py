"""Every parameter of the dream, declared once; command line, keys and help derive from it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def parameter(
    default: Any, sentence: str, *, unit: str = "", step: float = 0, **limits: Any
) -> Any:
    """A field with its range, unit, and the step by which a key or a knob moves it."""
    return Field(
        default, description=sentence, json_schema_extra={"unit": unit, "step": step}, **limits
    )


class Dream(BaseModel):
    """How a frame is dreamt. A recipe is a set of values for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    octaves: int = parameter(2, "Scales the dream grows on, small to large.", step=1, ge=1, le=12)
    octave_scale: float = parameter(
        1.4, "Size ratio between one octave and the next.", step=0.1, ge=1.05, le=4
    )
    steps: int = parameter(1, "Gradient steps per octave.", step=1, ge=1, le=200)
    step_size: float = parameter(
        1.5,
        "Mean change of a pixel in one gradient step.",
        unit="levels of 255",
        step=0.25,
        ge=0,
        le=32,
    )
    jitter: int = parameter(
        32, "Largest random shift before each step.", unit="pixels", step=4, ge=0, le=512
    )
    blur: float = parameter(
        0, "Gaussian smoothing of the gradient, sigma.", unit="pixels", step=0.25, ge=0, le=8
    )
    half_life: float = parameter(
        0, "Time in which an old dream fades to half; live recipes only.", unit="seconds",
        step=0.1, ge=0, le=60,
    )  # fmt: skip
    strength: float = parameter(
        0, "Mean change of a pixel that a live dream may build up; 0 is no limit.",
        unit="levels of 255", step=2, ge=0, le=128,
    )  # fmt: skip


def moved(dream: Dream, name: str, direction: int) -> Dream:
    """`dream` with the field `name` one of its own steps up (direction 1) or down (-1).

    Raises pydantic's ValidationError at the end of the range.
    """
    value = getattr(dream, name) + direction * declared(name, "step")
    return Dream(**{**dream.model_dump(), name: value})


def declared(name: str, what: str) -> Any:
    """`unit` or `step` of the field `name`."""
    extra = Dream.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return extra[what]
