"""A camera that sees nothing is noticed, and told once."""

import numpy as np

from livedream.runtime.live.sources.sight import LASTS, Sight

RANDOM = np.random.default_rng(5)


def noisy(brightness: int, noise: int = 4) -> np.ndarray:
    return RANDOM.integers(brightness, brightness + noise, (240, 320, 3)).astype(np.uint8)


def told(pictures) -> list[tuple[float, str]]:
    """What is said of pictures at 2 a second, and when."""
    sight = Sight()
    news = [(index / 2, sight.news(picture, index / 2)) for index, picture in enumerate(pictures)]
    return [(time, text) for time, text in news if text]


def test_a_covered_lens_is_told_once_and_when_it_is_over():
    (first, dark), (second, over) = told(
        [noisy(90) for _ in range(10)] + [noisy(2) for _ in range(60)] + [noisy(90)] * 4
    )
    assert "lens covered" in dark
    assert 5 + LASTS <= first <= 5 + LASTS + 2
    assert over == "sees again"
    assert 35 <= second <= 36


def test_a_frozen_picture_is_told():
    still = noisy(90)
    ((time, text),) = told([noisy(90)] * 2 + [still] * 40)
    assert text == "gives the same picture again and again"
    assert time >= LASTS


def test_a_moment_of_darkness_and_a_quiet_room_are_nothing():
    assert told([noisy(90)] + [noisy(2) for _ in range(16)] + [noisy(90) for _ in range(60)]) == []
    lit = noisy(2)
    lit[:60, :60] = 80  # A lamp in a dark room.
    assert told([lit + noisy(0, 2) for _ in range(60)]) == []


def test_odd_frames_are_left_to_others():
    assert Sight().news(np.zeros((2, 2), np.float32), 0.0) is None
