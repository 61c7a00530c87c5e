"""Beats as VirtualDJ says them, over a real socket."""

from __future__ import annotations

import json
import random
import socket
import threading
import time

import pytest

from livedream.runtime.control.conductor import Conductor
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.os2l import (
    CLIENTS,
    Beat,
    Os2l,
    beat_of,
    followed,
    taken_apart,
)
from livedream.runtime.control.tempo import Tempo
from livedream.runtime.errors import LivedreamError

from ...patience import until
from .network import run_inside


def said(number: int, bpm: float = 125.0, **more: object) -> str:
    return json.dumps({"evt": "beat", "change": False, "pos": number, "bpm": bpm, **more})


def test_messages_need_nothing_between_them_and_the_rest_is_kept():
    text = said(1) + said(2) + "\n " + said(3) + said(4)[:20]
    messages, rest = taken_apart(text)
    assert [beat_of(each).number for each in messages] == [1, 2, 3]  # pyright: ignore[reportOptionalMemberAccess]
    assert rest == said(4)[:20]
    assert taken_apart(rest + said(4)[20:]) == ([json.loads(said(4))], "")


@pytest.mark.parametrize(
    "content",
    [
        {"evt": "btn", "name": "beat", "state": "on"},
        {"evt": "beat"},
        {"evt": "beat", "bpm": "120"},
        {"evt": "beat", "bpm": True},
        {"evt": "beat", "bpm": float("nan")},
        {"evt": "beat", "bpm": 10**400},
        {"evt": "beat", "bpm": 0},
        ["beat"],
        None,
    ],
)
def test_what_says_no_beat_is_left_alone(content):
    assert beat_of(content) is None


def test_a_number_that_is_none_is_counted_on():
    for number in (None, 1.5, True, 10**30):
        assert beat_of({"evt": "beat", "bpm": 120, "pos": number}) == Beat(120, None, False)


def test_beats_that_come_a_little_late_hardly_move_the_tempo():
    draw, tempo = random.Random(2), None
    for number in range(200):
        late = draw.uniform(0, 0.02)
        tempo = followed(tempo, Beat(125, number, False), 10 + number * 0.48 + late)
    assert tempo is not None
    assert tempo.bpm == 125
    assert tempo.when(200) == pytest.approx(10 + 200 * 0.48 + 0.01, abs=0.006)


def test_a_new_song_and_a_jump_are_followed_at_once():
    tempo = followed(Tempo(120, 10, 0), Beat(90, 64, False), 12.7)
    assert (tempo.bpm, tempo.beats(12.7)) == (90, 64)
    leaps = followed(Tempo(120, 10, 0), Beat(120, 4, True), 12.1)
    assert leaps.beats(12.1) == 4
    uncounted = followed(Tempo(120, 10, 0), Beat(120, None, False), 12.1)
    assert uncounted.beats(12.1) == pytest.approx(4.15)


class Stage:
    def __init__(self) -> None:
        self.desk = Desk({"a": 1}, {})
        self.said: list[str] = []
        self.os2l = Os2l(Conductor(self.desk), "127.0.0.1", 0, say=self.said.append)

    def program(self) -> socket.socket:
        return socket.create_connection(self.os2l.address)

    def until(self, what) -> None:
        until(what, self.said)


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.os2l.close()
    stage.os2l.close()
    assert "os2l" not in {thread.name for thread in threading.enumerate()}


def test_a_program_leads_the_beat_and_may_go(stage):
    with stage.program() as program:
        whole = said(8, 96, title="h\u00e9").encode()
        for part in (whole[:30], whole[30:]):
            program.sendall(part)
        stage.until(lambda: stage.desk.base["tempo"] == 96)
        assert stage.desk.tempo.beats(time.monotonic()) % 4 < 2
        program.sendall(said(9, 98).encode())
        stage.until(lambda: stage.desk.base["tempo"] == 98)
    stage.until(lambda: stage.said[-1].endswith("has gone"))
    assert "OS2L from 127.0.0.1" in stage.said[0]


def test_a_second_program_waits_until_the_first_is_silent(stage):
    with stage.program() as first, stage.program() as second:
        first.sendall(said(1, 96).encode())
        stage.until(lambda: stage.desk.base["tempo"] == 96)
        second.sendall((said(1, 150) + "x").encode())
        stage.until(lambda: stage.said[-1].endswith("put out"))
        assert stage.desk.base["tempo"] == 96


@pytest.mark.parametrize(
    "mess", [b"[", b"9", b"\xff\xfe", b'{"evt":' * 900, b'{"a":' + b"9" * 9000]
)
def test_who_sends_something_else_is_put_out_and_the_others_play_on(stage, mess):
    with stage.program() as bad, stage.program() as good:
        bad.sendall(mess)
        stage.until(lambda: any(text.endswith("put out") for text in stage.said))
        good.sendall(said(1, 133).encode())
        stage.until(lambda: stage.desk.base["tempo"] == 133)


def test_one_more_than_can_be_served_is_turned_away(stage):
    inside = [stage.program() for _ in range(CLIENTS)]
    with stage.program() as outside:
        outside.settimeout(10)
        assert outside.recv(1) == b""
    for each in inside:
        each.close()


def test_a_port_that_is_taken_is_said(stage):
    host, port = stage.os2l.address
    with pytest.raises(LivedreamError, match="name another port"):
        Os2l(Conductor(stage.desk), host, port)


SCRIPT = """
import threading
from contextlib import ExitStack
from zeroconf import ServiceBrowser, Zeroconf
from livedream.runtime.control.announcing import OS2L
from livedream.runtime.control.conductor import Conductor
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.listening import clock_of
from livedream.runtime.control.page import access
from livedream.runtime.live.surfaces import open_clock

access.own_address = lambda: "127.0.0.1"
conductor = Conductor(Desk({"a": 1}, {}))
found = threading.Event()

class Listener:
    def add_service(self, zeroconf, kind, name):
        assert zeroconf.get_service_info(kind, name, 60_000).port == 9997
        found.set()
    def update_service(self, *what): pass
    def remove_service(self, *what): pass

with ExitStack() as opened, Zeroconf(interfaces=["127.0.0.1"]) as zeroconf:
    open_clock(conductor, clock_of("lan:os2l:9997"), print, opened)
    ServiceBrowser(zeroconf, [OS2L], Listener())
    assert found.wait(60)
"""


def test_who_looks_for_it_on_the_network_finds_it():
    pytest.importorskip("zeroconf", reason="needs the extra `discovery`")
    assert run_inside(SCRIPT) == "OS2L on 0.0.0.0:9997"
