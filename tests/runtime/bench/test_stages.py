"""Stages: each for itself, all of the frame, and a device's clock that is not waited for."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.bench.stage_times import StageTimes
from livedream.runtime.bench.synthetic_camera import drawn_frames
from livedream.runtime.bench.traffic import counting, operation_bytes
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.flow import MotionTracker
from livedream.runtime.dream.stages import STAGES, TimedDreamer
from livedream.runtime.dream.values import Dream

from ..toy import ToyEngine


class Ticks:
    """A clock that moves only when told."""

    name = "host"

    def __init__(self) -> None:
        self.now = 0.0

    def mark(self) -> float:
        return self.now

    def seconds(self, start: float, end: float) -> float:
        return end - start

    def wait(self) -> None:
        pass


class Late:
    """A device's clock: marks can be read once `done` says that the frame's work is over."""

    name = "events"

    def __init__(self) -> None:
        self.made = 0
        self.done = 0

    def mark(self) -> int:
        self.made += 1
        return self.made

    def seconds(self, start: int, end: int) -> float:
        assert end <= self.done, "read before the device got there: measuring would wait"
        return (end - start) / 1000

    def wait(self) -> None:
        self.done = self.made


def test_a_stage_inside_another_counts_for_itself():
    ticks = Ticks()
    times = StageTimes([ticks])
    times.begin()
    with times.stage("flow"):
        ticks.now += 3
        with times.stage("warp"):
            ticks.now += 2
        ticks.now += 1
    with times.stage("gradient"):
        ticks.now += 10
    with times.stage("gradient"):
        ticks.now += 10
    ticks.now += 0.5
    times.end()
    times.finish()
    assert times.frames[0] == [{"flow": 4, "warp": 2, "gradient": 20, "frame": 26.5}]


def test_a_device_s_marks_are_read_a_frame_late():
    late = Late()
    times = StageTimes([Ticks(), late])
    for frame in range(3):
        times.begin()
        with times.stage("gradient"):
            pass
        # By now the device has done the last frame, and nothing of this one.
        late.done = 4 * frame
        times.end()
    times.finish()
    assert times.frames[1] == [{"gradient": 0.001, "frame": 0.003}] * 3
    assert len(times.frames[0]) == 3


@pytest.mark.parametrize("live", [True, False])
def test_every_operation_of_a_dream_has_its_stage_and_the_dream_stays_the_same(live):
    pictures = drawn_frames((80, 60), count=2)
    dream = Dream(octaves=2, steps=2, blur=1.0, coarseness=1, half_life=1, strength=8)

    def run(dreamer: Dreamer) -> np.ndarray:
        shown = [
            dreamer.live(p, i / 30) if live else dreamer.still(p) for i, p in enumerate(pictures)
        ]
        return shown[-1]

    times = StageTimes()
    device, engine = CpuDevice(), ToyEngine()
    watched = TimedDreamer(device, engine, dream, stage=times.stage)
    times.begin()
    result = run(watched)
    times.end()
    times.finish()
    assert np.array_equal(result, run(Dreamer(CpuDevice(), ToyEngine(), dream)))
    wanted = set(STAGES.values()) - (set() if live else {"flow", "warp"})
    assert set(times.frames[0][0]) == {*wanted, "frame"}
    assert (watched.device, watched.engine) == (device, engine)


def test_the_stages_are_the_device_s_operations():
    """A new operation of the device must be given a stage, or a frame would not add up."""
    operations = {name for name in vars(CpuDevice) if not name.startswith("_")}
    operations -= {"size", "attached", "trim", "compositor"}  # No part of a frame.
    assert operations | {"track", "gradient"} == set(STAGES)
    assert hasattr(MotionTracker, "track")


def test_counted_bytes_of_a_frame():
    counted: dict[str, int] = {}
    device = counting(CpuDevice(), counted)
    picture = np.zeros((40, 50, 3), np.uint8)
    base = device.upload(picture)
    device.ascend(base, base, 0.1, 0, 0)
    device.resample(base, 20, 25, False)
    device.blur(base, 0.0)
    device.download(device.add(base, base))
    pixels = 40 * 50
    assert counted == {
        "upload": 15 * pixels,
        "ascend": 36 * pixels,
        "resample": 15 * pixels,
        "blur": 0,
        "combine": 36 * pixels,
        "download": 15 * pixels,
    }
    assert operation_bytes("jitter", 10, 10) == 240
