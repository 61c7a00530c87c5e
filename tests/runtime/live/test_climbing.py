"""Up again after a step down."""

from __future__ import annotations

from livedream.runtime.live.climbing import FIRST, Climbing


def test_what_was_given_up_is_asked_for_again_later_and_later():
    now = [0.0]
    climbing = Climbing(lambda: now[0])
    assert climbing.due({"octaves": 3}) is None
    climbing.stepped_down({"octaves": 4}, {"octaves": 3})
    climbing.stepped_down({"octaves": 3}, {"octaves": 2})
    now[0] = 2 * FIRST - 1
    assert climbing.due({"octaves": 2}) is None
    now[0] = 2 * FIRST
    assert climbing.due({"octaves": 2}) == {"octaves": 4}
    assert climbing.due({"octaves": 2}) is None
    climbing.stepped_down({"octaves": 4}, {"octaves": 2})
    now[0] += 4 * FIRST - 1
    assert climbing.due({"octaves": 2}) is None
    now[0] += 1
    assert climbing.due({"octaves": 2}) == {"octaves": 4}


def test_what_somebody_changed_since_is_left():
    now = [0.0]
    climbing = Climbing(lambda: now[0])
    climbing.stepped_down({"octaves": 4}, {"octaves": 3})
    now[0] = FIRST
    assert climbing.due({"octaves": 1}) is None
    now[0] = 10 * FIRST
    assert climbing.due({"octaves": 3}) is None
