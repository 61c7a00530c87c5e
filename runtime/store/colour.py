"""How the colours of a clip are coded, so that a trip through YCbCr leaves them as they were."""

from __future__ import annotations

from av.video.frame import VideoFrame

EXACT = 0x4 | 0x40000 | 0x2000
"""Bicubic | accurate rounding | full chroma: swscale's default rounds down, two levels a trip."""

SWS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""Matrices of YCbCr by their number in the stream, and swscale's own number for the same."""


def matrix_of(frame: VideoFrame) -> int:
    """The frame's matrix, a key of SWS; where it does not say, by size, as players guess."""
    if int(frame.colorspace) in SWS:
        return int(frame.colorspace)
    return 1 if frame.height >= 720 or frame.width >= 1280 else 6
