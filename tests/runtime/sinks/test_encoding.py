"""Pictures reach a file where they are, whatever their size."""

from __future__ import annotations

import av
import numpy as np
import pytest

from livedream.runtime.sinks.encoding import TICK, Video
from livedream.runtime.sinks.formats import FORMS


def slope(width: int, height: int) -> np.ndarray:
    """Grey, brighter to the right and, faster, downwards."""
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat((20 + 1.5 * x + 2.5 * y)[..., None], 3, axis=2).astype(np.uint8)


def written(path, *images: np.ndarray) -> list[np.ndarray]:
    video = Video(path, FORMS[path.suffix], images[0], 30)
    for number, image in enumerate(images):
        assert video.write(image, round(number / 30 / TICK)) is True
    video.finish()
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


@pytest.mark.parametrize("size", [(64, 48), (63, 48), (64, 47), (63, 47)])
def test_an_odd_picture_stays_where_it_is_and_grows_at_its_end(tmp_path, size):
    width, height = size
    original = slope(width, height)
    (image,) = written(tmp_path / "a.mp4", original)
    assert image.shape == (48, 64, 3)
    differences = image[:height, :width].astype(int) - original
    # A shift by one pixel turns its slope of 1.5 or 2.5 into a constant, and into an edge.
    assert abs(differences.mean()) < 2
    assert differences.std() < 1.5
    assert (
        np.abs(image[:, -1].astype(int) - original[np.minimum(range(48), height - 1), -1]).mean()
        < 6
    )
    assert np.abs(image[-1].astype(int) - original[-1, np.minimum(range(64), width - 1)]).mean() < 6


@pytest.mark.parametrize(
    ("size", "bars"),
    [((48, 48), np.s_[:, :6]), ((64, 24), np.s_[:10]), ((128, 48), np.s_[:10]),
     ((24, 48), np.s_[:, -16:])],
)  # fmt: skip
def test_another_size_is_fitted_in_with_bars(tmp_path, size, bars):
    other = np.full((size[1], size[0], 3), 200, np.uint8)
    _, image = written(tmp_path / "a.mp4", np.full((48, 64, 3), 200, np.uint8), other)
    assert image.shape == (48, 64, 3)
    assert image[bars].mean() < 12
    assert image[20:28, 28:36].mean() == pytest.approx(200, abs=6)


def test_a_picture_that_is_no_later_is_left_out(tmp_path):
    image = np.full((48, 64, 3), 90, np.uint8)
    video = Video(tmp_path / "a.mp4", FORMS[".mp4"], image, 30)
    assert [video.write(image, tick) for tick in (0, 0, 3000, 2999, 3001)] == [
        True, False, True, False, True,
    ]  # fmt: skip
    video.finish()
