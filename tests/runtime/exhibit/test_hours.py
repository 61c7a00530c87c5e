from datetime import datetime, time

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.exhibit.hours import parse_hours, parse_time, passed


def test_open_from_the_first_minute_to_before_the_last():
    day = parse_hours("10:00-18:00")
    assert [day.open(time(*at)) for at in ((9, 59), (10, 0), (17, 59), (18, 0))] == [
        False, True, True, False,
    ]  # fmt: skip
    night = parse_hours("18:30-2:00")
    assert [night.open(time(*at)) for at in ((18, 29), (18, 30), (0, 0), (1, 59), (2, 0))] == [
        False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "10", "10:00", "25:00-26:00", "10:00-10:00", "ten-six"])
def test_nonsense_is_refused(text):
    with pytest.raises(UsageError):
        parse_hours(text)


def test_a_time_of_day_passes_once_and_a_clock_that_was_set_passes_nothing():
    at = lambda day, hour, minute: datetime(2026, 3, day, hour, minute)  # noqa: E731
    four = parse_time("4:00")
    assert passed(four, at(1, 3, 59), at(1, 4, 0))
    assert not passed(four, at(1, 4, 0), at(1, 4, 1))
    assert passed(parse_time("0:00"), at(1, 23, 59), at(2, 0, 0))
    assert not passed(four, at(1, 4, 1), at(1, 3, 59))
    assert not passed(four, at(1, 1, 0), at(9, 5, 0))
