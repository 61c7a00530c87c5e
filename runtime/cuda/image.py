"""The device's arrays: handles of images on the card, some of them not computed yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from .buffers import Buffer

Size = tuple[int, int]
"""(height, width) in pixels."""


@dataclass(eq=False)
class Place:
    """A buffer at an address that never changes, for one kind of content of one size.

    The network reads and writes at such places, so that its launches can be recorded once (CUDA
    graphs). generation: how often it was written to.
    """

    buffer: Buffer
    generation: int = 0


@dataclass(frozen=True, eq=False)
class CardPicture:
    """uint8 BGR [height, width, 3] on the card, to be shown; or a residual, bytes around 128.
    Nobody writes over it."""

    size: Size
    buffer: Buffer


@dataclass(eq=False)
class Image:
    """Three planes of float32 on the card.

    Where they lie: in `buffer`, in `place` as of `generation`, or nowhere as long as `later` says
    how they would come about: what is only added to something else needs no pass of its own.
    """

    size: Size
    buffer: Buffer | None = None
    place: Place | None = None
    generation: int = 0
    later: Later | None = field(default=None, repr=False)

    @property
    def lasting(self) -> bool:
        """Nobody will write over it."""
        return self.place is None


@dataclass(frozen=True)
class Difference:
    """image - base."""

    image: Image
    base: Image


@dataclass(frozen=True)
class Resampled:
    """(source - minus) at another size; minus may be None."""

    source: Image
    minus: Image | None
    align_corners: bool


@dataclass(frozen=True)
class Warped:
    """residual along the flow. flow, keep: float32 on the card, of these sizes."""

    residual: Image
    flow: Buffer
    flow_size: Size
    keep: Buffer
    keep_size: Size


@dataclass(frozen=True)
class Limited:
    """(image - base), its mean magnitude at most `strength`."""

    image: Image
    base: Image
    strength: float


Later = Difference | Resampled | Warped | Limited
