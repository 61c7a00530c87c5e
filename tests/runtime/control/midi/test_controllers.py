"""The whole surface over ports of a list: a controller that is moved, taught, unplugged."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.midi import controllers
from livedream.runtime.control.midi.controllers import EVERY, Midi
from livedream.runtime.control.midi.ports import stable
from livedream.runtime.control.player import Player
from livedream.runtime.control.shelf import Looks
from livedream.runtime.errors import LivedreamError

from ....patience import until

LAYERS = {"a": 4, "b": 6}


class Controller:
    """A device that is plugged in: what it is sent, and what it says."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake, self.closed = wake, False
        self.said: deque[tuple[Sequence[int], float]] = deque()
        self.shown: list[list[int]] = []

    def turn(self, *message: int) -> None:
        self.said.append((message, time.monotonic()))
        self.wake()

    def receive(self) -> list[tuple[Sequence[int], float]]:
        return [self.said.popleft() for _ in range(len(self.said))]

    def send(self, message: Sequence[int]) -> None:
        self.shown.append(list(message))

    def close(self) -> None:
        self.closed = True


class Desktop:
    """What is plugged in."""

    def __init__(self, *names: str) -> None:
        self.plugged = list(names)
        self.opened: dict[str, Controller] = {}
        self.taken = False

    def names(self) -> list[str]:
        return list(self.plugged)

    def open(self, name: str, wake: Callable[[], None]) -> Controller:
        if self.taken:
            raise LivedreamError(f"{name} cannot be opened.")
        self.opened[name] = Controller(wake)
        return self.opened[name]


