"""The one error the export room raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExportError(Exception):
    """A graph could not be exported; the message is one sentence: what, and what to do.

    `usage` is true where the request itself cannot be right (a wrong name, a value out of range).
    """

    def __init__(self, message: str, *, usage: bool = False) -> None:
        super().__init__(message)
        self.usage = usage


def unknown(kind: str, name: str, options: Iterable[str]) -> ExportError:
    """The usage error for a `name` that is none of `options`, with the nearest that are."""
    options = list(options)
    lowered = {option.lower(): option for option in options}
    found = difflib.get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)
    chosen = [lowered[match] for match in found] or options
    more = ", ..." if len(chosen) > 20 else ""
    hint = ", ".join(chosen[:20]) + more
    lead = "did you mean" if found else "there is"
    mark = "?" if found else "."
    return ExportError(f"There is no {kind} '{name}': {lead} {hint}{mark}", usage=True)
