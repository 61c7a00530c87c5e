"""Finer detail, climbed one window a dream."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.live.composition import NONE, residual_of
from livedream.runtime.live.finer import Finer, feather, with_detail

from ..toy import ToyEngine

LIVE = replace(RECIPES["live"].dream, octaves=1, jitter=4)
SIZE = (48, 64)


class Setting:
    def __init__(self) -> None:
        self.dreamer = Dreamer(CpuDevice(), ToyEngine(), LIVE)
        self.finer = Finer(self.dreamer)
        small = np.random.default_rng(0).integers(60, 190, (6, 8, 3)).astype(np.uint8)
        self.camera = cv2.resize(small, (2 * SIZE[1], 2 * SIZE[0]))

    def dream(self, index: int, camera: np.ndarray | None = None) -> np.ndarray:
        """The detail at a frame, in levels."""
        camera = self.camera if camera is None else camera
        picture = cv2.resize(camera, SIZE[::-1], interpolation=cv2.INTER_AREA)
        residual = residual_of(self.dreamer.live(picture, index / 25), picture)
        return self.finer.grown(camera, residual, 1.0).astype(int) - NONE


def test_after_some_dreams_it_is_everywhere_and_no_stronger_than_it_may_be():
    setting = Setting()
    one = setting.dream(0)
    assert 0.2 < (one == 0).mean() < 0.9  # One window of four.
    for index in range(1, 24):
        detail = setting.dream(index)
    blocks = np.abs(detail).reshape(6, 16, 8, 16, 3).mean((1, 3, 4))
    assert blocks.min() > 0.3
    assert np.abs(detail).mean() <= LIVE.strength / 2 + 1


def test_it_is_finer_than_what_is_dreamt_can_be():
    setting = Setting()
    for index in range(12):
        detail = setting.dream(index).astype(np.float32)
    coarse = cv2.resize(cv2.resize(detail, SIZE[::-1], interpolation=cv2.INTER_AREA), SIZE[::-1])
    coarse = cv2.resize(coarse, detail.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    assert np.abs(detail - coarse).mean() > 0.1 * np.abs(detail).mean()


def test_it_follows_the_motion_and_ends_with_the_shot():
    setting = Setting()
    for index in range(8):
        before = setting.dream(index)
    moved = np.roll(setting.camera, 4, axis=1)
    setting.dreamer.touched = lambda bgr, wider, mask: bgr  # Nothing new.
    after = setting.dream(8, moved)
    inner = np.s_[20:-20, 30:-30]
    shifted, still = np.roll(before, 4, axis=1)[inner], before[inner]
    assert np.abs(after[inner] - shifted).mean() < np.abs(after[inner] - still).mean()
    assert not setting.dream(9, 255 - moved).any()


def test_where_it_is_given_up_it_goes_little_by_little_and_is_gone():
    setting = Setting()
    assert setting.finer.leaving(*SIZE) is None
    for index in range(8):
        detail = setting.dream(index)
    last = np.abs(detail).mean()
    for index in range(8, 40):
        setting.dreamer.live(cv2.resize(setting.camera, SIZE[::-1]), index / 25)
        left = setting.finer.leaving(*SIZE)
        if left is None:
            break
        size = np.abs(left.astype(int) - NONE).mean()
        assert 0.7 * last - 0.1 < size < 0.9 * last
        last = size
    assert left is None
    assert index > 12
    assert setting.finer.leaving(*SIZE) is None


def test_outside_of_a_mask_there_is_none():
    setting = Setting()
    mask = np.zeros(SIZE, np.float32)
    mask[:, : SIZE[1] // 2] = 1
    setting.dreamer.mask = mask
    for index in range(8):
        detail = setting.dream(index)
    assert not detail[:, SIZE[1] + 2 :].any()
    assert detail[:, : SIZE[1] - 2].any()
    assert setting.dreamer.mask is mask


def test_a_window_runs_out_to_where_there_is_more():
    soft = feather(20, 96, 200)
    assert soft.max() == 1
    assert max(soft[0], soft[-1]) < 0.03
    assert feather(0, 96, 200)[0] == feather(104, 96, 200)[-1] == 1  # There the picture ends.


def test_without_any_the_dream_is_enlarged():
    residual = np.full((*SIZE, 3), 150, np.uint8)
    none = np.full((2 * SIZE[0], 2 * SIZE[1], 3), NONE, np.uint8)
    assert (with_detail(residual, none) == 150).all()
    assert (with_detail(residual, none + np.uint8(9)) == 159).all()
