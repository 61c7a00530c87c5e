"""What Numba compiles, beyond what every way of the processor has to do."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="nothing compiles for the processor")

from livedream.kernels import compiled as kernels
from livedream.runtime.safety.compiled_pixels import CompiledProcessor

CELLS = 160 * 90 + 32 * 18 + 1


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(9)


def test_of_a_known_picture_only_what_is_pulled_is_measured_anew(random, monkeypatch):
    """What is not touched is taken over from what is known of it, even where that is wrong."""
    pixels, size = CompiledProcessor(), (180, 320, 3)
    picture, before = (random.integers(0, 256, size, np.uint8) for _ in range(2))
    with monkeypatch.context() as wrong:
        wrong.setattr(kernels, "meter", lambda picture, light: light.fill(0.25))
        pixels.measure(picture)
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
