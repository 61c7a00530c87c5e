"""What visitors can be told by, and where a mask lets the dream be."""

from __future__ import annotations

from typing import Literal

Presence = Literal["off", "motion", "face", "person"]
"""Whether and by what it is known that somebody is there. `face` and `person` need a model, and
somebody that moves or stands where nothing was before."""

Where = Literal["everywhere", "people", "around", "behind", "moving"]
"""Where the dream is: on people, in a band around them, on all but them, on what moves."""

OF_PEOPLE = ("people", "around", "behind")
"""Those that need a model."""
