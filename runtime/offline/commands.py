"""The commands that end by themselves: a photo, a clip, an export."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ...export.catalogue import MODELS
from ..choices import Choices
from ..errors import LivedreamError
from ..gradient.exporting import export_to
from ..progress import counting, stages
from ..scaling import comfortable
from ..sinks.formats import form_of
from ..start import asked, form_for, network_of
from ..store.files import check_outputs
from ..store.graph_cache import GraphRequest
from ..store.pictures import check_suffix, read_photo, write_photo
from ..store.settings import read_settings
from ..store.spherical_xmp import tells_sphere
from ..wording import counted
from .dreamt_clip import SPHERES, dream_clip
from .enlarging import Box, sized
from .flat import Flat
from .panorama import Panorama
from .reader import Reader, open_clip
from .shots import Shot, cuts, dream_shots, pictures_of
from .view import View
from .where import Mapped


def box_for(picture: np.ndarray, choices: Choices, console: Console) -> tuple[int, int]:
    """(width, height) to dream it at: what was asked for, else its own as far as memory allows."""
    height, width = picture.shape[:2]
    if choices.size:
        return choices.size
    box = comfortable(width, height)
    if box != (width, height):
        console.print(f"Dreamt at {box[0]}x{box[1]}, for memory's sake; --size asks for more.")
    return box


def dream_photo(
    console: Console,
    choices: Choices,
    source: Path,
    target: Path,
    written: Box | None,
    overwrite: bool,
    view: View,
) -> None:
    """`livedream image IN OUT`. written: what the result fits into, see `sized`."""
    check_outputs([target], [source, *choices.files, view.mask_model], overwrite)
    opened = _opener(console, choices, view, clip=False)
    check_suffix(target)
    photo = read_photo(source)
    whole, picture = sized(photo, box_for(photo, choices, console), written)
    with closing(opened(picture)) as dreaming, counting(console, "dreaming") as report:
        _count_steps(dreaming, report)
        dream = dreaming.over(whole, picture, dreaming.dreamt(picture))
        made = {**dreaming.settings(), **asked(choices, written)}
    sphere = view.sphere or tells_sphere(source)
    write_photo(target, dream, made, overwrite=overwrite, sphere=sphere)
    console.print(f"{target}: {dream.shape[1]}x{dream.shape[0]}")


def dream_video(
    console: Console,
    choices: Choices,
    source: Path,
    target: Path,
    written: Box | None,
    overwrite: bool,
    view: View,
) -> None:
    """`livedream video IN OUT`. written: what the result fits into, see `sized`."""
    check_outputs([target], [source, *choices.files, view.mask_model], overwrite)
    opened = _opener(console, choices, view, clip=True)
    dreaming: Flat | Panorama | None = None
    box: tuple[int, int] | None = None

    def dream(frame: np.ndarray, seconds: float) -> np.ndarray:
        nonlocal dreaming, box
        box = box or box_for(frame, choices, console)
        whole, picture = sized(frame, box, written)
        if dreaming is None:
            dreaming = ending.enter_context(closing(opened(picture)))
        return dreaming.over(whole, picture, dreaming.dreamt(picture, seconds))

    def settings() -> dict[str, Any]:
        assert dreaming
        return {**dreaming.settings(), **asked(choices, written)}

    with ExitStack() as ending, counting(console, "dreaming") as report:
        clip = dream_clip(
            source,
            target,
            dream,
            overwrite=overwrite,
            progress=report,
            settings=settings,
            sphere=view.stereo if view.sphere else None,
        )
    if view.sphere and target.suffix.lower() not in SPHERES:
        console.print("Players are told of a panorama in .mp4, .m4v and .mov alone.")
    console.print(f"{target}: {counted(clip.frames, 'frame')}, {clip.width}x{clip.height}")
    if clip.damaged:
        console.print(f"{source} is damaged; packets left out: {clip.damaged}.")
    if clip.cut_off:
        console.print(f"{clip.cut_off}.")


def _opener(
    console: Console, choices: Choices, view: View, *, clip: bool
) -> Callable[[np.ndarray], Flat | Panorama]:
    """Opens what dreams pictures like the one given. clip: they are the frames of one. Raises
    before that where there is no such network or mask."""
    where = Mapped(view.mask, view.mask_model, console.print, follows=clip)
    network = network_of(choices, console.print)

    def opened(picture: np.ndarray) -> Flat | Panorama:
        size = picture.shape[0], picture.shape[1]
        if view.sphere:
            return Panorama(console, choices, network, size, view.stereo, clip=clip)
        return Flat(console, choices, network, size, where, clip=clip)

    return opened


def _count_steps(dreaming: Flat | Panorama, report: Callable[[int, int], None]) -> None:
    """`report` hears how many steps of a still are done, and how many there are."""
    total = sum(each.dream.steps * len(each.sizes(*size)) for each, size in dreaming.dreamers)
    done = itertools.count(1)
    for each, _ in dreaming.dreamers:
        each.on_step = lambda: report(next(done), total)


def dream_film(
    console: Console,
    choices: Choices,
    source: Path,
    target: Path,
    written: Box | None,
    overwrite: bool,
    workers: int,
    ray: str | None,
) -> None:
    """`livedream video --workers N` and `--ray ADDRESS`: shot by shot, see `shots`. Ctrl-C keeps
    those that are done."""
    check_outputs([target], [source, *choices.files], overwrite)
    form_of(target)
    with open_clip(source) as container:
        first = next(Reader(container, source).frames(), None)
    if first is None:
        raise LivedreamError(f"{source} holds no frame that can be decoded; it is empty.")
    box = box_for(first.image, choices, console)
    places = list(pairwise(cuts(source)))
    shots = [Shot(source.resolve(), *place, choices, box, written) for place in places]
    folder = target.with_name(f".{target.name}.shots")
    with counting(console, "shots") as report:
        try:
            files = dream_shots(shots, folder, workers, ray, report)
        except KeyboardInterrupt as interruption:
            raise LivedreamError(
                "Interrupted: the same command goes on with the shots that are not done."
            ) from interruption
    pictures = pictures_of(files)
    made = {**read_settings(files[0]), **asked(choices, written)}
    clip = dream_clip(
        source, target, lambda frame, seconds: next(pictures), overwrite=overwrite,
        settings=lambda: made,
    )  # fmt: skip
    pictures.close()
    shutil.rmtree(folder)
    length = f"{counted(clip.frames, 'frame')} in {counted(len(shots), 'shot')}"
    console.print(f"{target}: {length}")


def export_file(
    console: Console,
    model: str,
    layers: str,
    bank: bool,
    output: Path,
    weights: str,
    precision: str,
    provider: str,
    seed: int,
    overwrite: bool,
) -> None:
    """`livedream export MODEL`."""
    check_outputs([output], [weights], overwrite)
    chosen = [layer.strip() for layer in layers.split(",") if layer.strip()]
    if (bank or not chosen) and model in MODELS:
        chosen = list(MODELS[model].with_bank(chosen))
    with stages(console) as report:
        form = form_for(provider, precision)
        request = GraphRequest(model, tuple(chosen), weights, precision, form, seed)
        export_to(output, request, progress=report)
    console.print(f"{output}: {output.stat().st_size / 1e6:.1f} MB")
