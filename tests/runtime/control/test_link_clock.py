"""Ableton Link among programs in a network of their own."""

from __future__ import annotations

import sys

import pytest

from livedream.runtime.control.link_clock import NEEDED, LinkClock
from livedream.runtime.errors import LivedreamError

from .network import run_inside

SCRIPT = """
import threading, time
from link import Link
from livedream.runtime.control.conductor import Conductor
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.link_clock import LinkClock

desk = Desk({"a": 1}, {})
said = []
ours = LinkClock(Conductor(desk), said.append)
time.sleep(0.3)
assert desk.base["tempo"] == 120 and not said  # Alone it leads nobody.

def reached(what):
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, (desk.base["tempo"], said)
        time.sleep(0.02)

def off():
    beat = other.captureAppSessionState().beatAtTime(other.clock().micros(), 4)
    apart = (desk.tempo.beats(time.monotonic()) - beat) % 4
    return min(apart, 4 - apart)

other = Link(97)
other.enabled = True
reached(lambda: other.numPeers() and said)
session = other.captureAppSessionState()
session.setTempo(97, other.clock().micros())
other.commitAppSessionState(session)
reached(lambda: desk.base["tempo"] == 97)
assert said[0] == "Ableton Link: 1 other", said
reached(lambda: off() < 0.02)
session = other.captureAppSessionState()
session.setTempo(140, other.clock().micros())
other.commitAppSessionState(session)
reached(lambda: desk.base["tempo"] == 140 and off() < 0.02)
desk.set("tap", 1, "key")
assert desk.tempo.bpm > 139 and other.captureAppSessionState().tempo() > 139
desk.set("halve", 1, "key")
reached(lambda: desk.base["tempo"] == 70)
time.sleep(0.3)
assert desk.base["tempo"] == 70 and other.captureAppSessionState().tempo() > 139
other.enabled = False
reached(lambda: said[-1] == "Ableton Link: no others")
ours.close()
ours.close()
assert "link" not in {thread.name for thread in threading.enumerate()}
print("done")
"""


def test_the_beat_of_others_is_followed_and_never_set():
    pytest.importorskip("link", reason="needs the extra `link`")
    assert run_inside(SCRIPT) == "done"


def test_without_its_library_one_sentence_names_it_and_its_licence(monkeypatch):
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(LivedreamError, match=r"GPL.*livedream\[link\]") as told:
        LinkClock(None)  # pyright: ignore[reportArgumentType]
    assert str(told.value) == NEEDED
