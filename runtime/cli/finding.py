"""What the doctor found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One row. state: `ok`, `missing` (something optional is not there) or `wrong` (there, but it
    cannot work). advice: what to do, empty where nothing is to be done. essential: without it
    nothing can be dreamt."""

    state: str
    subject: str
    fact: str
    advice: str = ""
    essential: bool = False
