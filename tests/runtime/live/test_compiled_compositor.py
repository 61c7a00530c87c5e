"""A picture that is measured while it is made is known as if it had been measured then."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="nothing compiles for the processor")

from livedream.runtime.live.compiled_compositor import CompiledCompositor
from livedream.runtime.safety import compiled_pixels
from livedream.runtime.safety.compiled_pixels import CompiledProcessor

CELLS = 160 * 90 + 32 * 18 + 1


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(9)


@pytest.fixture
def measured(monkeypatch) -> list[tuple[int, ...]]:
    """The shapes of all pictures that are measured for themselves."""
    shapes: list[tuple[int, ...]] = []
    measure = compiled_pixels._measured
    monkeypatch.setattr(
        compiled_pixels,
        "_measured",
        lambda picture: (shapes.append(picture.shape), measure(picture))[1],
    )
    return shapes


def made(compositor: CompiledCompositor, random: np.random.Generator, *size: int) -> np.ndarray:
    camera = random.integers(0, 256, (*size, 3), np.uint8)
    residual = random.integers(0, 256, (45, 80, 3), np.uint8)
    return compositor.composed(camera, residual, 0.8, 0.7, None, 1.0)


@pytest.mark.parametrize("size", [(180, 320), (97, 161), (41, 97)])
def test_what_was_measured_on_the_way_is_what_is_there(random, size):
    compositor = CompiledCompositor()
    compositor.pixels.measure(made(compositor, random, *size))
    picture = made(compositor, random, *size)
    known = compositor.pixels.measure(picture)
    np.testing.assert_array_equal(known, CompiledProcessor().measure(picture.copy()))


def test_a_picture_is_measured_on_the_way_where_somebody_asks(random, measured):
    compositor = CompiledCompositor()
    compositor.pixels.measure(made(compositor, random, 180, 320))
    assert len(measured) == 1  # Nobody had asked before.
    for _ in range(3):
        compositor.pixels.measure(made(compositor, random, 180, 320))
    assert len(measured) == 1
    made(compositor, random, 180, 320)
    compositor.pixels.measure(made(compositor, random, 180, 320))
    assert len(measured) == 2  # Nobody asked about the one between.


def test_of_a_known_picture_only_what_is_pulled_is_measured_anew(random):
    """What is not touched is taken over from what is known of it, even where that is wrong."""
    pixels, size = CompiledProcessor(), (180, 320, 3)
    picture, before = (random.integers(0, 256, size, np.uint8) for _ in range(2))
    light = np.full((2, 90, 320), 0.25, np.float32)
    pixels.know(picture, light)
    weights = np.zeros(CELLS, np.float32)
    weights[: 160 * 10] = 1
    held, cells = pixels.pulled(picture, before, weights)
    np.testing.assert_array_equal(held[60:], picture[60:])
    np.testing.assert_array_equal(held[:18], before[:18])
    fine = cells[0, : 160 * 90].reshape(90, 160)
    np.testing.assert_allclose(fine[30:], 0.125)
    there = CompiledProcessor().measure(held)[0, : 160 * 90].reshape(90, 160)
    np.testing.assert_array_equal(fine[:10], there[:10])


def test_pictures_that_are_mirrored_or_locked_are_taken_as_they_are(random):
    pixels = CompiledProcessor()
    picture = random.integers(0, 256, (180, 320, 3), np.uint8)
    mirrored = picture[:, ::-1]
    picture.flags.writeable = False
    np.testing.assert_allclose(
        pixels.measure(mirrored)[:, -1], pixels.measure(picture)[:, -1], rtol=1e-5
    )
    still, _ = pixels.pulled(picture, picture, np.ones(CELLS, np.float32))
    np.testing.assert_array_equal(still, picture)
