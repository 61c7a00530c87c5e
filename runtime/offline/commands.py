"""The commands that end by themselves: a photo, a clip, an export."""

from __future__ import annotations

import itertools
import shutil
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ...export.catalogue import MODELS
from ..choices import Choices
from ..dream.dreamer import Dreamer
from ..errors import LivedreamError, UsageError
from ..gradient.exporting import export_to
from ..progress import counting, stages
from ..scaling import comfortable
from ..sinks.formats import form_of
from ..start import asked, form_for, network_of, open_dreamer, settings_of
from ..store.files import check_outputs
from ..store.graph_cache import GraphRequest
from ..store.pictures import check_suffix, read_photo, write_photo
from ..store.settings import read_settings
from ..store.spherical_xmp import tells_sphere
from ..wording import counted
from .dreamt_clip import SPHERES, dream_clip
from .enlarging import Box, enlarged, sized
from .panorama import Panorama
from .reader import Reader, open_clip
from .shots import Shot, cuts, dream_shots, pictures_of
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
    projection: str = "flat",
    stereo: str = "none",
    mask: str = "everywhere",
    mask_model: Path | None = None,
) -> None:
    """`livedream image IN OUT`. written: what the result fits into, see `sized`. mask, mask_model:
    where it is dreamt, and the model that finds people."""
    check_outputs([target], [source, *choices.files, mask_model], overwrite)
    where = _mapped(mask, mask_model, console, projection, stereo)
    check_suffix(target)
    photo = read_photo(source)
    whole, picture = sized(photo, box_for(photo, choices, console), written)
    network = network_of(choices, console.print)
    if projection == "equirect":
        with closing(Panorama(console, choices, network, picture.shape[:2], stereo)) as panorama:
            dream = panorama.over(whole, picture, panorama.still(picture))
            settings = panorama.settings()
    else:
        dreamer, engines = open_dreamer(choices, network, picture.shape[:2], console)
        total = dreamer.dream.steps * len(dreamer.sizes(*picture.shape[:2]))
        with closing(engines), counting(console, "dreaming") as report:
            done = itertools.count(1)
            dreamer.on_step = lambda: report(next(done), total)
            dreamer.mask = where.of(picture)
            small = dreamer.still(picture)
            dream = enlarged(whole, picture, small, dreamer.dream.camera, mask=dreamer.mask)
            settings = {**settings_of(dreamer, choices.recipe), "mask": where.where}
    sphere = projection == "equirect" or tells_sphere(source)
    made = {**settings, **asked(choices, written)}
    write_photo(target, dream, made, overwrite=overwrite, sphere=sphere)
    console.print(f"{target}: {dream.shape[1]}x{dream.shape[0]}")


def dream_video(
    console: Console,
    choices: Choices,
    source: Path,
    target: Path,
    written: Box | None,
    overwrite: bool,
    projection: str = "flat",
    stereo: str = "none",
    mask: str = "everywhere",
    mask_model: Path | None = None,
) -> None:
    """`livedream video IN OUT`. written: what the result fits into, see `sized`. mask, mask_model:
    where it is dreamt, and the model that finds people."""
    check_outputs([target], [source, *choices.files, mask_model], overwrite)
    where = _mapped(mask, mask_model, console, projection, stereo, follows=True)
    network = network_of(choices, console.print)
    live = choices.live
    dreamer: Dreamer[Any] | Panorama | None = None
    box: tuple[int, int] | None = None

    def dream(frame: np.ndarray, seconds: float) -> np.ndarray:
        nonlocal dreamer, box
        box = box or box_for(frame, choices, console)
        whole, picture = sized(frame, box, written)
        if dreamer is None and projection == "equirect":
            dreamer = Panorama(console, choices, network, picture.shape[:2], stereo)
            opened.callback(dreamer.close)
        elif dreamer is None:
            dreamer, engines = open_dreamer(choices, network, picture.shape[:2], console, clip=True)
            opened.callback(engines.close)
        if not isinstance(dreamer, Panorama):
            dreamer.mask = where.of(picture, seconds)
        small = dreamer.live(picture, seconds) if live else dreamer.still(picture)
        if isinstance(dreamer, Panorama):
            return dreamer.over(whole, picture, small)
        return enlarged(whole, picture, small, dreamer.dream.camera, mask=dreamer.mask)

    def settings() -> dict[str, Any]:
        assert dreamer
        if isinstance(dreamer, Panorama):
            return {**dreamer.settings(), **asked(choices, written)}
        made = settings_of(dreamer, choices.recipe)
        return {**made, "mask": where.where, **asked(choices, written)}

    with ExitStack() as opened, counting(console, "dreaming") as report:
        clip = dream_clip(
            source,
            target,
            dream,
            overwrite=overwrite,
            progress=report,
            settings=settings,
            sphere=stereo if projection == "equirect" else None,
        )
    if projection == "equirect" and target.suffix.lower() not in SPHERES:
        console.print("Players are told of a panorama in .mp4, .m4v and .mov alone.")
    console.print(f"{target}: {counted(clip.frames, 'frame')}, {clip.width}x{clip.height}")
    if clip.damaged:
        console.print(f"{source} is damaged; packets left out: {clip.damaged}.")
    if clip.cut_off:
        console.print(f"{clip.cut_off}.")


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


def _mapped(
    mask: str,
    model: Path | None,
    console: Console,
    projection: str,
    stereo: str,
    *,
    follows: bool = False,
) -> Mapped:
    if projection == "flat" and stereo != "none":
        raise UsageError("--stereo is of a panorama; say --projection equirect with it.")
    if projection != "flat" and mask != "everywhere":
        raise UsageError("A panorama is dreamt everywhere; leave --mask away.")
    return Mapped(mask, model, console.print, follows=follows)


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
