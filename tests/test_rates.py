"""What `python -m tests.rates` tells, of pictures whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from .rates import composing, footage, read


def test_rates_gaps_and_ages_are_of_the_pictures_between_two_moments(tmp_path):
    told = tmp_path / "told"
    shown = [10 + number / 20 for number in range(40)]
    shown[30:] = [moment + 0.5 for moment in shown[30:]]
    rows = [f"{at} {at - 0.04} {shown[index - index % 2] - 0.1}" for index, at in enumerate(shown)]
    told.write_text("\n".join([*rows, "12.4 12."]))
    whole = read(told)
    assert len(whole.shown) == 40
    early = whole.between(10.0, 11.0)
    assert early.rate == pytest.approx(20)
    assert early.dreams == pytest.approx(10, abs=1)
    assert whole.gap == pytest.approx(0.55)
    assert np.allclose(early.age, 0.04)
    assert early.dream_age.max() == pytest.approx(0.15)


def test_a_file_is_played_forth_and_back_without_a_cut():
    frames = footage(None, (64, 48))
    assert frames[0].shape == (48, 64, 3)
    assert np.array_equal(frames[1], frames[-1])


def test_composing_takes_time():
    assert composing(footage(None, (160, 90)), "80x45", 2) > 0
