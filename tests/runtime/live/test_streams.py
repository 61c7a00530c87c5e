"""Streams that stall and return, from real servers on the loopback."""

from __future__ import annotations

from itertools import pairwise

import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.capture import Capture
from livedream.runtime.live.sources import decoding, open_source
from livedream.runtime.live.sources.camera import Camera
from livedream.runtime.pauses import Pauses

from ...patience import PATIENCE, until
from .streams import KINDS, Server


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A stream counts as lost sooner, and is tried again sooner."""
    defaults = Camera.__init__.__kwdefaults__
    assert defaults
    quick = {**defaults, "stall": 0.4, "retry": Pauses(0.05, 0.1)}
    monkeypatch.setattr(Camera.__init__, "__kwdefaults__", quick)


def shows(capture: Capture, level: int) -> bool:
    frame = capture.take(PATIENCE)
    return frame is not None and abs(int(frame.image[40, 40, 0]) - level) < 5


@pytest.mark.parametrize("hoards", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_once_comes_back_by_itself_and_shows_the_newest(kind, hoards):
    said: list[str] = []
    with Server(kind, hoards=hoards) as server:
        name = "stream " + server.url.replace("me:secret@", "")
        lost, back = f"{name} is lost, retrying", f"{name} is back"
        with Capture(open_source(server.url, on_event=said.append)) as capture:
            assert capture.source.describe().startswith(f"{name}: 160x96")
            until(lambda: shows(capture, 60), "the first pictures")
            server.stalled.set()
            until(lambda: said[-1:] == [lost])
            assert capture.take(1) is None or not said[1:]
            assert not capture.slot.closed  # The last picture stays.
            server.level = 200
            server.stalled.clear()
            # What was hoarded meanwhile is passed over.
            until(lambda: shows(capture, 200), "the newest picture")
            assert said[:2] == [lost, back]
            # Each time once, if the machine was so busy that it happened again.
            assert all(one != following for one, following in pairwise(said))


def test_a_server_that_never_answers_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(decoding, "OPENING", 0.3)
    with Server("ts") as server:
        server.stalled.set()
        with pytest.raises(LivedreamError, match="does not answer or is no video") as told:
            open_source(server.url)
        assert "secret" not in str(told.value)
