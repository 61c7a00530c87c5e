"""Gradients in tiles, against those of the whole picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream import tiles
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.tiles import Tiled, tile_of, tiled_sizes

from ..toy import ToyEngine
from .test_dreamer import picture


class Mean(ToyEngine):
    """The toy's objective as a mean over the picture, as the graphs have it; seen alike where the
    place is a multiple of the grid."""

    def gradient(self, image: np.ndarray) -> np.ndarray:
        return super().gradient(image) / image[0].size


@pytest.fixture
def small(monkeypatch):
    for name, value in {"TILE": 48, "OVERLAP": 12, "GRID": 4}.items():
        monkeypatch.setattr(tiles, name, value)


@pytest.mark.parametrize("size", [(96, 160), (40, 200), (120, 48), (32, 40)])
def test_the_tiles_are_the_whole_picture(small, size):
    image = np.random.default_rng(4).random((3, *size)).astype(np.float32)
    whole = Mean().gradient(image)
    engine = Mean()
    tiled = Tiled(engine, 3)
    for _ in range(3):
        got = tiled.gradient(image)
        assert np.abs(got - whole).mean() < 0.02 * np.abs(whole).mean()
        assert np.corrcoef(got.ravel(), whole.ravel())[0, 1] > 0.999
    assert {*engine.calls} == {tile_of(*size)}


def test_a_tile_knows_nothing_of_its_place(small):
    """What lies on a seam in one step lies inside of a tile in the next."""
    image = np.random.default_rng(4).random((3, 96, 160)).astype(np.float32)
    tiled, whole = Tiled(Mean(), 1), Mean().gradient(image)
    off = np.stack([np.abs(tiled.gradient(image) - whole).mean(0) > 1e-6 for _ in range(12)])
    assert off.any()
    assert off.mean(0).max() < 0.7


def test_what_is_opened_is_no_larger_than_a_tile(small):
    sizes = tiled_sizes(replace(RECIPES["google"].dream, octaves=6).sizes(400, 700))(20)
    assert len(sizes) == len({*sizes}) <= 3
    assert max(max(size) for size in sizes) == 48


def test_a_dream_in_tiles_is_that_dream_and_has_no_seams(small):
    bgr, dream = picture(144, 192), replace(RECIPES["google"].dream, octaves=2, steps=6, jitter=8)
    whole = Dreamer(CpuDevice(), Mean(), dream, seed=2).still(bgr).astype(float)
    engine = Mean()
    tiled = Dreamer(CpuDevice(), Tiled(engine, 2), dream, seed=2).still(bgr).astype(float)
    # Steps feed on each other, and what began a little otherwise ends otherwise.
    assert np.corrcoef((whole - bgr).ravel(), (tiled - bgr).ravel())[0, 1] > 0.8
    inside = np.s_[4:-4]  # the toy wraps around the picture and a step's tile as well
    steps = np.abs(np.diff(tiled - bgr, axis=1)).mean((0, 2))[inside]
    usual = np.abs(np.diff(whole - bgr, axis=1)).mean((0, 2))[inside]
    assert steps.max() < 1.5 * usual.max()
    assert engine.minimum_size == 8
