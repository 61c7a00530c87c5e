"""From what the desk says to the mask that the dream and the picture get."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.masking import Laid, Masking
from livedream.runtime.live.presenter import Presenter
from livedream.runtime.presence.models import Models
from livedream.runtime.scaling import resized
from livedream.runtime.slot import Slot
from livedream.runtime.stats import Stats

from ...patience import PATIENCE
from ..presence.test_masks import at, scene


class Found(Models):
    """People at column 130, or none at all."""

    def __init__(self, there: bool = True) -> None:
        super().__init__()
        self.there = there

    def people(self):
        if not self.there:
            raise LivedreamError("There is no model.")
        return lambda bgr: at(130)


class Stage:
    def __init__(self, mask: str, there: bool = True) -> None:
        self.desk, self.said = Desk({"a": 4}, {"mask": mask}), []
        self.whole = 0.0
        self.masking = Masking(
            self.desk, Found(there), Stats(), self.said.append, lambda time: self.whole
        )
        self.laid = self.masking.laid()

    def look(self, times: int = 40) -> None:
        for index in range(times):
            self.masking.look(Frame(scene(x=130), index / 10, index))

    def at(self, image: np.ndarray) -> np.ndarray | None:
        return self.laid.at(image, self.desk.at(1e9))


def test_the_mask_of_people_is_laid_on_every_picture_mirrored_as_it_is():
    stage = Stage("people")
    assert stage.at(scene(x=130)) is None  # Until something was found.
    stage.look()
    weights = stage.at(scene(x=118))
    assert weights is not None
    assert weights[:, 60:70].mean() < 0.1
    assert weights[60, 110] > 0.9
    stage.desk.set("mirror", True, "test")
    mirrored = stage.at(np.ascontiguousarray(scene(x=118)[:, ::-1]))
    assert np.abs(mirrored - weights[:, ::-1]).mean() < 0.02


def test_while_the_picture_is_held_its_mask_is():
    stage = Stage("people")
    stage.look()
    stage.desk.set("freeze", True, "test")
    held = stage.at(scene(x=130))
    assert held is not None
    stage.desk.set("mask", "behind", "test")
    stage.look()
    np.testing.assert_array_equal(stage.at(scene(x=130)), held)
    stage.desk.set("freeze", False, "test")
    assert stage.at(scene(x=130))[60, 120] < 0.1


def test_on_what_attracts_the_dream_is_everywhere():
    stage = Stage("people")
    stage.look()
    stage.whole = 1.0
    assert (stage.at(scene(x=130)) == 1).all()


def test_without_a_model_the_desk_goes_back_and_says_why():
    stage = Stage("people", there=False)
    stage.look(1)
    assert stage.desk.base["mask"] == "everywhere"
    assert stage.said == ["There is no model."]
    assert stage.masking.newest is None


def test_what_moves_needs_no_model():
    stage = Stage("moving", there=False)
    stage.look(3)
    assert stage.masking.newest is not None
    assert stage.said == []


def test_a_picture_that_gets_no_mask_is_told():
    stage = Stage("people")
    told = threading.Event()
    stage.said = said = []
    masking = Masking(
        stage.desk, Found(), Stats(), lambda text: (said.append(text), told.set()), lambda time: 0.0
    )
    masking.start()
    masking.offer(Frame(np.zeros((4, 4), np.uint8), 0.0, 0))
    assert told.wait(PATIENCE)
    assert said[0].startswith("A picture got no mask: ")
    assert masking.newest is None
    masking.stop()


def test_frames_are_looked_at_only_while_a_mask_is_wanted_or_fades():
    stage = Stage("everywhere")
    stage.masking.start()
    looked = threading.Event()
    stage.masking.look = lambda frame: looked.set()
    stage.masking.offer(Frame(scene(), time.monotonic(), 0))
    assert not looked.wait(0.05)
    stage.desk.set("mask", "people", "test")
    stage.masking.offer(Frame(scene(), time.monotonic(), 1))
    assert looked.wait(PATIENCE)
    stage.masking.stop()
    assert not stage.masking.is_alive()


@pytest.mark.parametrize("index", [0, 1])
def test_the_picture_shows_the_dream_inside_of_the_mask_alone(index):
    """On the frame that was dreamt, and on a later one where the person is elsewhere."""
    stage = Stage("people")
    stage.look()
    camera, dreams = Slot(), Slot()
    presenter = Presenter(camera, dreams, stage.desk, Stats(), where=stage.masking.laid())
    first = Frame(scene(x=130), 1.0, 0)
    picture = resized(first.image, 160, 90)
    dream = np.where(picture < 128, picture + 60, picture - 60).astype(np.uint8)
    dreams.put(Dreamt(picture, dream, 1.0, {"layers": "a", "camera": 1.0}, first))
    camera.put(first)
    shown = presenter._next()
    if index:
        camera.put(Frame(scene(x=118), 1.04, 1))
        shown = presenter._next()
    x = 118 if index else 130
    change = np.abs(shown.dream.astype(int) - shown.picture).mean(axis=(0, 2))
    assert change[x + 10 : x + 50].mean() > 15
    assert change[: x - 30].max() < 1
    assert change[x + 95 :].max() < 1


def test_without_masking_the_dream_is_everywhere():
    assert Laid().at(scene(), Desk({"a": 4}, {}).at(0)) is None
