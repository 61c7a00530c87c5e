"""How things are said to people."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """So many of a thing: "1 frame", "2 frames"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
