"""Where a flight goes."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.errors import UsageError
from livedream.runtime.offline.zoom import Flight, frames, nearer, parse_path

from ..toy import ToyEngine


def spot(y: float, x: float) -> np.ndarray:
    rows, columns = np.mgrid[:120, :160]
    bright = 250 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 18)
    return np.repeat(bright.astype(np.uint8)[..., None], 3, 2)


def place(picture: np.ndarray) -> tuple[float, float]:
    weight = picture[..., 0].astype(float)
    rows, columns = np.mgrid[:120, :160]
    return (weight * rows).sum() / weight.sum(), (weight * columns).sum() / weight.sum()


def test_a_second_brings_it_nearer_by_the_rate():
    picture = spot(60, 100)
    flight = Flight(fps=10, rate=1.5)
    for _ in range(10):
        picture = nearer(picture, flight, 0)
    y, x = place(picture)
    assert y == pytest.approx(59.5 + 0.5 * 1.5, abs=0.7)
    assert x == pytest.approx(79.5 + 20.5 * 1.5, abs=0.7)


def test_a_second_turns_it_counter_clockwise_by_the_angle():
    picture = spot(59.5, 119.5)
    flight = Flight(fps=10, rate=1, rotate=90)
    for _ in range(10):
        picture = nearer(picture, flight, 0)
    y, x = place(picture)
    assert (y, x) == pytest.approx((19.5, 79.5), abs=0.8)


def test_what_is_flown_to_stays_and_the_path_leads_there():
    flight = Flight(path=((0.25, 0.75), (0.75, 0.25)))
    assert flight.aim(0) == (0.25, 0.75)
    assert flight.aim(1) == (0.75, 0.25)
    assert flight.aim(0.5) == pytest.approx((0.5, 0.5))
    picture = spot(0.75 * 119, 0.25 * 159)
    assert place(nearer(picture, Flight(fps=1, rate=2, path=flight.path), 0)) == pytest.approx(
        place(picture), abs=0.5
    )


def test_frames_are_the_dream_of_the_last_one_brought_nearer():
    def dreamer():
        return Dreamer(CpuDevice(), ToyEngine(), RECIPES["zoom"].dream, seed=2)

    flight = Flight(seconds=1, fps=3, rate=2)
    made = list(frames(dreamer(), spot(40, 40), flight))
    assert len(made) == 3
    again = dreamer()
    first = again.still(spot(40, 40))
    assert np.array_equal(made[0], first)
    assert np.array_equal(made[1], again.still(nearer(first, flight, 0)))


def test_a_path_is_read_and_a_wrong_one_told():
    assert parse_path("0.5,0.5  0.25,1") == ((0.5, 0.5), (0.25, 1.0))
    for text in ("", "0.5", "1.5,0", "a,b"):
        with pytest.raises(UsageError, match=r"0\.5,0\.5"):
            parse_path(text)
