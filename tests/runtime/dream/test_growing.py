"""Pictures from nothing, against plain definitions and by what must hold of them."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.kernels import variation
from livedream.runtime.dream.canvas import CANVASES
from livedream.runtime.dream.growing import Adam, Growth, View, grow
from livedream.runtime.dream.priors import parse_priors
from livedream.runtime.errors import UsageError
from tests.runtime.toy import ToyEngine


@pytest.mark.parametrize("size", [(12, 16), (13, 15)])
@pytest.mark.parametrize("name", CANVASES)
def test_a_gradient_leads_back_as_differences_do(name, size):
    random = np.random.default_rng(3)
    canvas = CANVASES[name](*size, random)
    target = random.standard_normal((3, *size)).astype(np.float32)
    canvas.image()
    pulled = canvas.pull(target)
    assert pulled.shape == canvas.values.shape
    for _ in range(5):
        way = random.standard_normal(canvas.values.shape)
        ends = []
        for sign in (1, -1):
            canvas.values += sign * 1e-3 * way
            ends.append((canvas.image().astype(float) * target).sum())
            canvas.values -= sign * 1e-3 * way
        assert (ends[0] - ends[1]) / 2e-3 == pytest.approx((pulled * way).sum(), rel=0.02, abs=0.02)


@pytest.mark.parametrize("name", CANVASES)
def test_a_canvas_begins_as_a_picture_and_follows_its_seed(name):
    first, second, other = (
        CANVASES[name](32, 48, np.random.default_rng(seed)).image() for seed in (1, 1, 2)
    )
    assert first.dtype == np.float32
    assert first.shape == (3, 32, 48)
    assert first.min() >= 0
    assert first.max() <= 1
    assert abs(first.mean() - 0.5) < 0.06
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_phases_keep_how_loud_each_wave_is():
    canvas = CANVASES["phases"](32, 32, np.random.default_rng(1))
    canvas.image()
    before = np.abs(canvas._waves)  # pyright: ignore[reportAttributeAccessIssue]
    canvas.values += np.random.default_rng(2).standard_normal(canvas.values.shape)
    canvas.image()
    assert np.allclose(np.abs(canvas._waves), before)  # pyright: ignore[reportAttributeAccessIssue]


def response(image: np.ndarray) -> float:
    """The objective whose gradient ToyEngine gives, over the places its pattern lets through."""
    return float((ToyEngine().respond(image - np.float32(0.5), 1)[:, ::2, ::2] ** 2).mean())


@pytest.mark.parametrize("name", CANVASES)
def test_growing_raises_the_objective(name):
    random = np.random.default_rng(0)
    canvas = CANVASES[name](32, 32, random)
    begun = response(canvas.image())
    growth = Growth(iterations=40, turn=0, zoom=0)
    assert response(grow(canvas, ToyEngine().gradient, growth, random)) > 1.1 * begun


def seam(image: np.ndarray) -> float:
    """The step from the last row or column to the first, over the largest step inside."""
    ratios = []
    for axis, other in ((1, 2), (2, 1)):
        around = np.concatenate((image, image.take([0], axis)), axis)
        steps = np.abs(np.diff(around, axis=axis)).mean((0, other))
        ratios.append(steps[-1] / steps[:-1].max())
    return max(ratios)


@pytest.mark.parametrize("name", CANVASES)
def test_a_texture_tiles(name):
    """The engine sees its edges as a network does: nothing lies beyond them."""
    engine = ToyEngine()

    def gradient(image: np.ndarray) -> np.ndarray:
        found = engine.gradient(image)
        for edge in (np.s_[:, :2], np.s_[:, -2:], np.s_[:, :, :2], np.s_[:, :, -2:]):
            found[edge] = 0
        return found

    random = np.random.default_rng(5)
    growth = Growth(iterations=60)
    assert seam(grow(CANVASES[name](48, 48, random), gradient, growth, random)) <= 1


def test_less_variation_with_more_of_its_prior():
    def grown(weight: float) -> float:
        random = np.random.default_rng(7)
        growth = Growth(iterations=40, rate=0.02, priors=parse_priors(f"tv:{weight}"))
        return variation(
            grow(CANVASES["pixels"](32, 32, random), ToyEngine().gradient, growth, random)
        )

    first, second, third = map(grown, (0, 0.3, 1))
    assert first > 1.1 * second > 1.1 * third


def test_adam_takes_steps_of_its_rate_first_and_less_where_signs_change():
    adam = Adam(0.1)
    assert adam.step(np.array([3.0, -0.002])) == pytest.approx([0.1, -0.1], rel=1e-4)
    assert np.abs(adam.step(np.array([-3.0, 0.002]))).max() < 0.03


def test_a_view_leads_back_to_where_it_looked():
    y, x = np.mgrid[:40, :50]
    spot = np.exp(-((y - 12) ** 2 + (x - 31) ** 2) / 8).astype(np.float32)
    image = np.stack((spot, spot, spot))
    for view in (View(7, 33, 0, 1), View(49, 2, 20, 1.2), View(13, 21, -15, 0.8)):
        back = view.back(view.of(image))
        assert np.abs(back - image).max() < 0.35
        found = np.unravel_index(back[0].argmax(), spot.shape)
        assert np.abs(np.subtract(found, (12, 31))).max() <= 1


@pytest.mark.parametrize(
    ("text", "says"),
    [("tw:1", "tv"), ("tv", "tv:NUMBER"), ("tv:x", "tv:NUMBER"), ("l2:-1", "l2:NUMBER"),
     ("clip-norm:1.5", "0 to 1"), ("tv:nan", "tv:NUMBER")],
)  # fmt: skip
def test_a_wrong_prior_says_what_is_right(text, says):
    with pytest.raises(UsageError, match=says):
        parse_priors(text)


def test_priors_write_what_they_read():
    text = "tv:0.1,l2:0.05,blur:0.5,clip-norm:0.2,clip-contribution:0.25"
    assert str(parse_priors(text)) == text
    assert str(parse_priors("")) == ""


def test_clean_ups_do_what_they_say():
    random = np.random.default_rng(4)
    image, gradient = random.standard_normal((2, 3, 20, 20)).astype(np.float32)
    gone = (parse_priors("clip-norm:0.25").clean(image, gradient) == 0).all(0)
    assert gone.sum() == 100
    norms = np.linalg.norm(image, axis=0)
    assert norms[gone].max() <= norms[~gone].min()
    idle = (parse_priors("clip-contribution:0.5").clean(image, gradient) == 0).all(0)
    worth = np.abs((image * gradient).sum(0))
    assert idle.sum() == 200
    assert worth[idle].max() <= worth[~idle].min()
    smooth = parse_priors("blur:1").clean(image, gradient)
    assert variation(smooth) < 0.5 * variation(image)
    rolled = parse_priors("blur:1").clean(np.roll(image, (5, 7), (1, 2)), gradient)
    assert np.allclose(rolled, np.roll(smooth, (5, 7), (1, 2)), atol=1e-5)
