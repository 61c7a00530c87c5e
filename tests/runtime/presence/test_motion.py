"""The gate without a model: who is a visitor and what is light, on made-up rooms."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.presence.motion import LONG_SIDE, MotionGate, small

from .room import RATE, camera, lit, person, picture, wall


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(1)


class Watch:
    """A gate and a clock that goes on with every look."""

    def __init__(self, random: np.random.Generator, noise: float = 2.0) -> None:
        self.gate, self.random, self.noise, self.time = MotionGate(), random, noise, 100.0

    def look(self, light: np.ndarray, shown: np.ndarray | None = None) -> bool:
        self.time += 1 / RATE
        return self.gate.look(camera(light, self.random, self.noise), self.time, shown)

    def looks(self, light: np.ndarray, seconds: float) -> list[bool]:
        return [self.look(light) for _ in range(round(seconds * RATE))]


def test_a_person_who_walks_in_is_seen_at_once_and_gone_when_gone(random):
    watch, room = Watch(random), wall()
    assert not any(watch.looks(room, 10))
    walking = [watch.look(person(room, x)) for x in np.linspace(-20, 90, 25)]
    assert all(walking[8:])
    assert not any(watch.looks(room, 10)[5:])


def test_a_person_who_stands_and_breathes_stays_seen_for_minutes(random):
    watch, room = Watch(random), wall()
    watch.looks(room, 5)
    seen = [
        watch.look(person(room, 80, 2 * np.sin(index / 4))) for index in range(round(180 * RATE))
    ]
    assert np.mean(seen) > 0.95
    assert all(seen[:20])


def test_a_thing_that_is_put_down_becomes_the_room(random):
    watch, room = Watch(random), wall()
    watch.looks(room, 5)
    assert all(watch.looks(person(room, 40), 5))
    watch.looks(person(room, 40), 50)
    assert not any(watch.looks(person(room, 40), 10))


@pytest.mark.parametrize("factor", [0.3, 1.6])
def test_a_light_switch_is_nobody(random, factor):
    watch, room = Watch(random), wall() * 0.6
    watch.looks(room, 5)
    assert not any(watch.looks(room * factor, 20))
    assert not any(watch.looks(room, 20))


def test_after_a_light_switch_a_person_is_seen_again(random):
    watch, room = Watch(random), wall()
    watch.looks(room, 5)
    watch.looks(room * 0.4, 4)
    assert any([watch.look(person(room * 0.4, x)) for x in np.linspace(20, 90, 15)])


def test_a_sunset_is_nobody(random):
    watch, room = Watch(random), wall()
    seen = [watch.look(room * (1 - 0.8 * step / 900)) for step in range(900)]  # Three minutes.
    assert not any(seen)


@pytest.mark.parametrize("noise", [2, 8, 20])
def test_noise_is_nobody(random, noise):
    watch = Watch(random, noise)
    assert not any(watch.looks(wall(), 30))


def test_our_own_picture_on_the_wall_is_learnt_and_is_nobody(random):
    watch, room = Watch(random), wall()

    def attract(seconds: float) -> list[bool]:
        looks = []
        for _ in range(round(seconds * RATE)):
            shown = picture(watch.time)
            looks.append(watch.look(lit(room, shown), shown))
        return looks

    assert not any(attract(30))
    mask = watch.gate.own.mask((160, 120))
    assert mask is not None
    assert mask[45, 100]
    assert not mask[110, 20]
    walking = []
    for x in np.linspace(0, 50, 25):
        shown = picture(watch.time)
        walking.append(watch.look(person(lit(room, shown), x), shown))
    assert all(walking[10:])
    # What is shown follows the visitor from here on; the wall is still not looked at.
    seen = [watch.look(lit(room, picture(3 * watch.time, seed=8))) for _ in range(100)]
    assert not any(seen[10:])


def test_where_nothing_is_lit_by_it_nothing_is_left_out(random):
    watch, room = Watch(random), wall()
    for _ in range(100):
        watch.look(room, picture(watch.time))
    assert watch.gate.own.known
    assert watch.gate.own.mask((160, 120)) is None


def test_without_learning_our_own_picture_would_be_somebody(random):
    watch, room = Watch(random), wall()
    seen = [watch.look(lit(room, picture(watch.time))) for _ in range(100)]
    assert any(seen)


def test_pictures_are_made_small():
    assert small(np.zeros((1080, 1920), np.uint8)).shape == (90, LONG_SIDE)
    assert small(np.zeros((100, 30), np.uint8)).shape == (100, 30)
