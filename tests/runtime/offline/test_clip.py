import gc
import os
import re
import struct
import weakref
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.offline import dreamt_clip as clip
from livedream.runtime.offline.dreamt_clip import dream_clip
from livedream.runtime.offline.reader import open_clip
from livedream.runtime.sinks.formats import FORMS

from ..cli.test_command_line import call
from ..toy_graph import write_toy
from .clips import CLIPS, damage, make_clip, picture, pictures_of, sound_of


def same(image, seconds):
    return image


def upside_down(image, seconds):
    return image[::-1]


def test_every_frame_once_in_order_with_its_time_and_colour(tmp_path):
    source = make_clip(tmp_path / "in.mp4")
    seen, steps = [], []

    def dream(image, seconds):
        seen.append((seconds, image))
        return image

    report = dream_clip(source, tmp_path / "out.mp4", dream,
                        progress=lambda done, total: steps.append((done, total)))  # fmt: skip
    assert [seconds for seconds, _ in seen] == pytest.approx([0.04 * i for i in range(10)])
    for number, (_, image) in enumerate(seen):
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - picture(number)).mean() < 3
    assert steps == [(i, 10) for i in range(1, 11)]
    assert (report.frames, report.width, report.height) == (10, 64, 48)
    assert report.seconds == pytest.approx(0.36)
    assert report.sound == ()
    written = pictures_of(tmp_path / "out.mp4")
    assert [time for time, _ in written] == [time for time, _ in pictures_of(source)]
    # The trip through YCbCr must not shift the level: many passes would fade to black.
    difference = np.mean([w.astype(int) - s for (_, w), (_, s) in zip(written, seen, strict=True)])
    assert abs(difference) < 0.5


@pytest.mark.parametrize("matrix", [1, 5])
def test_colours_survive_both_matrices(tmp_path, matrix):
    source = make_clip(tmp_path / "in.mp4", [0, 40], colorspace=matrix, color_range=1)
    saturated = np.zeros((48, 64, 3), np.uint8)
    saturated[:] = (30, 60, 220)
    dream_clip(source, tmp_path / "out.mp4", lambda image, seconds: saturated)
    again = []
    dream_clip(tmp_path / "out.mp4", tmp_path / "b.mp4", lambda i, s: again.append(i) or i)
    assert np.abs(again[0].astype(int) - saturated).max() <= 4


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_is_copied_bit_by_bit(tmp_path, suffix):
    source = make_clip(tmp_path / "in.mp4", sound="aac")
    report = dream_clip(source, tmp_path / f"out{suffix}", upside_down)
    assert report.sound == ("copied",)
    before, after = sound_of(source), sound_of(tmp_path / f"out{suffix}")
    assert len(before) > 15
    assert [data for _, _, data in after] == [data for _, _, data in before]
    tolerance = 0 if suffix != ".mkv" else 0.0011  # Matroska counts milliseconds
    # The encoder's run-in lies before zero, which only some containers can say.
    assert after[-1][0] - after[1][0] == pytest.approx(before[-1][0] - before[1][0], abs=tolerance)
    picture_start = pictures_of(tmp_path / f"out{suffix}")[0][0]
    assert after[1][0] - picture_start == pytest.approx(before[1][0], abs=0.022)


def test_the_sound_of_a_real_clip(tmp_path):
    source = CLIPS / "bigbuckbunny.mp4"
    if not source.is_file():
        pytest.skip("the clips are not here")
    report = dream_clip(source, tmp_path / "out.mp4", lambda image, seconds: image[::4, ::4])
    assert (report.frames, report.width, report.height) == (132, 320, 180)
    assert sound_of(tmp_path / "out.mp4") == sound_of(source)
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        assert after.duration == before.duration
        times = [[f.time for f in c.decode(video=0)] for c in (before, after)]
    assert times[0] == times[1]


@pytest.mark.parametrize(("sound", "kind"), [("aac", "libopus"), ("libopus", "copied")])
def test_webm_takes_opus_only(tmp_path, sound, kind):
    source = make_clip(tmp_path / "in.mkv", sound=sound)
    report = dream_clip(source, tmp_path / "out.webm", lambda image, seconds: image[:-1, :-1])
    assert report.sound == (kind,)
    assert (report.width, report.height) == (63, 47)
    if kind == "copied":
        assert [d for _, _, d in sound_of(tmp_path / "out.webm")] == [
            d for _, _, d in sound_of(source)
        ]
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.video[0].codec_context.name == "vp9"
        waves = [f.to_ndarray() for f in container.decode(audio=0)]
    wave = np.concatenate([w.reshape(-1, 2)[:, 0] if w.shape[0] == 1 else w[0] for w in waves], -1)
    assert len(wave) / 48000 == pytest.approx(0.4, abs=0.05)
    strongest = np.argmax(np.abs(np.fft.rfft(wave[4000:16000]))) * 48000 / 12000
    assert strongest == pytest.approx(440, abs=5)