class Stage:
    def __init__(self, tmp_path, *names: str, wanted: str = "auto") -> None:
        self.folder = tmp_path / "midi"
        self.said: list[str] = []
        self.desk = Desk(LAYERS, {"recipe": "live", "layers": "a"})
        self.player = Player(self.desk, Looks(LAYERS), self.said.append)
        self.ports = Desktop(*names)
        self.wanted = wanted
        self.midi = self.again()

    def again(self) -> Midi:
        return Midi(
            self.desk,
            self.player.conductor,
            self.wanted,
            self.folder,
            self.said.append,
            ports=self.ports,
        )

    def until(self, condition: Callable[[], object]) -> None:
        until(condition, self.said)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What is plugged in is looked at more often."""
    monkeypatch.setattr(controllers, "EVERY", 0.05)


@pytest.fixture
def stage(tmp_path) -> Iterator[Stage]:
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "Pads.toml").write_text(
        '[[bind]]\ncontrol = "cc 21"\nname = "amount"\n'
        '[[bind]]\ncontrol = "note 36"\nname = "mirror"\nhow = "press"\n'
        '[[bind]]\ncontrol = "note 40"\nname = "preset"\nhow = "say"\nvalue = 7\n'
    )
    stage = Stage(tmp_path, "Pads")
    yield stage
    stage.midi.close()


def test_knobs_pads_and_programs_play_the_desk(stage):
    pads = stage.ports.opened["Pads"]
    pads.turn(0xB0, 21, 127)
    pads.turn(0xB0, 21, 32)
    pads.turn(0x90, 36, 100)
    stage.until(lambda: stage.desk.base["amount"] == pytest.approx(32 / 127))
    stage.until(lambda: stage.desk.base["mirror"])
    pads.turn(0xC0, 2)
    stage.until(lambda: stage.desk.base["preset"] == 3)
    pads.turn(0x90, 40, 1)
    stage.until(lambda: stage.desk.base["preset"] == 7)
    assert stage.desk.base["strength"] == 32  # Silverpoint's.


def test_lamps_are_lit_when_it_comes_and_at_every_change_from_anywhere(stage):
    pads = stage.ports.opened["Pads"]
    assert pads.shown == [[0xB0, 21, 127], [0x90, 36, 0], [0x90, 40, 0]]
    stage.desk.set("mirror", True, "key")
    stage.until(lambda: [0x90, 36, 127] in pads.shown)
    stage.desk.set("preset", 7, "osc")
    stage.until(lambda: [0x90, 40, 127] in pads.shown)
    pads.turn(0x90, 36, 100)  # Its own press comes back too: pads do not light themselves.
    stage.until(lambda: pads.shown[-1] == [0x90, 36, 0])
    before = len(pads.shown)
    pads.turn(0xB0, 21, 127)
    pads.turn(0xB0, 21, 60)
    stage.until(lambda: stage.desk.base["amount"] != 1)
    assert len(pads.shown) == before  # A motor would fight the hand.


def test_a_knob_picks_up_again_what_another_surface_moved(stage):
    pads = stage.ports.opened["Pads"]
    pads.turn(0xB0, 21, 127)
    pads.turn(0xB0, 21, 120)
    stage.until(lambda: stage.desk.base["amount"] < 1)
    stage.desk.set("amount", 0.2, "page")
    stage.until(lambda: [0xB0, 21, 25] in pads.shown)
    pads.turn(0xB0, 21, 110)
    pads.turn(0x90, 36, 100)
    stage.until(lambda: stage.desk.base["mirror"])
    assert stage.desk.base["amount"] == 0.2
    pads.turn(0xB0, 21, 20)
    stage.until(lambda: stage.desk.base["amount"] == pytest.approx(20 / 127))


def test_a_controller_is_taught_and_remembers(stage):
    pads = stage.ports.opened["Pads"]
    stage.desk.set("learn", "strength", "key")
    assert stage.said[-1] == "Move the control for strength"
    for value in (60, 70, 80):
        pads.turn(0xB0, 50, value)
    stage.until(lambda: stage.desk.base["learn"] == "")
    assert "cc 50 plays strength (absolute)" in stage.said[-1]
    stage.desk.set("learn", "preset 4", "osc")
    pads.turn(0x90, 44, 90)
    pads.turn(0x80, 44, 0)
    stage.until(lambda: stage.desk.base["learn"] == "")
    pads.turn(0x90, 44, 90)
    stage.until(lambda: stage.desk.base["preset"] == 4)
    stage.midi.close()
    stage.midi = stage.again()
    again = stage.ports.opened["Pads"]
    assert [0x90, 44, 127] in again.shown
    again.turn(0xB0, 50, 0)
    again.turn(0xB0, 50, 127)
    stage.until(lambda: stage.desk.base["strength"] == 128)


def test_teaching_is_called_off_and_silence_teaches_nothing(stage):
    pads = stage.ports.opened["Pads"]
    stage.desk.set("learn", "strength", "key")
    stage.desk.set("learn", "", "key")
    pads.turn(0x90, 36, 100)
    stage.until(lambda: stage.desk.base["mirror"])


def test_unplugged_and_plugged_in_again_it_goes_on_with_its_lamps(stage):
    first = stage.ports.opened["Pads"]
    stage.ports.plugged = []
    stage.until(lambda: "Pads is unplugged" in stage.said)
    assert first.closed
    stage.desk.set("mirror", True, "key")
    stage.ports.plugged = ["Pads", "Other"]
    stage.until(lambda: stage.ports.opened["Pads"] is not first)
    stage.until(lambda: [0x90, 36, 127] in stage.ports.opened["Pads"].shown)
    stage.ports.opened["Pads"].turn(0x90, 40, 100)
    stage.until(lambda: stage.desk.base["preset"] == 7)
    assert EVERY <= 2


def test_one_that_is_taken_is_tried_again(stage):
    stage.ports.taken = True
    stage.ports.plugged = ["Pads", "Late"]
    stage.until(lambda: "Late cannot be opened." in stage.said)
    stage.ports.taken = False
    stage.until(lambda: "Late" in stage.ports.opened)


def test_only_what_is_named_is_listened_to(tmp_path):
    stage = Stage(tmp_path, "Launchpad Mini", "Keys", wanted="launch")
    assert list(stage.ports.opened) == ["Launchpad Mini"]
    stage.midi.close()
    stage.midi.close()
    none = Stage(tmp_path, "Keys", wanted="launch")
    assert "no 'launch'" in none.said[0]
    none.midi.close()
    assert "midi" not in {thread.name for thread in threading.enumerate()}


def test_its_clock_is_the_beat(stage):
    pads = stage.ports.opened["Pads"]
    start = time.monotonic() - 4
    pads.said.append(((0xFA,), start))
    pads.said += [((0xF8,), start + n * 60 / 100 / 24) for n in range(150)]
    pads.wake()
    stage.until(lambda: stage.desk.base["tempo"] == 100)
    assert stage.desk.tempo.beats(start) == pytest.approx(0, abs=1e-6)


def test_a_file_that_is_wrong_is_told_and_the_controller_plays_what_needs_none(tmp_path):
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "Pads.toml").write_text("[[bind")
    stage = Stage(tmp_path, "Pads")
    assert "line 1" in stage.said[0]
    stage.ports.opened["Pads"].turn(0xC0, 0)
    stage.until(lambda: stage.desk.base["preset"] == 1)
    stage.midi.close()


def test_a_binding_that_makes_no_sense_is_told_and_the_rest_plays(tmp_path):
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "Pads.toml").write_text(
        '[[bind]]\ncontrol = "note 1"\nname = "size"\nhow = "press"\n'
    )
    stage = Stage(tmp_path, "Pads")
    stage.ports.opened["Pads"].turn(0x90, 1, 100)
    stage.ports.opened["Pads"].turn(0xC0, 0)
    stage.until(lambda: stage.desk.base["preset"] == 1)
    assert any("say all of it" in text for text in stage.said)
    stage.midi.close()


def test_names_stay_the_same_when_their_numbers_change():
    assert stable(["Launchpad Mini MIDI 1 32:0", "Pads 20:0", "Pads 24:0", "system:midi_1"]) == [
        "Launchpad Mini MIDI 1",
        "Pads",
        "Pads #2",
        "system:midi_1",
    ]
