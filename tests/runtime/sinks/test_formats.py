"""What is encoded is what was asked for. PyAV says nothing of an option that FFmpeg does not know,
so files are read back: how they are laid out, what they say of their colours, and, where the
encoder notes it, what it was told."""

from __future__ import annotations

import re
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.runtime.offline.dreamt_clip import dream_clip
from livedream.runtime.sinks.encoding import TICK, Video, playable
from livedream.runtime.sinks.formats import FORMS

from ..offline.clips import make_clip, picture, pictures_of

H264 = sorted(suffix for suffix, form in FORMS.items() if form.video == "libx264")
BOXES = [".m4v", ".mov", ".mp4"]


def half_written(path: Path, frames: int = 65) -> Video:
    """A recording that is still going on; a group of pictures lasts 60 frames."""
    video = Video(path, FORMS[path.suffix], picture(0, 48, 64), 30)
    for number in range(frames):
        video.write(picture(number % 20, 48, 64), round(number / 30 / TICK))
    return video


def recorded(path: Path) -> Path:
    half_written(path).finish()
    return path


def dreamt(path: Path) -> Path:
    dream_clip(make_clip(path.parent / "source.mkv"), path, lambda image, seconds: image)
    return path


def told_x264(path: Path) -> dict[str, str]:
    """The options that x264 writes into every file."""
    found = re.search(rb"x264 - core .* options: ([ -~]+)", path.read_bytes())
    assert found
    return dict(each.split("=") for each in found[1].decode().split() if "=" in each)


@pytest.mark.parametrize("suffix", FORMS)
def test_the_encoder_knows_every_option(tmp_path, suffix):
    form = FORMS[suffix]
    for options in (form.best, form.live):
        with av.open(str(tmp_path / f"a{suffix}"), "w", format=form.muxer) as container:
            stream = container.add_stream(form.video, rate=30)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.options = options
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
            container.mux([*stream.encode(frame), *stream.encode(None)])
            # What is left over after opening is what nobody took.
            assert stream.codec_context.options == {}


@pytest.mark.parametrize("suffix", H264)
def test_recordings_cost_little_and_dreams_are_fine(tmp_path, suffix):
    live = told_x264(recorded(tmp_path / f"live{suffix}"))
    assert (live["crf"], live["bframes"], live["keyint"]) == ("20.0", "0", "60")
    best = told_x264(dreamt(tmp_path / f"best{suffix}"))
    assert best["crf"] == "18.0"
    assert int(best["bframes"]) > 0
    # `subme` is how hard it looks: 2 of `veryfast`, 7 of `medium`.
    assert (live["subme"], best["subme"]) == ("2", "7")


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("make", [recorded, dreamt])
def test_players_are_told_the_colours(tmp_path, suffix, make):
    with av.open(str(make(tmp_path / f"a{suffix}"))) as container:
        frame = next(container.decode(video=0))
        codec = container.streams.video[0].codec_context
        assert codec.pix_fmt == "yuv420p"
        assert codec.profile in ("High", "Profile 0")
        assert frame.color_range == 1  # 16 to 235
        if make is recorded:
            assert int(frame.colorspace) == frame.color_primaries == frame.color_trc == 1  # BT.709
    assert container.format.name.startswith(
        {"mp4": "mov,mp4", "mov": "mov,mp4", "matroska": "matroska", "webm": "matroska"}[
            FORMS[suffix].muxer
        ]
    )


@pytest.mark.parametrize("suffix", BOXES)
def test_a_dreamt_clip_begins_to_play_before_it_is_there(tmp_path, suffix):
    content = dreamt(tmp_path / f"a{suffix}").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content


@pytest.mark.parametrize("suffix", FORMS)
def test_a_recording_can_be_played_while_it_is_written(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    video = half_written(path, 130)
    assert playable(path)
    if suffix in BOXES:
        assert path.read_bytes().count(b"moof") >= 2
    video.finish()
    assert len(pictures_of(path)) == 130


@pytest.mark.parametrize("suffix", FORMS)
def test_a_recording_reaches_the_disk_within_seconds(tmp_path, suffix):
    """Not when a buffer is full, which a dark room takes minutes for."""
    path = tmp_path / f"a{suffix}"
    video = half_written(path, 61)
    before = path.stat().st_size
    for number in range(61, 125):
        video.write(picture(0, 48, 64), round(number / 30 / TICK))
    assert path.stat().st_size > before > 0
    video.close()


def test_a_mov_is_a_mov(tmp_path):
    assert recorded(tmp_path / "a.mov").read_bytes()[4:12] == b"ftypqt  "
    assert recorded(tmp_path / "a.mp4").read_bytes()[4:12] != b"ftypqt  "
    assert b"webm" in recorded(tmp_path / "a.webm").read_bytes()[:64]
    assert b"matroska" in recorded(tmp_path / "a.mkv").read_bytes()[:64]
