"""What is heard on the desk: given as arrays, and from a device that is silent."""

from __future__ import annotations

import time

import av
import numpy as np
import pytest

from ....patience import until

pytest.importorskip("miniaudio", reason="needs the extra `sound`")

import miniaudio
from miniaudio import Backend

from livedream.runtime.control.audio.analysis import HOP, RATE
from livedream.runtime.control.audio.hearing import Hearing
from livedream.runtime.control.audio.inputs import Input, names
from livedream.runtime.control.conductor import Conductor
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.modulation import SOUNDS, Modulation
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.sinks.recording import Recorder
from livedream.runtime.sinks.soundtrack import Sound

from .test_analysis import drum, silence, tone

SILENT = (Backend.NULL,)
LAYERS = {"a": 4}


class Stage:
    """Hears the silent device; what is played into it comes from the test, at a time of its own."""

    def __init__(self) -> None:
        self.desk = Desk(LAYERS, {}, clock=lambda: 0.0)
        self.now = 0.0
        self.hearing = Hearing(
            self.desk, Conductor(self.desk), "default", backends=SILENT, clock=lambda: -1e9
        )
        self.hearing.close()  # From here on the test alone feeds it.

    def play(self, sound: np.ndarray) -> None:
        for start in range(0, len(sound), HOP):
            part = sound[start : start + HOP].astype(np.float32)
            self.now += len(part) / RATE
            self.hearing.hear(part, self.now)


@pytest.fixture
def stage():
    return Stage()


def test_what_is_heard_moves_values_around_their_base(stage):
    desk = stage.desk
    desk.set("blur", 2, "test", 0)
    desk.modulate([Modulation("blur", 0.25, wave="low"), Modulation("colour", -0.5, wave="high")])
    colour = desk.base["colour"]
    stage.play(tone(80, 1))
    assert desk.at(1.0)["blur"] == pytest.approx(4, abs=0.1)
    assert desk.at(1.0)["colour"] == pytest.approx(colour, abs=0.05)
    assert desk.base["blur"] == 2
    stage.play(silence(3))
    assert desk.at(1.0)["blur"] == 2


def test_the_beat_is_followed_until_a_hand_sets_it(stage):
    desk = stage.desk
    stage.hearing._forget = desk.observe(stage.hearing._note)
    stage.play(drum(132, 9))
    assert desk.base["tempo"] == pytest.approx(132, abs=0.5)
    beats = desk.tempo.beats(9.0)
    assert abs(beats - round(beats) - 9 * 132 / 60 % 1 + round(9 * 132 / 60 % 1)) < 0.06
    desk.set("tempo", 90, "key", 0)
    assert not desk.base["follow"]
    stage.play(drum(132, 4))
    assert desk.base["tempo"] == 90
    desk.set("follow", True, "key")
    stage.play(drum(132, 4))
    assert desk.base["tempo"] == pytest.approx(132, abs=0.5)
    desk.set("tap", True, "key")
    assert not desk.base["follow"]


def test_a_silent_device_is_heard_as_silence_and_let_go(stage):
    desk = Desk(LAYERS, {})
    hearing = Hearing(desk, Conductor(desk), "default", backends=SILENT)
    until(lambda: desk.heard)
    assert dict(desk.heard) == dict.fromkeys(SOUNDS, 0.0)
    hearing.close()
    hearing.close()
    assert not hearing._thread.is_alive()
    assert desk.heard == {}


def test_what_an_input_gives_is_recorded_beside_the_pictures(tmp_path):
    path, image = tmp_path / "a.mkv", np.zeros((48, 64, 3), np.uint8)
    desk = Desk(LAYERS, {})
    with Recorder(path, quality="edit", sound=True) as recorder:
        begun = time.monotonic()
        recorder.write(image, begun)
        blocks: list[Sound] = []

        def whole(samples: np.ndarray, now: float) -> None:
            blocks.append(Sound(samples + 0.5, now))  # The device itself is silent.
            recorder.hear(blocks[-1])

        hearing = Hearing(desk, Conductor(desk), "default", backends=SILENT, whole=whole)
        until(lambda: sum(len(each.samples) for each in blocks) >= RATE // 4)
        hearing.close()
        seconds = time.monotonic() - begun
        recorder.write(image, begun + seconds)
    with av.open(str(path)) as container:
        heard = np.concatenate([each.to_ndarray() for each in container.decode(audio=0)], 1)
    assert heard.size / 2 / 48000 == pytest.approx(seconds, abs=0.1)
    assert np.count_nonzero(np.abs(heard) > 10000) / 2 / 48000 > 0.2


def test_inputs_are_found_by_a_part_of_their_name():
    (name,) = names(SILENT)
    found = Input(name[3:9].upper(), lambda samples: None, SILENT)
    assert found.name == name
    found.close()
    with pytest.raises(UsageError, match=r"no sound input 'nowhere'; there is: "):
        Input("nowhere", lambda samples: None, SILENT)


def test_the_silent_device_is_never_taken_unasked():
    try:
        inputs = names()
    except LivedreamError:
        inputs = []
    assert not set(inputs) & set(names(SILENT))


def test_an_input_that_does_not_open_says_why(monkeypatch):
    def refuse(*_: object, **__: object):
        raise miniaudio.MiniaudioError("failed to init device", -401)

    monkeypatch.setattr(miniaudio, "CaptureDevice", refuse)
    with pytest.raises(LivedreamError, match=r"cannot be opened \(failed to init device\);"):
        Input("default", lambda samples: None, SILENT)
