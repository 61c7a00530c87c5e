"""Whatever is played, every output gets pictures whose flashes are limited."""

from __future__ import annotations

import io
import time

import av
import numpy as np
import pytest
from rich.console import Console

from livedream.runtime.control.player import Player
from livedream.runtime.control.shelf import Looks
from livedream.runtime.frame import Frame
from livedream.runtime.live.composing import HostCompositor
from livedream.runtime.live.controls import Controls
from livedream.runtime.live.easing import Easing
from livedream.runtime.live.limiting import Limiting
from livedream.runtime.live.notice import Notice
from livedream.runtime.live.presenter import Presenter
from livedream.runtime.live.takes import Takes
from livedream.runtime.safety.pixels import Processor
from livedream.runtime.sinks.outputs import Outputs
from livedream.runtime.sinks.recording import Recorder

from ...patience import PATIENCE
from ..safety.checking import flashing_share, worst
from .test_loop import Film, Network, Setting

HOST = HostCompositor()
SIZE = (36, 48, 3)


class Strobe(Film):
    """Ten flashes a second, 60 frames a second."""

    def read(self) -> Frame | None:
        frame = super().read()
        if frame:
            frame.image[:] = 255 * (frame.index // 3 % 2)
        return frame


def played(limiting: Limiting, mode, seconds: float, comparing=lambda index: False):
    """A strobe through it at 60 frames a second: (all outputs, window, times)."""
    outputs, window, times = [], [], []
    for index in range(round(seconds * 60)):
        picture = np.full(SIZE, 255 * (index // 3 % 2), np.uint8)
        both = limiting.limited(HOST, picture, picture, mode, comparing(index), (index / 60,) * 2)
        outputs.append(both[0].copy())
        window.append(both[1].copy())
        times.append(index / 60)
    return outputs, window, times


@pytest.mark.parametrize("every", [4, 45])
def test_comparing_on_and_off_flashes_no_more_in_the_window(every):
    outputs, window, times = played(
        Limiting(), "strict", 2.5, lambda index: index // every % 2 == 1
    )
    assert worst(outputs, times) <= 4
    assert worst(window, times) <= 4


def test_the_window_alone_may_flash_by_comparing():
    limiting, window, times = Limiting(), [], []
    dream, picture = np.full(SIZE, 200, np.uint8), np.full(SIZE, 20, np.uint8)
    for index in range(150):
        both = limiting.limited(
            HOST, dream, picture, "strict", index // 3 % 2 == 1, (index / 60,) * 2
        )
        assert both[0] is dream
        window.append(both[1].copy())
        times.append(index / 60)
    assert worst(window, times) <= 4


def test_a_while_after_comparing_the_window_shows_what_all_show():
    limiting = Limiting()
    dream, picture = np.full(SIZE, 200, np.uint8), np.full(SIZE, 20, np.uint8)
    for index in range(300):
        shown, seen = limiting.limited(
            HOST, dream, picture, "strict", index < 60, (index / 60,) * 2
        )
        assert (seen is shown) == (index >= 60)
    assert limiting._window is None


@pytest.mark.parametrize("slow", [0, 1])
def test_flashes_are_as_rare_by_either_clock(slow):
    limiting, shown = Limiting(), []
    times = [(index / 60, index / 240) for index in range(300 if slow else 150)]
    for index, pair in enumerate(times):
        picture = np.full(SIZE, 255 * (index // 3 % 2), np.uint8)
        pair = pair if slow else pair[::-1]
        shown.append(limiting.limited(HOST, picture, picture, "strict", False, pair)[0].copy())
    assert worst(shown, [pair[1] for pair in times]) <= 4


def test_another_compositor_in_the_middle_of_a_flash_frees_none():
    limiting, outputs, times = Limiting(), [], []
    for index in range(120):
        compositor = HostCompositor() if index % 7 == 6 else HOST
        picture = np.full(SIZE, 255 * (index // 3 % 2), np.uint8)
        both = limiting.limited(compositor, picture, picture, "strict", False, (index / 60,) * 2)
        outputs.append(both[0].copy())
        times.append(index / 60)
    assert worst(outputs, times) <= 4


def test_a_picture_is_looked_at_ahead_once_and_not_at_all_while_nothing_flashes(monkeypatch):
    ahead, whole = [], []
    seen, glance = Easing.eased, Processor.foreseen
    monkeypatch.setattr(Easing, "eased", lambda *given: (ahead.append(0), seen(*given))[1])
    monkeypatch.setattr(Processor, "foreseen", lambda *given: (whole.append(0), glance(*given))[1])
    limiting, none, found = Limiting(), np.full(SIZE, 128, np.uint8), []
    for index in range(60):
        times, picture = (index / 60,) * 2, np.full(SIZE, 255 * (index // 3 % 2), np.uint8)
        limiting.eased(picture, none, 1.0, 1.0, "strict", times)
        limiting.limited(HOST, picture, picture, "strict", False, times)
        found.append((len(ahead), len(whole)))
    assert found[8] == (0, 0)  # Three transitions until here.
    assert found[-1][0] > 40
    assert found[-1][1] == 0


def test_off_passes_all_and_the_limit_holds_from_when_it_is_on():
    limiting = Limiting()
    outputs, _, times = played(limiting, "off", 2)
    assert worst(outputs, times) > 4
    outputs, _, times = played(limiting, "standard", 2)
    assert flashing_share(outputs, times, (16, 9)) <= 0.25


def test_every_output_of_a_show_that_flashes_is_limited(tmp_path):
    show = Setting(Strobe(10_000, 1 / 60))
    show.desk.set("flash_limit", "strict", "test")
    presenter = Presenter(show.capture.shown, show.dreaming.output, show.desk, show.stats)
    notice = Notice(Console(file=io.StringIO()))
    player = Player(show.desk, Looks(Network.layers), notice)
    takes = Takes(show.desk, notice, recorder=Recorder(tmp_path / "take.mkv"))
    controls = Controls(
        show.desk, show.dreaming, presenter, player, Outputs((), notice), takes, [], notice
    )
    seen, outputs, times = [], [], []
    with show:
        presenter.start()
        while len(times) < 120:
            newest = presenter.output.take(PATIENCE)
            assert newest
            times.append(time.monotonic())
            seen.append(controls.picture(newest).copy())
            outputs.append(newest.dream.copy())
            place = len(times)
            if place % 10 == 0:
                show.desk.set("mirror", place % 20 == 0, "test")
            if place % 7 == 0:
                show.desk.set("amount", place % 2, "test", 0)
            if place % 25 == 0:
                show.desk.nudge("compare", 1, "test")
            if place == 60:
                show.desk.set("picture", "30x24", "test")
        takes.close()
        presenter.stop()
    assert worst(outputs, times) <= 4
    assert worst(seen, times) <= 4
    with av.open(str(tmp_path / "take.mkv")) as clip:
        frames = list(clip.decode(video=0))
    recorded = [frame.to_ndarray(format="bgr24") for frame in frames]
    assert len(recorded) > 30
    assert worst(recorded, [float(frame.time or 0) for frame in frames]) <= 6
