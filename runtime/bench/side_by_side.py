"""A comparison of reports on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .compare import Comparison
from .report import number


def print_comparison(console: Console, comparison: Comparison, names: Sequence[str]) -> None:
    """Medians side by side, flags under them, then what was refused."""
    table = Table(title="p50 in ms, and how fast against the first", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    notes: dict[str, str] = {}
    for row in comparison.rows:
        marks = [notes.setdefault(flag, chr(ord("a") + len(notes))) for flag in row.flags]
        cells = [
            f"{number(cell.entry.ms.p50)} ({cell.speedup:.2f}x)" if cell else ""
            for cell in row.cells
        ]
        table.add_row(f"{row.title} {' '.join(f'({mark})' for mark in marks)}", *cells)
    console.print(table)
    for flag, mark in notes.items():
        console.print(Text(f"({mark}) {flag}"))
    for flag in comparison.flags:
        console.print(Text(flag, style="yellow"))
    for sentence in comparison.refused:
        console.print(Text(f"Not compared: {sentence}", style="red"), soft_wrap=True)
