"""A frame that is made smaller once for all who ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livedream.runtime import frame as module
from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.live.capture import Capture
from livedream.runtime.scaling import resized

from ..patience import PATIENCE

IMAGE = np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8)


class Once:
    """A camera that gives one picture."""

    live, cost = True, 0.0

    def __init__(self, image: object) -> None:
        self.images = [image]

    def describe(self) -> str:
        return "once"

    def read(self) -> Frame | None:
        return Frame(self.images.pop(), 0.0, 0) if self.images else None  # pyright: ignore[reportArgumentType]

    def close(self) -> None: ...


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes that pictures were made."""
    sizes: list[tuple[int, int]] = []

    def counted(image: np.ndarray, width: int, height: int) -> np.ndarray:
        sizes.append((width, height))
        return resized(image, width, height)

    monkeypatch.setattr(module, "resized", counted)
    return sizes


def test_each_size_is_made_once_and_of_another_picture_anew(made):
    frame = Frame(IMAGE, 0.0, 0)
    np.testing.assert_array_equal(frame.small(32, 18), resized(IMAGE, 32, 18))
    assert frame.small(32, 18) is frame.small(32, 18)
    assert frame.small(16, 9).shape == (9, 16, 3)
    assert made == [(32, 18), (16, 9)]
    np.testing.assert_array_equal(
        replace(frame, image=255 - IMAGE).small(32, 18), resized(255 - IMAGE, 32, 18)
    )


def test_what_is_wanted_is_made_by_the_thread_that_reads(made):
    capture = Capture(Once(IMAGE))
    capture.ahead = 32, 18
    with capture:
        frame = capture.shown.take(PATIENCE)
        assert frame
        assert made == [(32, 18)]
        frame.small(32, 18)
    assert made == [(32, 18)]


def test_what_is_no_picture_passes_and_says_so_to_who_asks():
    capture = Capture(Once(np.zeros((4, 4), np.uint8)))
    capture.ahead = 32, 18
    with capture:
        frame = capture.shown.take(PATIENCE)
        assert frame
        with pytest.raises(LivedreamError, match="no colour picture"):
            frame.small(32, 18)
