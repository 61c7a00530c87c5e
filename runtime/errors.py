"""Errors a person can act on. The command line prints the message alone and exits with the code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

TRY_LATER = 75
"""The exit code of a show that lost what it cannot do without, and that may come back."""


class LivedreamError(Exception):
    """Something went wrong; the message is one sentence: what, and what to do. Exit code 1."""

    exit_code = 1


class UsageError(LivedreamError):
    """The request itself cannot be right (unknown name, value out of range). Exit code 2."""

    exit_code = 2


class Gone(LivedreamError):
    """What a show cannot do without went away, by no fault of its own. Exit code TRY_LATER."""

    exit_code = TRY_LATER


class Cancelled(LivedreamError):
    """Nobody wants any more what was being made."""


class SessionLost(LivedreamError):
    """What computed the gradient died or hangs. The picture at hand is lost with it; the next may
    be computed by another session."""


def reason(error: Exception) -> str:
    """What an error of another library says, for the middle of a sentence: its first line without
    the full stop, at most 300 characters of it; the name of its kind where it says nothing. Of an
    error that is a mere row of things, the first: what follows are numbers."""
    said = str(error.args[0] if error.args and str(error) == str(error.args) else error)
    return said.strip().split("\n")[0][:300].rstrip(". ") or type(error).__name__


def sentence(error: Exception) -> str:
    """What an error says, as a sentence: one of our own as it is, one of another library with its
    kind and its `reason`."""
    if isinstance(error, LivedreamError):
        return str(error)
    kind, why = type(error).__name__, reason(error)
    return f"{kind}." if why == kind else f"{kind}: {why}."


def nearest(name: str, options: Iterable[str], count: int = 3) -> str:
    """The `count` options most like `name`, joined for a sentence; all of them where none is."""
    options = list(options)
    lowered = {option.lower(): option for option in options}
    found = difflib.get_close_matches(name.lower(), list(lowered), n=count, cutoff=0.5)
    chosen = [lowered[match] for match in found] or options
    if len(chosen) > 12:
        chosen = [*chosen[:12], "..."]
    return ", ".join(chosen)