def test_sound_of_an_odd_rate_is_converted_for_opus(tmp_path):
    source = make_clip(tmp_path / "in.mp4", sound="aac", rate=44100)
    assert dream_clip(source, tmp_path / "out.webm", same).sound == ("libopus",)
    with av.open(str(tmp_path / "out.webm")) as container:
        samples = sum(f.samples for f in container.decode(audio=0))
    assert samples / 48000 == pytest.approx(0.4, abs=0.06)


def test_a_variable_rate_is_kept(tmp_path):
    ticks = [0, 7, 40, 41, 300, 333, 1000, 1500]
    source = make_clip(tmp_path / "in.mkv", ticks)
    heard = []
    dream_clip(source, tmp_path / "out.mp4", lambda i, seconds: heard.append(seconds) or i)
    dream_clip(source, tmp_path / "out.webm", same)
    assert heard == pytest.approx([tick / 1000 for tick in ticks])
    for name in ("out.mp4", "out.webm"):
        assert [time for time, _ in pictures_of(tmp_path / name)] == [
            Fraction(t, 1000) for t in ticks
        ]


def test_a_clip_that_starts_late_starts_at_zero_in_step_with_its_sound(tmp_path):
    source = make_clip(tmp_path / "in.ts", sound="aac", start=100)
    with av.open(str(source)) as container:
        assert container.start_time > 99 * av.time_base
    heard = []
    dream_clip(source, tmp_path / "out.mp4", lambda i, seconds: heard.append(seconds) or i)
    assert heard[0] < 0.1
    shift = [pictures_of(p)[0][0] - sound_of(p)[0][0] for p in (source, tmp_path / "out.mp4")]
    assert float(shift[1]) == pytest.approx(float(shift[0]), abs=0.001)


def test_odd_sizes_grow_to_even_ones_for_h264(tmp_path):
    source = make_clip(tmp_path / "in.mp4")
    image = np.zeros((33, 51, 3), np.uint8)
    image[-1], image[:, -1] = 200, 200
    report = dream_clip(source, tmp_path / "out.mp4", lambda i, seconds: image)
    assert (report.width, report.height) == (52, 34)
    written = pictures_of(tmp_path / "out.mp4")[3][1]
    assert written.shape == (34, 52, 3)
    assert written[33, 10].min() > 150
    assert written[10, 51].min() > 150


