"""ATTRACT, NOTICE, DREAM, FADE: when they follow each other, and how they fade."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.presence.states import State, Visit


def play(visit: Visit, seen: bool, start: float, seconds: float) -> list[tuple[float, State]]:
    """Looks five times a second; when each state began."""
    changes = []
    for time in start + np.arange(0, seconds, 0.2):
        before = visit.state
        if visit.look(seen, float(time)) != before:
            changes.append((round(float(time) - start, 1), visit.state))
    return changes


def test_a_visit_from_beginning_to_end():
    visit = Visit(0.0)
    assert play(visit, False, 0, 10) == []
    assert play(visit, True, 10, 40) == [(0.4, State.NOTICE), (1.4, State.DREAM)]
    gone = play(visit, False, 50, 100)
    assert [state for _, state in gone] == [State.FADE, State.ATTRACT]
    assert gone[0][0] == pytest.approx(25, abs=0.6)
    assert gone[1][0] == pytest.approx(60, abs=0.6)
    assert visit.visits == 1


def test_two_of_five_looks_are_nobody():
    visit = Visit(0.0)
    for index in range(100):
        visit.look(index % 5 < 2, index / 5)
    assert visit.state == State.ATTRACT


def test_whoever_comes_back_while_it_fades_gets_the_camera_again_without_a_jump():
    visit = Visit(0.0)
    play(visit, True, 0, 5)
    play(visit, False, 5, 40)
    assert visit.state == State.FADE
    before = visit.share(45)
    assert 0.1 < before < 0.9
    play(visit, True, 45, 0.6)
    assert visit.state == State.NOTICE
    assert visit.share(45.4) == pytest.approx(before, abs=0.02)
    play(visit, True, 45.6, 2)
    assert visit.state == State.DREAM
    assert visit.share(47) == 0
    assert visit.visits == 1


def test_no_fade_is_quicker_than_a_second_and_all_are_smooth():
    visit = Visit(0.0)
    shares = []
    random = np.random.default_rng(3)
    changes = np.cumsum(random.uniform(2, 90, 20))
    for index in range(20_000):
        time = index / 25
        if index % 5 == 0:
            visit.look(bool(np.searchsorted(changes, time) % 2), time)
        shares.append(visit.share(time))
    steps = np.abs(np.diff(shares))
    assert steps.max() <= 1.5 / 25 + 1e-6  # The steepest of a fade of one second.
    assert min(shares) == 0
    assert max(shares) == 1
    assert visit.visits > 3


def test_after_a_long_pause_of_the_clock_it_goes_on_without_a_jump():
    visit = Visit(0.0, empty=False)
    play(visit, True, 0, 5)
    for _ in range(5):
        visit.look(False, 500.0)
    assert visit.share(500) == 0
    assert visit.share(501) == 1
    visit.look(False, 501.1)
    assert visit.state == State.ATTRACT


def test_a_show_without_presence_begins_with_the_dream():
    visit = Visit(0.0, empty=False)
    assert visit.state == State.DREAM
    assert visit.share(0) == 0
