"""Bars for work that takes a while, gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

Progress = Callable[[str, float], None]
"""Called with the stage of the work and how much of it is done, 0..1."""


def silent(stage: str, part: float) -> None:
    """A `Progress` for work that nobody watches."""


def passing(console: Console, *columns: ProgressColumn) -> Bars:
    """A bar that is gone when the work is done; in a file it would be nothing but an empty line."""
    return Bars(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar with the time left, for work that reports (done, total or None)."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with passing(console, *columns) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield report


@contextmanager
def stages(console: Console) -> Iterator[Progress]:
    """A bar for work that reports (stage, fraction)."""
    columns = (TextColumn("{task.description}"), BarColumn())
    with passing(console, *columns) as bar:
        task = bar.add_task("", total=1.0)

        def report(stage: str, fraction: float) -> None:
            bar.update(task, description=stage, completed=fraction)

        yield report
