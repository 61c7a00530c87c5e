"""`livedream zoom IN OUT`: fly into a dream that never ends.

After the notebook of 2015 (dream, enlarge a little, dream again), with a turn and a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from ..choices import Choices
from ..dream.dreamer import Dreamer
from ..errors import UsageError
from ..progress import counting
from ..scaling import scaled
from ..sinks.encoding import TICK, Video
from ..sinks.formats import form_of
from ..start import asked, network_of, open_dreamer, settings_of
from ..store.files import check_outputs, replacing
from ..store.pictures import read_photo
from ..store.settings import as_text
from ..wording import counted
from .commands import box_for


@dataclass(frozen=True)
class Flight:
    """Where it goes. seconds: how long. fps: frames a second. rate: how many times nearer a second,
    under 1 away. rotate: degrees a second, counter-clockwise. path: the points that are flown to,
    one after another, as shares (x, y) of the picture, 0..1."""

    seconds: float = 10.0
    fps: float = 30.0
    rate: float = 1.5
    rotate: float = 0.0
    path: tuple[tuple[float, float], ...] = ((0.5, 0.5),)

    @property
    def frames(self) -> int:
        """How many there are, the first included."""
        return max(1, round(self.seconds * self.fps))

    def aim(self, progress: float) -> tuple[float, float]:
        """The point, (x, y) in shares, that stays where it is at this share of the flight."""
        places = np.linspace(0, 1, len(self.path))
        x, y = zip(*self.path, strict=True)
        return float(np.interp(progress, places, x)), float(np.interp(progress, places, y))


def parse_path(text: str) -> tuple[tuple[float, float], ...]:
    """`0.5,0.5 0.3,0.7` as two points. Raises UsageError for anything else."""
    points = []
    for word in text.split():
        x, _, y = word.partition(",")
        try:
            point = float(x), float(y)
        except ValueError:
            point = (-1.0, -1.0)
        if not all(0 <= share <= 1 for share in point):
            raise UsageError(f"'{word}' is no point; write x,y as shares, such as 0.5,0.5.")
        points.append(point)
    if not points:
        raise UsageError("A path has at least one point, such as 0.5,0.5.")
    return tuple(points)


def nearer(picture: np.ndarray, flight: Flight, progress: float) -> np.ndarray:
    """The picture, uint8 BGR [height, width, 3], one frame later: enlarged and turned about the
    point that is flown to. What comes in from outside mirrors what was at the edge."""
    height, width = picture.shape[:2]
    x, y = flight.aim(progress)
    centre = x * (width - 1), y * (height - 1)
    scale = flight.rate ** (1 / flight.fps)
    matrix = cv2.getRotationMatrix2D(centre, flight.rotate / flight.fps, scale)
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


def frames(dreamer: Dreamer[Any], picture: np.ndarray, flight: Flight) -> Iterator[np.ndarray]:
    """The frames of the flight, uint8 BGR, the first one the dream of `picture` itself."""
    for number in range(flight.frames):
        picture = dreamer.still(picture)
        yield picture
        picture = nearer(picture, flight, number / max(1, flight.frames - 1))


def zoom_into(
    console: Console, choices: Choices, source: Path, target: Path, flight: Flight, overwrite: bool
) -> None:
    """Write the flight into the photo `source`. Ctrl-C ends it early; what is done is kept.

    Raises UsageError for a suffix that is no clip's, LivedreamError for a photo that cannot be read
    and a file that cannot be written, and what opening a network raises.
    """
    form = form_of(target)
    check_outputs([target], [source, *choices.files], overwrite)
    photo = read_photo(source)
    picture = scaled(photo, box_for(photo, choices, console))
    network = network_of(choices, console.print)
    dreamer, engines = open_dreamer(choices, network, picture.shape[:2], console)
    made = as_text(
        {
            **settings_of(dreamer, choices.recipe),
            **asked(choices, None),
            **{name: getattr(flight, name) for name in ("seconds", "fps", "rate", "rotate")},
            "path": " ".join(f"{x},{y}" for x, y in flight.path),
        }
    )
    done = 0
    with (
        closing(engines),
        replacing(target, overwrite) as temporary,
        closing(Video(temporary, form, picture, flight.fps, comment=made)) as video,
    ):
        try:
            with counting(console, "flying") as report:
                for image in frames(dreamer, picture, flight):
                    video.write(image, round(done / flight.fps / TICK))
                    done += 1
                    report(done, flight.frames)
        except KeyboardInterrupt:
            if not done:
                raise
            console.print("Interrupted; what is done is kept.")
        video.finish()
    console.print(f"{target}: {counted(done, 'frame')}, {picture.shape[1]}x{picture.shape[0]}")
