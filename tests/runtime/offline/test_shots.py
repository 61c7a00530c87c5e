"""Films split at their cuts: found, shared out to processes, joined without a trace."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from rich.console import Console

from livedream.runtime.choices import Choices
from livedream.runtime.errors import LivedreamError
from livedream.runtime.offline import shots
from livedream.runtime.offline.commands import dream_film
from livedream.runtime.offline.shots import Shot, by_ray, cuts, dream_shots, pictures_of
from livedream.runtime.store.settings import read_settings

from ..toy_graph import write_toy

SIZE = (48, 64)


@pytest.fixture
def film(tmp_path) -> Path:
    """Three shots of 4, 5 and 3 frames, each of a texture of its own that moves."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "4"}
        for seed, length in ((1, 4), (2, 5), (3, 3)):
            coarse = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), np.uint8)
            wide = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
            for number in range(length):
                picture = np.ascontiguousarray(wide[:, number : number + SIZE[1]])
                clip.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        clip.mux(stream.encode(None))
    return path


@pytest.fixture
def choices(tmp_path) -> Choices:
    return Choices(
        model="auto", layers=None, graph=write_toy(tmp_path / "toy.onnx"), weights="auto",
        recipe="live", provider="cpu", precision="auto", size=None, seed=3, settings=None,
        overrides={"octaves": 1, "jitter": 5},
    )  # fmt: skip


def shots_of(film: Path, choices: Choices) -> list[Shot]:
    begins = cuts(film)
    places = pairwise(begins)
    return [Shot(film, *place, choices, (64, 48), None) for place in places]


def test_a_film_is_split_where_it_is_cut(film):
    assert cuts(film) == [0, 4, 9, 12]


def test_shots_by_two_processes_are_those_by_one(film, choices, tmp_path):
    told: list[tuple[int, int]] = []
    work = shots_of(film, choices)
    one, two = (
        dream_shots(work, tmp_path / str(n), n, None, lambda *done: told.append(done))
        for n in (1, 2)
    )
    assert [file.name for file in one] == [file.name for file in two]
    pictures, others = list(pictures_of(one)), list(pictures_of(two))
    assert len(pictures) == 12
    assert all(np.array_equal(*pair) for pair in zip(pictures, others, strict=True))
    assert told[:4] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert read_settings(one[0])["seed"] == 3
    # A shot owes nothing to the one before: alone it is what it is among others.
    alone = dream_shots(work[1:2], tmp_path / "alone", 1, None, lambda *done: None)
    again = zip(pictures_of(alone), pictures[4:9], strict=True)
    assert all(np.array_equal(*pair) for pair in again)


def test_what_is_done_is_not_dreamt_again(film, choices, tmp_path, monkeypatch):
    work, rendered = shots_of(film, choices), []

    def interrupted(shot: Shot) -> bytes:
        if len(rendered) == 2:
            raise KeyboardInterrupt
        rendered.append(shot.first)
        return b"done"

    monkeypatch.setattr(shots, "render", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dream_shots(work, tmp_path / "shots", 1, None, lambda *done: None)
    monkeypatch.setattr(shots, "render", lambda shot: rendered.append(shot.first) or b"")
    dream_shots(work, tmp_path / "shots", 1, None, lambda *done: None)
    assert rendered == [0, 4, 9]


def test_the_film_is_whole_and_its_shots_are_tidied_away(film, choices, tmp_path):
    dream_film(Console(quiet=True), choices, film, tmp_path / "a.mp4", None, False, 1, None)
    with av.open(str(tmp_path / "a.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 12
    assert not list(tmp_path.glob(".*shots*"))
    assert read_settings(tmp_path / "a.mp4")["recipe"] == "live"


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is here")
def test_without_ray_it_is_said_what_to_install(film, choices):
    with pytest.raises(LivedreamError, match=r"livedream\[ray\]"):
        next(by_ray(shots_of(film, choices), "local"))


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `ray`")
def test_shots_by_ray_are_those_by_this_process(film, choices, tmp_path):
    work = shots_of(film, choices)
    ours, theirs = (
        dream_shots(work, tmp_path / str(n), 1, address, lambda *done: None)
        for n, address in enumerate((None, "local"))
    )
    pairs = zip(pictures_of(ours), pictures_of(theirs), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
