"""The sound of a clip into a recording, beside its picture, with a clock that needs no waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livedream.runtime.control.audio.analysis import RATE
from livedream.runtime.live.sources import clip as module
from livedream.runtime.live.sources.clip import Clip
from livedream.runtime.sinks.recording import Recorder

from ..sinks.test_recorded_sound import assert_together, flashes_and_clicks, wait_for_room
from .test_clip_times import Clock


def flashing(
    path: Path,
    seconds: int,
    *,
    fps: int = 25,
    rate: int = 48000,
    late: float = 0.0,
    sound: bool = True,
    level: Callable[[int, int], int] = lambda second, number: 255 if second and not number else 0,
) -> Path:
    """A clip that flashes and clicks at every second but the first. late: seconds that its picture
    begins after its file. level: of grey, 0..255, of each second's pictures by their number."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate) if sound else None
        for second in range(seconds):
            for number in range(fps):
                image = np.full((48, 64, 3), level(second, number), np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts = round(late * fps) + second * fps + number
                frame.time_base = Fraction(1, fps)
                container.mux(video.encode(frame))
            if audio is None:
                continue
            samples = np.zeros((1, rate), np.int16)
            shift = round(late * rate)
            samples[0, shift : shift + 20] = 30000 if second else 0
            block = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = rate, second * rate, Fraction(1, rate)
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
    return path


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def recorded(source: Clip, recorder: Recorder, clock: Clock, frames: int, late=lambda: 0.0) -> None:
    """Play so many pictures into the recorder. late: seconds by which each is read too late."""

    def wait(timeout: float = 0) -> bool:
        clock.now += timeout
        return source._stop.is_set()

    source._stop.wait = wait  # pyright: ignore[reportAttributeAccessIssue]
    with recorder:
        for _ in range(frames):
            clock.now += late()
            frame = source.read()
            if frame is None:
                return
            wait_for_room(recorder)
            recorder.write(frame.image, frame.time)


def opened(path: Path, target: Path, **more) -> tuple[Clip, Recorder]:
    recorder = Recorder(target, fps=25, quality="edit", sound=True)
    return Clip(str(path), hear=lambda clip, sound: recorder.hear(sound), **more), recorder


@pytest.mark.parametrize(("rate", "late"), [(48000, 0.0), (44100, 0.0), (22050, 0.2)])
def test_clicks_stay_beside_flashes_though_pictures_are_late(tmp_path, clock, rate, late):
    path = flashing(tmp_path / "in.mov", 12, rate=rate, late=late)
    source, recorder = opened(path, tmp_path / "out.mkv")
    chance = random.Random(1)
    recorded(source, recorder, clock, 10_000, lambda: chance.choice((0, 0, 0, 0.02, 0.06)))
    assert_together(tmp_path / "out.mkv", 12)


def test_they_stay_together_through_the_rounds_of_a_loop(tmp_path, clock):
    rounds = 25
    path = flashing(tmp_path / "in.mov", 2, fps=5)
    source, recorder = opened(path, tmp_path / "out.mkv", loop=True)
    recorded(source, recorder, clock, 5 * 2 * rounds)
    flashes, clicks = flashes_and_clicks(tmp_path / "out.mkv")
    assert len(flashes) == len(clicks) == rounds
    assert np.abs(flashes - clicks).max() < 0.04


def test_a_pause_is_a_pause_in_both(tmp_path, clock):
    path = flashing(tmp_path / "in.mov", 8)
    source, recorder = opened(path, tmp_path / "out.mkv")
    pauses = iter([0.0] * 60 + [3.0] + [0.0] * 1000)
    recorded(source, recorder, clock, 10_000, lambda: next(pauses))
    flashes, clicks = flashes_and_clicks(tmp_path / "out.mkv")
    assert np.diff(flashes).max() > 3.5
    assert np.abs(flashes - clicks).max() < 0.04


def test_a_clip_without_sound_and_one_that_nobody_hears(tmp_path, clock):
    source, recorder = opened(flashing(tmp_path / "in.mov", 2, sound=False), tmp_path / "out.mkv")
    recorded(source, recorder, clock, 10_000)
    with av.open(str(tmp_path / "out.mkv")) as container:
        samples = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], 1)
    assert samples.size / 2 / 48000 == pytest.approx(2, abs=0.1)
    assert not samples.any()
    deaf = Clip(str(flashing(tmp_path / "b.mov", 1)))
    deaf.read()
    assert deaf._sound is None
    assert RATE == 44100
