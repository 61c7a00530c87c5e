"""Transitions of cells, one by one."""

import numpy as np

from livedream.runtime.safety.transitions import Transitions


def cells(*luminances: float) -> np.ndarray:
    """Without red."""
    return np.array([luminances, np.zeros(len(luminances))], np.float32)


def test_the_nearest_luminance_lies_just_short_of_a_transition():
    for short in (True, False):
        counted = Transitions(cells(0.2, 0.8), 1)
        assert counted.advance(cells(0.6, 0.4), 1)  # From the light to the dark.
        near = counted.nearest(np.array([0, 1]))
        np.testing.assert_allclose(near, (0.5145, 0.4855), atol=1e-6)
        farther = 0.0 if short else 0.02
        assert counted.advance(cells(near[0] - farther, near[1] + farther), 2) is not short


def test_a_cell_remembers_its_own_transitions():
    counted = Transitions(cells(1, 1), 2)
    for time, first, second in ((1, 0, 1), (2, 1, 1), (3, 1, 0)):
        assert counted.advance(cells(first, second), time)
    assert counted.recent(2, 0.5).tolist() == [True, False]
    assert counted.recent(2, 1.5).tolist() == [False, False]
    assert counted.recent(1, 2.5).tolist() == [False, True]
    assert counted.at_limit(0.5)
    assert not counted.at_limit(1.5)
    assert counted.too_many(cells(0, 1), 0.5)[0].tolist() == [True, False]
