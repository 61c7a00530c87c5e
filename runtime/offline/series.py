"""`livedream image` on many photos: folders with their subfolders, or a list of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ..choices import Choices
from ..errors import LivedreamError, UsageError
from ..progress import counting
from ..start import asked
from ..store.pictures import SUFFIXES, read_photo, write_photo
from .commands import box_for
from .enlarging import Box, enlarged, sized
from .studio import Studio
from .where import Mapped

READ = frozenset({*SUFFIXES, ".bmp"})
"""Suffixes of what counts as a photo in a folder."""


@dataclass(frozen=True)
class Job:
    """One photo to dream, where to, and the seed of its random shifts."""

    source: Path
    target: Path
    seed: int


def plan(sources: Sequence[Path], folder: Path, copies: int, seed: int) -> list[Job]:
    """What to dream into `folder`: the files of `sources`, and of its folders all photos, which
    keep their subfolders and so their labels.

    A photo keeps its name, but for a format that is not written: that becomes PNG. More than one
    copy gets `-1`, `-2` and so on, and each its own seed.
    Raises UsageError where nothing is found, where two photos would get one name, and for a folder
    of results that lies in a folder of sources.
    """
    jobs = []
    for source in sources:
        if source.is_dir() and folder.resolve().is_relative_to(source.resolve()):
            raise UsageError(
                f"{folder} lies in {source}, and would be dreamt itself; name a folder outside."
            )
        for photo, place in _photos(source):
            suffix = place.suffix if place.suffix.lower() in SUFFIXES else ".png"
            for copy in range(copies):
                number = f"-{copy + 1}" if copies > 1 else ""
                name = place.with_name(f"{place.stem}{number}{suffix}")
                jobs.append(Job(photo, folder / name, seed + copy))
    if not jobs:
        raise UsageError(f"There is no photo in {', '.join(map(str, sources))}.")
    taken: dict[Path, Path] = {}
    for job in jobs:
        other = taken.setdefault(job.target, job.source)
        if other != job.source:
            raise UsageError(
                f"{other} and {job.source} would both become {job.target}; dream them into two "
                "folders."
            )
    return jobs


def parse_part(text: str) -> tuple[int, int]:
    """`2/4` as (2, 4): the second of four parts. Raises UsageError for anything else."""
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise UsageError(f"'{text}' is no part; write 1/4 for the first of four.")


def dream_series(
    console: Console,
    choices: Choices,
    sources: Sequence[Path],
    folder: Path,
    copies: int,
    part: tuple[int, int],
    written: Box | None,
    overwrite: bool,
    mask: str = "everywhere",
    mask_model: Path | None = None,
) -> None:
    """Dream `sources` into `folder`. What is there already is left out, without `overwrite`, so
    that the same command goes on where it was stopped. A photo that cannot be dreamt is told of,
    and the rest goes on. written: what each result fits into, see `sized`.

    Raises as `plan` does, LivedreamError at the end where some could not be dreamt, and what
    opening a network raises.
    """
    where = Mapped(mask, mask_model, console.print)
    number, count = part
    jobs = plan(sources, folder, copies, choices.seed)[number - 1 :: count]
    left = [job for job in jobs if overwrite or not job.target.exists()]
    if len(left) < len(jobs):
        console.print(f"{len(jobs) - len(left)} of {len(jobs)} are there already.")
    failed = 0
    with (
        closing(Studio(console, choices, choices.layers)) as studio,
        counting(console, "dreaming") as report,
    ):
        for done, job in enumerate(left):
            report(done, len(left))
            try:
                _dream(studio, job, written, overwrite, where)
            except LivedreamError as error:
                failed += 1
                about = "" if str(job.source) in str(error) else f"{job.source}: "
                console.print(f"{about}{error}", markup=False)
            except KeyboardInterrupt as interruption:
                raise LivedreamError(
                    f"Interrupted: {done - failed} of {len(left)} are dreamt; the same command "
                    "goes on with the rest."
                ) from interruption
    if failed:
        raise LivedreamError(f"{failed} of {len(left)} could not be dreamt; the others are.")
    console.print(f"{folder}: {len(left)} dreamt")


def _dream(studio: Studio, job: Job, written: Box | None, overwrite: bool, where: Mapped) -> None:
    choices = studio.choices
    photo = read_photo(job.source)
    whole, small = sized(photo, box_for(photo, choices, studio.console), written)
    values = choices.dream()
    mask = where.of(small)
    dream, settings = studio.still(small, studio.everything, values, job.seed, mask)
    dream = enlarged(whole, small, dream, values.camera, mask=mask)
    job.target.parent.mkdir(parents=True, exist_ok=True)
    made = {**settings, "mask": where.where, **asked(choices, written)}
    write_photo(job.target, dream, made, overwrite=overwrite)


def _photos(source: Path) -> Iterator[tuple[Path, Path]]:
    """Every photo of `source`, a file or a folder, and its place among the results."""
    if not source.is_dir():
        yield source, Path(source.name)
        return
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in READ and not path.name.startswith(".") and path.is_file():
            yield path, path.relative_to(source)
