"""Feature accentuation, by what must hold of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livedream import kernels
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.dream.accentuating import Accentuator, Photo
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import UsageError

from ..toy import ToyEngine
from .test_dreamer import picture

DREAM = replace(RECIPES["accentuate"].dream, steps=12)


class Seeing(ToyEngine):
    """Sees the left half alone, unless told otherwise."""

    share = 0.5

    def probe(self, image: np.ndarray) -> np.ndarray:
        gradient = self.gradient(image)
        gradient[:, :, round(image.shape[2] * self.share) :] = 0
        return gradient

    def height(self, bgr: np.ndarray) -> float:
        response = self.respond(kernels.to_planar(bgr) - np.float32(0.5), 1)[:, ::2, ::2]
        return float(np.square(response).mean())


class SeeingAll(Seeing):
    share = 1.0


def accentuated(engine: Seeing, dream: Dream = DREAM, mask: np.ndarray | None = None):
    dreamer = Accentuator(CpuDevice(), engine, dream)
    dreamer.mask = mask
    return dreamer.still(picture())


@pytest.mark.parametrize("size", [(12, 16), (13, 15)])
def test_waves_of_a_photo_are_the_photo_and_lead_a_gradient_back(size):
    random = np.random.default_rng(2)
    photo = random.random((3, *size)).astype(np.float32)
    photo[:, 0] = 1  # beyond the slope of the sigmoid, and the very pixels all the same
    canvas = Photo(photo)
    assert np.abs(canvas.image() - photo).max() < 1e-6
    weights = random.standard_normal(photo.shape)
    weights[:, 0] = 0
    canvas.image()
    pulled = canvas.pull(weights)
    way = random.standard_normal(pulled.shape)
    ends = []
    for sign in (1, -1):
        canvas.values += sign * 1e-4 * way
        ends.append(float((canvas.image() * weights).sum()))
        canvas.values -= sign * 1e-4 * way
    assert (pulled * way).sum() == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=0.02)


def test_what_the_layer_responds_to_is_raised():
    engine = SeeingAll()
    assert engine.height(accentuated(engine)) > 1.05 * engine.height(picture())


def test_where_it_sees_nothing_the_photo_stays():
    change = np.abs(accentuated(Seeing(), replace(DREAM, jitter=0)).astype(int) - picture())
    width = change.shape[1]
    assert change[:, : width // 3].mean() > 1
    assert change[:, 2 * width // 3 : -8].max() <= 1


def test_the_penalty_holds_it_to_the_photo():
    free, held = (
        np.abs(accentuated(SeeingAll(), replace(DREAM, l2=l2)).astype(int) - picture()).mean()
        for l2 in (0, 20)
    )
    assert free > 1.2 * held > 0


def test_a_prior_that_changes_pixels_is_refused():
    with pytest.raises(UsageError, match="tv and l2"):
        accentuated(SeeingAll(), replace(DREAM, clip_norm=0.2))


def test_a_mask_and_no_step_leave_its_bytes():
    still = accentuated(SeeingAll(), replace(DREAM, step_size=0))
    assert np.array_equal(still, picture())
    mask = np.zeros((6, 8), np.float32)
    mask[:3] = 1
    change = np.abs(accentuated(SeeingAll(), mask=mask).astype(int) - picture())
    assert change[: len(change) // 3].mean() > 1
    assert change[2 * len(change) // 3 :].max() == 0
