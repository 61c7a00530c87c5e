"""Matrices of YCbCr, against the standard's own formula."""

from __future__ import annotations

import av
import numpy as np
import pytest

from livedream.runtime.store.colour import SWS, matrix_of

WEIGHTS = {
    1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087),
    9: (0.2627, 0.0593), 10: (0.2627, 0.0593),
}  # fmt: skip
"""Of red and blue in the luma, by the matrix's number: ITU-T H.273, table 4."""


def coded(y: int, cb: int, cr: int) -> av.VideoFrame:
    planes = [np.full((16, 16), level, np.uint8) for level in (y, cb, cr)]
    return av.VideoFrame.from_ndarray(np.stack(planes), format="yuv444p")


@pytest.mark.parametrize("matrix", WEIGHTS)
def test_each_matrix_is_the_standards(matrix):
    red, blue = WEIGHTS[matrix]
    for y, cb, cr in ((120, 128, 128), (120, 90, 160), (140, 170, 100), (90, 150, 150)):
        luma, b, r = (y - 16) / 219, (cb - 128) / 224, (cr - 128) / 224
        r, b = luma + 2 * (1 - red) * r, luma + 2 * (1 - blue) * b
        g = (luma - red * r - blue * b) / (1 - red - blue)
        picture = coded(y, cb, cr).reformat(
            format="bgr24", src_colorspace=SWS[matrix], src_color_range="MPEG",
            dst_color_range="JPEG",
        )  # fmt: skip
        expected = np.clip(np.round(255 * np.array([b, g, r])), 0, 255)
        np.testing.assert_allclose(picture.to_ndarray()[8, 8], expected, atol=1.5)


def test_what_a_frame_says_holds():
    for matrix in WEIGHTS:
        frame = av.VideoFrame(1920, 1080, "yuv420p")
        frame.colorspace = matrix
        assert matrix_of(frame) == matrix


@pytest.mark.parametrize(
    ("size", "matrix"),
    [((1279, 719), 6), ((1280, 16), 1), ((16, 720), 1), ((720, 576), 6), ((1920, 1080), 1)],
)
def test_where_it_says_nothing_its_size_does(size, matrix):
    assert matrix_of(av.VideoFrame(size[0], size[1], "yuv420p")) == matrix
