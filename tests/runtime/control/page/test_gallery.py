from __future__ import annotations

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.page.gallery import SETTLED, WIDTH, Cards
from livedream.runtime.control.presets import Preset


class Show:
    def __init__(self) -> None:
        self.now = 100.0
        self.desk = Desk({"a": 4, "b": 4}, {})
        self.presets = {
            1: Preset("calm", {"colour": 0.5, "layers": "b"}, fade=1.0),
            7: Preset("slow", {"colour": 0.25}, fade=20.0),
        }
        self.layers = "a"
        self.picture: np.ndarray | None = np.full((300, 400, 3), 50, np.uint8)
        self.cards = Cards(
            self.desk, lambda: self.presets, lambda: self.picture, lambda: self.layers,
            clock=lambda: self.now,
        )  # fmt: skip

    def pictured(self) -> list[int]:
        return [each["number"] for each in self.cards.told() if each["picture"]]

    def plays(self, seconds: float) -> list[int]:
        self.pictured()
        self.now += seconds
        return self.pictured()

    def recall(self, number: int) -> None:
        self.desk.fade({"preset": number, **self.presets[number].values}, "page", 0)


@pytest.fixture
def show():
    return Show()


def test_a_card_gets_its_picture_when_the_preset_has_played_alone(show):
    assert show.cards.told()[0] == {"number": 1, "name": "calm", "picture": 0}
    show.recall(1)
    assert show.plays(60) == []  # Its layer is not open yet.
    show.layers = "b"
    assert show.plays(SETTLED - 0.1) == []
    assert show.plays(0.2) == [1]
    jpeg = show.cards.picture(1)
    assert jpeg is not None
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[1] == WIDTH
    assert show.cards.picture(7) is show.cards.picture(99) is None


def test_not_while_it_fades_in_and_not_when_somebody_has_moved_something(show):
    show.recall(7)
    assert show.plays(39) == []
    show.desk.set("colour", 0.3, "key", 0)
    assert show.plays(60) == []
    show.desk.set("colour", 0.25, "key", 0)
    assert show.plays(39) == []
    assert show.plays(2) == [7]


def test_a_preset_that_is_stored_anew_looks_anew(show):
    show.desk.set("layers", "b", "key")
    show.layers = "b"
    show.recall(1)
    assert show.plays(5) == [1]
    (first,) = [each["picture"] for each in show.cards.told() if each["picture"]]
    show.presets = {1: Preset("other", {"colour": 0.5}, fade=1.0)}
    show.picture = np.full((300, 400, 3), 90, np.uint8)
    assert show.pictured() == []
    assert show.plays(5) == [1]
    assert show.cards.told()[0]["picture"] != first


def test_a_file_shows_how_it_looks_until_it_was_played(show, tmp_path):
    path = tmp_path / "07 slow.png"
    cards = Cards(
        show.desk, lambda: show.presets, lambda: None, lambda: "a",
        lambda number: path if number == 7 else None,
    )  # fmt: skip
    assert [each["picture"] for each in cards.told()] == [0, 0]  # It is not there yet.
    assert cards.picture(7) is None
    cv2.imwrite(str(path), np.full((480, 640, 3), 30, np.uint8))
    assert [bool(each["picture"]) for each in cards.told()] == [False, True]
    jpeg = cards.picture(7)
    assert jpeg is not None
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[1] == WIDTH


def test_without_a_picture_there_is_none(show):
    show.picture = None
    show.recall(7)
    assert show.plays(60) == []
    assert show.plays(60) == []
