"""When an exhibit is open, and when it starts anew: pure functions of the clock on the wall."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple

from ..errors import UsageError

JUMP = timedelta(hours=1)
"""A longer step between two looks is a clock that was set, and no time that passed."""


class Hours(NamedTuple):
    """From `begin` to before `end` every day; through midnight where `end` is the earlier one."""

    begin: time
    end: time

    def open(self, now: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


def parse_hours(text: str) -> Hours:
    """`10:00-18:00`. Raises UsageError for anything else."""
    begin, _, end = text.partition("-")
    hours = Hours(parse_time(begin), parse_time(end))
    if hours.begin == hours.end:
        raise UsageError(f"'{text}' is no time at all; leave --opening out to be open all day.")
    return hours


def parse_time(text: str) -> time:
    """`4:00`. Raises UsageError for anything else."""
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError:
        raise UsageError(f"'{text}' is no time of day; say it as 18:00.") from None


def passed(mark: time, before: datetime, now: datetime) -> bool:
    """Whether the time of day `mark` was reached after `before`, up to `now`."""
    if not timedelta(0) < now - before <= JUMP:
        return False
    return any(before < datetime.combine(day, mark) <= now for day in {before.date(), now.date()})
