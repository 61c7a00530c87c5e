"""What visitors can be told by."""

from __future__ import annotations

from typing import Literal

Presence = Literal["off", "motion"]
"""Whether and by what it is known that somebody is there."""
