"""How pictures show what was before the camera, and where in them is dreamt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError


@dataclass(frozen=True)
class View:
    """How pictures show what was before the camera, and where in them is dreamt.

    projection: `flat`, or `equirect` for panoramas of the whole sphere. stereo: how the eyes of one
    lie in it, see `eyes`. mask: where it is dreamt, see `Where`. mask_model: the file of the model
    that finds people; None for the official one.

    Raises UsageError for what does not go together.
    """

    projection: str = "flat"
    stereo: str = "none"
    mask: str = "everywhere"
    mask_model: Path | None = None

    def __post_init__(self) -> None:
        if not self.sphere and self.stereo != "none":
            raise UsageError("--stereo is of a panorama; say --projection equirect with it.")
        if self.sphere and self.mask != "everywhere":
            raise UsageError("A panorama is dreamt everywhere; leave --mask away.")

    @property
    def sphere(self) -> bool:
        return self.projection == "equirect"
