"""A clip's pictures as a screen wants them: colours, shape, and what is damaged."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources.decoding import Decoder, open_container

from ..offline.clips import damage, make_clip
from ..store.test_colour import WEIGHTS


def pictures(path: Path, told: list[str] | None = None) -> list[np.ndarray]:
    with open_container(str(path), "it") as container:
        said = None if told is None else told.append
        return [image for image, _ in Decoder(container, "it", said)]


def flat(path: Path, colour: tuple[int, int, int], size=(64, 48), **tags: int) -> Path:
    """A clip of one colour, (Y, Cb, Cr) as they are coded."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        planes = [np.full(width * height // part, level, np.uint8)
                  for part, level in zip((1, 4, 4), colour, strict=True)]  # fmt: skip
        coded = np.concatenate(planes).reshape(height * 3 // 2, width)
        frame = av.VideoFrame.from_ndarray(coded, format="yuv420p")
        for name, value in tags.items():
            setattr(frame, name, value)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    ("tags", "size", "matrix", "full"),
    [
        ({"colorspace": 1, "color_range": 1}, (64, 48), 1, False),
        ({"colorspace": 5, "color_range": 1}, (64, 48), 5, False),
        ({"colorspace": 1, "color_range": 2}, (64, 48), 1, True),
        ({}, (64, 48), 6, False),
        ({}, (1280, 720), 1, False),
    ],
    ids=["HD", "SD", "full range", "small, untold", "large, untold"],
)
def test_colours_are_those_that_were_coded(tmp_path, tags, size, matrix, full):
    y, cb, cr = 120, 100, 160
    (image,) = pictures(flat(tmp_path / "a.mp4", (y, cb, cr), size, **tags))
    luma = y / 255 if full else (y - 16) / 219
    span = 255 if full else 224
    red, blue = WEIGHTS[matrix]
    r = luma + 2 * (1 - red) * (cr - 128) / span
    b = luma + 2 * (1 - blue) * (cb - 128) / span
    g = (luma - red * r - blue * b) / (1 - red - blue)
    expected = 255 * np.array([b, g, r])
    np.testing.assert_allclose(image[size[1] // 2, size[0] // 2], expected, atol=2.5)


@pytest.mark.parametrize(
    ("aspect", "width"),
    [("2", 128), ("1/2", 32), ("4", 256), ("1/4", 16), ("5", 64), ("1/5", 64), ("1", 64)],
)
def test_pixels_are_square_on_a_screen(tmp_path, aspect, width):
    """An aspect that no camera has is somebody's mistake."""
    path = make_clip(tmp_path / "a.mp4", [0], sample_aspect_ratio=Fraction(aspect))
    assert pictures(path)[0].shape == (48, width, 3)


def test_a_packet_that_cannot_be_decoded_is_told(tmp_path):
    source = make_clip(tmp_path / "a.mkv", range(0, 2000, 40))
    told: list[str] = []
    assert len(pictures(source, told)) == 50
    assert told == []
    left = pictures(damage(source, tmp_path / "bad.mkv", 20), told)
    assert 40 <= len(left) < 50
    assert told == ["it is damaged; what can be read of it plays"]


def test_pictures_that_ffmpeg_made_up_are_told_once(tmp_path):
    source = make_clip(tmp_path / "a.mkv", range(0, 2000, 40), size=(240, 320))
    with av.open(str(source)) as before, av.open(str(tmp_path / "bad.mkv"), "w") as after:
        stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
        for packet in before.demux(video=0):
            content = bytearray(bytes(packet))
            if len(content) > 200:  # the slices of a key frame, behind its headers
                content[-100:-20] = bytes(80)
            written = av.Packet(bytes(content))
            written.pts, written.dts, written.time_base = packet.pts, packet.dts, packet.time_base
            written.stream = stream
            if packet.size:
                after.mux(written)
    told: list[str] = []
    assert len(pictures(tmp_path / "bad.mkv", told)) == 50
    assert told == ["it is damaged; what can be read of it plays"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("a.mp4", True), ("a.MOV", True), ("a.m4v", True), ("a.mkv", False)],
)
def test_a_file_without_its_index_is_told_how_it_came(tmp_path, name, says):
    (tmp_path / name).write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(2000))
    with pytest.raises(LivedreamError) as caught:
        open_container(str(tmp_path / name), name)
    assert ("untrunc" in str(caught.value)) is says


def test_frames_too_large_for_memory_are_refused(tmp_path, monkeypatch):
    from livedream.runtime.store import footage

    path = flat(tmp_path / "large.mp4", (128, 128, 128), (640, 480))
    monkeypatch.setattr(footage, "LARGEST", 640 * 480)
    with open_container(str(path), "it") as container:
        assert len(list(Decoder(container, "it"))) == 1
    monkeypatch.setattr(footage, "LARGEST", 640 * 480 - 1)
    with open_container(str(path), "it") as container, pytest.raises(LivedreamError, match="large"):
        Decoder(container, "it")