def turn(path, degrees):
    """Write a turn of the display, in quarter turns clockwise, into an MP4's track header."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_carried_out(tmp_path, degrees):
    source = make_clip(tmp_path / "in.mp4", [0, 40])
    turn(source, degrees)
    seen = []
    dream_clip(source, tmp_path / "out.mp4", lambda i, seconds: seen.append(i) or i)
    expected = np.rot90(picture(0), -degrees // 90)
    assert seen[0].shape == expected.shape
    assert np.abs(seen[0].astype(int) - expected).mean() < 3
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_pixels_that_are_not_square(tmp_path):
    source = make_clip(tmp_path / "in.mp4", [0, 40], sample_aspect_ratio=Fraction(4, 3))
    dream_clip(source, tmp_path / "out.mp4", same)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_memory_does_not_grow_with_the_clip(tmp_path):
    source = make_clip(tmp_path / "in.mp4", range(0, 8000, 40), sound="aac")
    seen, most = [], 0

    def dream(image, seconds):
        nonlocal most
        if len(seen) % 100 == 0:
            gc.collect()  # Slow where many modules are loaded.
            most = max(most, sum(reference() is not None for reference in seen))
        dreamt = image.copy()
        seen.extend(weakref.ref(array) for array in (image, dreamt))
        return dreamt

    report = dream_clip(source, tmp_path / "out.mp4", dream)
    assert report.frames == 200
    assert most <= 6


@pytest.mark.parametrize("error", [KeyboardInterrupt, LivedreamError("the GPU is gone")])
def test_interrupted_in_the_middle_leaves_nothing_broken(tmp_path, error):
    source = make_clip(tmp_path / "in.mp4", sound="aac")
    (tmp_path / "out.mp4").write_bytes(b"the old one")

    def dream(image, seconds):
        if seconds > 0.2:
            raise error
        return image

    with pytest.raises(error if isinstance(error, type) else LivedreamError):
        dream_clip(source, tmp_path / "out.mp4", dream, overwrite=True)
    assert (tmp_path / "out.mp4").read_bytes() == b"the old one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk to try here")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk(tmp_path, monkeypatch, suffix):
    @contextmanager
    def full(path, overwrite):
        yield "/dev/full"

    monkeypatch.setattr(clip, "replacing", full)
    with pytest.raises(LivedreamError, match=f"No space left to write .*out\\{suffix}"):
        dream_clip(make_clip(tmp_path / "in.mp4"), tmp_path / f"out{suffix}", same)


def test_a_damaged_packet_is_counted_and_skipped(tmp_path):
    source = make_clip(tmp_path / "in.mkv", range(0, 2000, 40))
    damage(source, tmp_path / "bad.mkv", 20)
    report = dream_clip(tmp_path / "bad.mkv", tmp_path / "out.mp4", same)
    assert report.damaged == 1
    assert 40 <= report.frames < 50


def test_a_cut_off_clip_keeps_what_is_there(tmp_path):
    source = make_clip(tmp_path / "in.mkv", range(0, 2000, 40))
    content = source.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(content[: len(content) // 2])
    report = dream_clip(tmp_path / "cut.mkv", tmp_path / "out.mp4", same)
    assert 10 < report.frames < 45
    assert report.cut_off == (
        f"{tmp_path / 'cut.mkv'} breaks off after {report.frames / 25:.1f} of 2.0 s"
    )
    assert dream_clip(source, tmp_path / "whole.mp4", same).cut_off is None


def test_what_was_wrong_with_a_clip_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = make_clip(tmp_path / "in.mkv", range(0, 2000, 40))
    damage(source, tmp_path / "bad.mkv", 10)
    content = (tmp_path / "bad.mkv").read_bytes()
    Path("bad.mkv").write_bytes(content[: len(content) // 2])
    write_toy(Path("toy.onnx"))
    code, said = call(
        capsys, "video", "bad.mkv", "out.mp4", "--graph", "toy.onnx", "--provider", "cpu",
        "--octaves", "1",
    )  # fmt: skip
    assert code == 0
    assert "bad.mkv is damaged; packets left out: 1." in said
    assert re.search(r"bad\.mkv breaks off after 0\.\d of 2\.0 s\.", said)


def test_what_is_no_clip(tmp_path):
    (tmp_path / "text.mp4").write_text("no clip " * 100)
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.m4a"), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp", "stereo")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for name, match in (
        ("missing.mp4", "does not exist"),
        (".", "is a folder"),
        ("text.mp4", "no clip that FFmpeg can read"),
        ("empty.mp4", "is empty"),
        ("sound.m4a", "no picture"),
    ):
        with pytest.raises(LivedreamError, match=match):
            dream_clip(tmp_path / name, tmp_path / "out.mp4", same)
    assert not (tmp_path / "out.mp4").exists()


def test_a_clip_without_frames(tmp_path):
    source = make_clip(tmp_path / "in.mkv", [0])
    content = source.read_bytes()
    with av.open(str(source)) as container:
        first = next(p.pos for p in container.demux(video=0) if p.size)
    source.write_bytes(content[: first - 12])
    with pytest.raises(LivedreamError, match=r"no frame|no clip"):
        dream_clip(source, tmp_path / "out.mp4", same)


def test_an_encoder_that_is_missing_is_named_with_what_helps(tmp_path, monkeypatch):
    source = make_clip(tmp_path / "in.mp4", sound="aac")
    lacking = {
        ".mp4": replace(FORMS[".mp4"], video="libmissing"),
        ".webm": replace(FORMS[".webm"], audio="libmissing"),
    }
    for suffix, form in lacking.items():
        monkeypatch.setitem(FORMS, suffix, form)
        with pytest.raises(LivedreamError, match=r"no encoder libmissing; install .*av"):
            dream_clip(source, tmp_path / f"out{suffix}", same)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_what_cannot_be_asked(tmp_path):
    source = make_clip(tmp_path / "in.mp4")
    os.link(source, tmp_path / "other name.mp4")
    with pytest.raises(UsageError, match=r"\.mp4, .*\.webm"):
        dream_clip(source, tmp_path / "out.gif", same)
    for name in ("in.mp4", "other name.mp4"):
        with pytest.raises(UsageError, match="the file to read itself"):
            dream_clip(source, tmp_path / name, same, overwrite=True)
    (tmp_path / "old.mp4").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"exists already.*--overwrite"):
        dream_clip(source, tmp_path / "old.mp4", same)
    assert (tmp_path / "old.mp4").read_bytes() == b"mine"
    with pytest.raises(LivedreamError, match="does not exist"):
        dream_clip(source, tmp_path / "nowhere" / "out.mp4", same)
    sizes = iter([64, 64, 32])
    with pytest.raises(LivedreamError, match="changed its size from 64x48 to 32x48"):
        dream_clip(source, tmp_path / "out.mp4", lambda i, seconds: i[:, : next(sizes)])
    assert pictures_of(source)


def test_the_same_clip_is_the_same_bytes_every_time(tmp_path):
    """At a width where x264's AVX-512 read beyond its rows: one time in three something else."""
    source = tmp_path / "in.mp4"
    make_clip(source, range(0, 240, 40), size=(144, 192))
    made = set()
    for number in range(6):
        target = tmp_path / f"{number}.mp4"
        dream_clip(source, target, lambda image, seconds: image)
        made.add(target.read_bytes())
    assert len(made) == 1


def test_a_clip_without_its_index_is_told_how_it_came(tmp_path):
    for name, says in (("a.mp4", True), ("a.mkv", False)):
        (tmp_path / name).write_bytes(b"\x00\x00\x00\x20ftypisom" + bytes(2000))
        with pytest.raises(LivedreamError) as caught:
            open_clip(tmp_path / name)
        assert ("untrunc" in str(caught.value)) is says
