"""Reports side by side: what did the same work, and why the rest did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import LivedreamError
from .report import busy_text, pace
from .schema import Case, Distribution, Report

Key = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One figure of one report: what it measured, in milliseconds."""

    key: Key
    case: Case
    ms: Distribution


@dataclass(frozen=True)
class Cell:
    """An entry in its column; `speedup` is the first report's p50 over this one's."""

    entry: Entry
    speedup: float


@dataclass(frozen=True)
class Row:
    """The same work in several reports, None where a report has not measured it.

    flags: what differs and may matter, though the work is the same.
    """

    title: str
    cells: tuple[Cell | None, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """rows: what can be compared. refused: sentences about what cannot, and why. flags: about
    whole reports."""

    rows: tuple[Row, ...]
    refused: tuple[str, ...]
    flags: tuple[str, ...]


PARTS = ("measure", "model", "layers", "weights", "size", "recipe", "camera")
"""What has to be equal, in the order of a key."""


def entries(report: Report) -> list[Entry]:
    """All figures of a report with what identifies their work."""
    found = []
    for case in report.cases:
        size = f"{case.size[0]}x{case.size[1]}"
        network = (case.model, case.layers, case.graph.weights_sha256[:12], size)
        recipe = f"{case.recipe.name} {case.recipe.sha256[:8]}"
        if case.step:
            found.append(Entry(("step", *network, "", ""), case, case.step.ms))
        if case.frame:
            found.append(Entry(("frame", *network, recipe, ""), case, case.frame.ms))
        if case.picture:
            shown = "{}x{}".format(*case.picture.size)
            found.append(Entry(("shown", *network, recipe, shown), case, case.picture.ms))
        found += [
            Entry(("live age", *network, recipe, pace(live)), case, live.age) for live in case.live
        ]
    return found


def identity(key: Key) -> Key:
    """The key without the recipe's name, which says nothing of the work."""
    *rest, recipe, camera = key
    return (*rest, recipe.rpartition(" ")[2], camera)


def difference(one: Key, other: Key) -> list[str]:
    """What differs between two keys, in words: `size 320x240 and 640x480`."""
    return [
        f"{part} {a or 'none'} and {b or 'none'}"
        for part, a, b in zip(PARTS, one, other, strict=True)
        if identity(one)[PARTS.index(part)] != identity(other)[PARTS.index(part)]
    ]


def compare(reports: Sequence[Report], names: Sequence[str]) -> Comparison:
    """Match the figures of at least two reports.

    A report may hold the same work several times (providers, precisions): each of them is matched
    with its like first, and with what is left in order. Raises LivedreamError where nothing at all
    can be compared.
    """
    listed = [entries(report) for report in reports]
    work: dict[Key, list[list[Entry]]] = {}
    for column, found in enumerate(listed):
        for entry in found:
            columns = work.setdefault(identity(entry.key), [[] for _ in reports])
            columns[column].append(entry)
    rows: list[Row] = []
    refused: list[str] = []
    for columns in work.values():
        if sum(bool(column) for column in columns) < 2:
            column = next(number for number, column in enumerate(columns) if column)
            refused.append(_why_alone(columns[column][0], column, listed, names))
            continue
        rows += [_row(line) for line in _lines(columns)]
    if not rows:
        reason = refused[0] if refused else "they hold no figures."
        raise LivedreamError(f"These reports cannot be compared: {reason}")
    return Comparison(tuple(rows), tuple(refused), tuple(_report_flags(reports, names)))


def _lines(columns: list[list[Entry]]) -> list[list[Entry | None]]:
    """Entries of the same work, paired across the columns."""
    left = [list(column) for column in columns]
    lines: list[list[Entry | None]] = []
    while sum(bool(column) for column in left) >= 2:
        first = next(column[0] for column in left if column)
        lines.append([_pick(column, first) for column in left])
    return lines


def _pick(column: list[Entry], like: Entry) -> Entry | None:
    """Take the entry most like `like` out of `column`."""
    if not column:
        return None

    def unlike(entry: Entry) -> tuple[bool, bool]:
        ours, theirs = like.case, entry.case
        return ours.provider != theirs.provider, ours.precision != theirs.precision

    chosen = min(column, key=unlike)
    column.remove(chosen)
    return chosen


def _row(line: list[Entry | None]) -> Row:
    there = [entry for entry in line if entry]
    base = there[0].ms.p50
    measure, model, layers, _, size, recipe, camera = there[0].key
    return Row(
        " ".join(part for part in (measure, camera, model, layers, size, recipe[:-9]) if part),
        tuple(Cell(entry, base / entry.ms.p50) if entry else None for entry in line),
        tuple(_row_flags(there)),
    )


def _row_flags(there: list[Entry]) -> list[str]:
    cases = [entry.case for entry in there]
    told: list[tuple[str, Callable[[Case], str]]] = [
        ("graph files differ", lambda case: case.graph.sha256),
        ("providers differ", lambda case: case.provider),
        ("precisions differ", lambda case: case.precision),
    ]
    flags = [text for text, fact in told if len({fact(case) for case in cases}) > 1]
    if any(50 not in entry.ms.enough for entry in there):
        flags.append("too few samples for a median")
    if any(getattr(entry.ms, "stable", True) is False for entry in there):
        flags.append("never steady")
    return flags


def _why_alone(
    entry: Entry, column: int, listed: Sequence[list[Entry]], names: Sequence[str]
) -> str:
    """The sentence for work that only one report has."""
    others = [
        other for number, found in enumerate(listed) if number != column for other in found
        if other.key[0] == entry.key[0]
    ]  # fmt: skip
    title = " ".join(part for part in entry.key[:3] + entry.key[4:] if part)
    if not others:
        return f"{names[column]} alone measured {title}."
    nearest = min(others, key=lambda other: len(difference(entry.key, other.key)))
    return f"{title} of {names[column]}: different {', '.join(difference(entry.key, nearest.key))}."


def _report_flags(reports: Sequence[Report], names: Sequence[str]) -> list[str]:
    flags = []
    for report, name in zip(reports, names, strict=True):
        if report.partial:
            flags.append(f"{name} is partial: it ended before everything was measured.")
        if (busy := busy_text(report.machine)) is not None:
            flags.append(f"{name}: {busy[0].lower()}{busy[1:]}.")
        for gpu in report.machine.gpus:
            states = [state for state in (gpu.before, gpu.after) if state]
            masks = {s.throttling for s in states if s.throttling and int(s.throttling, 16) > 1}
            if masks:
                flags.append(f"{name}: {gpu.name} was throttled ({', '.join(sorted(masks))}).")
    versions = {report.versions.get("livedream", "?") for report in reports}
    if len(versions) > 1:
        flags.append(f"They come from different versions of livedream: {', '.join(versions)}.")
    return flags
