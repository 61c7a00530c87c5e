"""Sound in a recording: flashes and clicks that belong together stay together, read back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import av
import numpy as np
import pytest

from livedream.runtime.control.audio.analysis import RATE
from livedream.runtime.sinks.recording import WAITING, Recorder
from livedream.runtime.sinks.soundtrack import Sound

from .test_soundtrack import card

START = 777.0
FPS = 25
FORMS = [
    ("a.mp4", "good"), ("a.mov", "good"), ("a.mkv", "good"), ("a.webm", "good"),
    ("a.mov", "edit"), ("a.mkv", "edit"),
]  # fmt: skip


def wait_for_room(recorder: Recorder) -> None:
    while len(recorder._frames) >= WAITING:
        time.sleep(0.001)


def play(recorder: Recorder, seconds: float, drift: float, fps: float = FPS) -> None:
    """Pictures that flash, and a card that clicks, at every second of the true time."""
    dark, bright = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 255, np.uint8)
    heard: Iterator[tuple[np.ndarray, float]] = card(seconds, drift)
    upcoming = next(heard, None)
    for number in range(round(seconds * fps)):
        now = START + number / fps
        while upcoming and upcoming[1] <= now:
            recorder.hear(Sound(*upcoming))
            upcoming = next(heard, None)
        wait_for_room(recorder)
        recorder.write(bright if number and number % fps == 0 else dark, now)


def flashes_and_clicks(path) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of both, by the file's own times."""
    flashes, clicks = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0, audio=0):
            assert frame.time is not None
            if isinstance(frame, av.VideoFrame):
                if frame.to_ndarray(format="gray").mean() > 128:
                    flashes.append(frame.time)
                continue
            samples = np.abs(frame.to_ndarray().astype(float)) / (
                32768 if "s16" in frame.format.name else 1
            )
            loudest = int(samples.max(0).argmax()) // (1 if frame.format.is_planar else 2)
            if samples.max() > 0.1 and not (clicks and frame.time - clicks[-1] < 0.3):
                clicks.append(frame.time + loudest / frame.sample_rate)
    return np.array(flashes), np.array(clicks)


def assert_together(path, seconds: int) -> None:
    flashes, clicks = flashes_and_clicks(path)
    assert len(flashes) == len(clicks) == seconds - 1
    assert np.abs(flashes - clicks).max() < 0.04


@pytest.mark.parametrize(("name", "quality"), FORMS)
def test_sound_is_in_every_container_beside_its_picture(tmp_path, name, quality):
    with Recorder(tmp_path / name, fps=FPS, quality=quality, sound=True) as recorder:
        play(recorder, 4, 200e-6)
    assert_together(tmp_path / name, 4)


@pytest.mark.parametrize("rate", [12, 15, 25])
def test_at_a_rate_too_a_picture_is_seen_when_its_sound_is_heard(tmp_path, rate):
    path, seconds = tmp_path / "a.mkv", 4
    levels = [np.full((48, 64, 3), 10 * number, np.uint8) for number in range(FPS)]
    heard = card(seconds, 200e-6)
    upcoming = next(heard, None)
    with Recorder(path, quality="edit", rate=rate, sound=True) as recorder:
        for number in range(seconds * FPS):
            now = START + number / FPS
            while upcoming and upcoming[1] <= now:
                recorder.hear(Sound(*upcoming))
                upcoming = next(heard, None)
            wait_for_room(recorder)
            recorder.write(levels[number % FPS], now)
    seen: dict[int, float] = {}
    count = 0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.time is not None
            level = int(frame.to_ndarray(format="bgr24")[0, 0, 0])
            seen.setdefault(round(frame.time - level / 10 / FPS) * FPS + level // 10, frame.time)
            count += 1
    off = [at - number / FPS for number, at in seen.items()]
    _, clicks = flashes_and_clicks(path)
    # A click is made at each whole second, as a picture of level 0.
    assert np.abs(off).max() + np.abs(clicks - np.round(clicks)).max() < 0.04
    assert count == pytest.approx(rate * seconds, abs=2)


def test_a_clock_of_its_own_does_not_part_the_card_from_the_pictures(tmp_path):
    """60 ms in half a minute: what a common quartz does in ten."""
    path = tmp_path / "a.mkv"
    with Recorder(path, fps=10, quality="edit", sound=True) as recorder:
        play(recorder, 30, 2000e-6, fps=10)
    assert_together(path, 30)


def test_where_nothing_is_heard_the_file_is_silent_as_long_as_its_pictures(tmp_path):
    path = tmp_path / "a.mp4"
    with Recorder(path, fps=FPS, sound=True) as recorder:
        for number in range(3 * FPS):
            wait_for_room(recorder)
            recorder.write(np.zeros((48, 64, 3), np.uint8), START + number / FPS)
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        heard = [frame.to_ndarray() for frame in container.decode(stream)]
    samples = np.concatenate(heard, 1)
    assert samples.shape[1] / 48000 == pytest.approx(3, abs=0.1)
    assert not samples.any()


def test_sound_goes_on_while_no_picture_comes(tmp_path):
    path = tmp_path / "a.mkv"
    with Recorder(path, fps=FPS, quality="edit", sound=True) as recorder:
        recorder.write(np.zeros((48, 64, 3), np.uint8), START)
        tone = np.full((RATE // 100, 2), 0.5, np.float32)
        for number in range(1, 1001):
            recorder.hear(Sound(tone, START + number / 100))
        while recorder._sounds and len(recorder._sounds) >= 100:
            time.sleep(0.001)
        recorder.write(np.zeros((48, 64, 3), np.uint8), START + 10)
    with av.open(str(path)) as container:
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert np.concatenate(heard, 1).size / 2 / 48000 == pytest.approx(10, abs=0.05)


def test_without_the_wish_there_is_no_sound(tmp_path):
    with Recorder(tmp_path / "a.mp4") as recorder:
        recorder.hear(Sound(np.zeros((100, 2), np.float32), START))
        recorder.write(np.zeros((48, 64, 3), np.uint8), START)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert not container.streams.audio
