"""From who is in front of the camera to what is dreamt: fades, presets, recorded dreams."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.frame import Frame
from livedream.runtime.live.attract import Attract, covering, open_attract
from livedream.runtime.live.audience import RATE, Audience, person_moved
from livedream.runtime.presence.models import Models
from livedream.runtime.presence.states import State
from livedream.runtime.stats import Stats

from ...patience import PATIENCE
from ..presence.room import SIZE, camera, person, wall

ROOM = wall()
DREAM = (30, 90, 200)


class Hall:
    """A room with a camera whose frames pass through, on a clock of its own."""

    def __init__(self, attract: Attract, presence: str = "motion", models=None) -> None:
        self.now, self.index = 50.0, 0
        self.random = np.random.default_rng(0)
        self.desk = Desk({"a": 4}, {"presence": presence})
        self.stats = Stats()
        self.attract = attract
        self.said: list[str] = []
        self.audience = Audience(
            self.desk,
            attract,
            models or Models(),
            self.stats,
            say=self.said.append,
            clock=lambda: self.now,
        )

    def frame(self, light: np.ndarray) -> Frame:
        self.now += 1 / RATE
        self.index += 1
        image = cv2.merge([camera(light, self.random)] * 3)
        return Frame(image, self.now, self.index)

    def pass_by(self, seconds: float, x: float | None = None) -> tuple[Frame, Frame]:
        """The last frame, as the camera gave it and as it goes on; somebody walks from `x` on."""
        given = passed = self.frame(ROOM)
        for step in range(round(seconds * RATE)):
            given = self.frame(ROOM if x is None else person(ROOM, x + step % 8))
            passed = self.audience.through(given)
            self.audience.look(given)
        return given, passed

    @property
    def state(self) -> str:
        return self.audience.told.removeprefix("presence: ")


@pytest.fixture
def dreams(tmp_path):
    """Dreams that were recorded: a folder with a picture of one colour."""
    cv2.imwrite(str(tmp_path / "dream.png"), np.full((90, 160, 3), DREAM, np.uint8))
    attract = open_attract(str(tmp_path), SIZE, 0)
    attract.start()
    attract.picture(SIZE)
    deadline = time.monotonic() + PATIENCE
    while attract.picture(SIZE) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    yield attract
    attract.close()


def test_nobody_sees_dreams_and_whoever_comes_sees_the_camera(dreams):
    hall = Hall(dreams)
    _, passed = hall.pass_by(10)
    assert hall.state == State.ATTRACT
    assert (passed.image == DREAM).all()
    assert hall.audience.amount(hall.now) == 0  # They are dreams already.
    hall.pass_by(0.6, x=60)
    assert hall.state == State.NOTICE
    given, passed = hall.pass_by(0.2, x=60)
    assert not np.array_equal(passed.image, given.image)
    assert not (passed.image == DREAM).all()
    given, passed = hall.pass_by(3, x=60)
    assert hall.state == State.DREAM
    assert passed is given
    assert hall.audience.amount(hall.now) == 1
    hall.pass_by(45)
    assert hall.state == State.FADE
    _, passed = hall.pass_by(30)
    assert hall.state == State.ATTRACT
    assert (passed.image == DREAM).all()
    assert hall.audience.visits == 1
    assert [each["what"] for each in hall.stats.report()["notes"]] == [
        f"presence: {state}" for state in ("attract", "notice", "dream", "fade", "attract")
    ]


def test_presets_attract_on_the_cameras_own_picture():
    hall = Hall(open_attract("presets", SIZE, 0))
    given, passed = hall.pass_by(5)
    assert passed is given
    assert hall.desk.base["auto"] is True
    hall.pass_by(3, x=60)
    assert hall.state == State.DREAM
    assert hall.desk.base["auto"] is False
    hall.desk.set("auto", True, "key")
    hall.pass_by(28)
    assert hall.state == State.FADE
    assert hall.desk.base["auto"] is True  # What was said meanwhile holds.
    hall.desk.set("auto", False, "key")
    hall.pass_by(34)
    assert hall.state == State.ATTRACT
    assert hall.desk.base["auto"] is True


def test_the_demo_is_dreamt_on():
    attract = open_attract("demo", (320, 180), 0)
    attract.start()
    attract.picture((320, 180))
    deadline = time.monotonic() + PATIENCE
    while (picture := attract.picture((320, 180))) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    hall = Hall(attract)
    assert picture is not None
    assert picture.shape == (180, 320, 3)
    assert hall.audience.amount(hall.now) == 1
    attract.close()
    assert not attract.is_alive()


def test_without_presence_frames_pass_untouched_and_nothing_is_told():
    hall = Hall(open_attract("demo", SIZE, 0), presence="off")
    assert hall.audience.told == ""
    given, passed = hall.pass_by(3)
    assert passed is given
    assert hall.audience.told == ""
    assert hall.stats.report().get("notes") is None


def test_presence_that_is_switched_off_brings_the_camera_back(dreams):
    hall = Hall(dreams)
    hall.pass_by(5)
    hall.desk.set("presence", "off", "test")
    given, passed = hall.pass_by(0.2)
    assert (passed.image == DREAM).all()  # It fades, as for somebody who came.
    given, passed = hall.pass_by(3)
    assert passed is given


def test_a_frame_that_is_none_is_told_and_the_next_one_counts():
    said: list[str] = []
    desk = Desk({"a": 4}, {"presence": "motion"})
    audience = Audience(desk, open_attract("presets", SIZE, 0), Models(), Stats(), say=said.append)
    audience.start()
    audience.through(Frame(np.zeros((4, 4), np.uint8), time.monotonic(), 0))
    deadline = time.monotonic() + PATIENCE
    while not said and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "colour picture" in said[0]
    assert audience.is_alive()
    audience.stop()
    assert not audience.is_alive()


def test_what_attracts_must_be_there_beside_the_show_that_names_it(tmp_path):
    dreams = tmp_path / "dreams"
    dreams.mkdir()
    cv2.imwrite(str(dreams / "1.png"), np.zeros((9, 16, 3), np.uint8))
    open_attract("dreams", SIZE, 0, tmp_path).close()
    with pytest.raises(UsageError, match=r"no file nothing\.mp4"):
        open_attract("nothing.mp4", SIZE, 0)


def test_pictures_fill_the_cameras_size_without_bars():
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 255
    assert (covering(image, (50, 50)) == 255).all()
    assert covering(image, (300, 100)) is image
    assert covering(image, (64, 96)).shape == (96, 64, 3)


class Finds(Models):
    """As sure of a face as it is told, and people where the picture is dark. `asked` counts."""

    def __init__(self, face: float = 0.0) -> None:
        super().__init__()
        self.face, self.asked = face, 0

    def faces(self):
        self.asked += 1
        return lambda bgr: self.face

    def people(self):
        self.asked += 1
        return lambda bgr: (cv2.resize(bgr[:, :, 0], (256, 144)) < 35).astype(np.float32)


@pytest.mark.parametrize(
    ("presence", "face", "state"),
    [
        ("face", 0.8, State.DREAM),
        ("face", 0.4, State.ATTRACT),
        ("person", 0.0, State.DREAM),
    ],
)
def test_with_a_model_it_is_asked_once_something_moved(presence, face, state):
    models = Finds(face)
    hall = Hall(open_attract("presets", SIZE, 0), presence, models)
    hall.pass_by(5)
    assert models.asked == 0
    hall.pass_by(4, x=60)
    assert models.asked > 5
    assert hall.state == state


def test_what_moved_and_is_no_person_is_nobody():
    people, moved = np.zeros((144, 256), np.float32), np.zeros((120, 160), bool)
    moved[20:100, 20:80] = True
    assert not person_moved(people, moved)
    people[:, 200:] = 1  # Somebody that is always there, such as on a poster.
    assert not person_moved(people, moved)
    people[30:110, 40:110] = 1
    assert person_moved(people, moved)


def test_without_a_model_presence_goes_by_motion_and_says_why():
    class Nothing(Models):
        def faces(self):
            raise LivedreamError("There is no model that finds faces.")

    hall = Hall(open_attract("presets", SIZE, 0), "face", Nothing())
    hall.pass_by(5)
    hall.pass_by(4, x=60)
    assert hall.said == ["There is no model that finds faces."]
    assert hall.desk.base["presence"] == "motion"
    assert hall.state == State.DREAM


def test_our_own_light_is_learnt_only_while_what_is_shown_is_not_the_cameras(dreams):
    shown = np.zeros((90, 160, 3), np.uint8)

    def learnt(hall: Hall, seconds: float, x: float | None = None) -> int:
        own = hall.audience._gate.own
        before = own.count
        hall.pass_by(seconds, x)
        return own.count - before

    hall = Hall(dreams)
    hall.audience.newest = lambda: shown
    assert learnt(hall, 12) > 50
    hall.pass_by(4, x=60)
    assert hall.state == State.DREAM
    assert learnt(hall, 4, x=60) == 0
    presets = Hall(open_attract("presets", SIZE, 0))
    presets.audience.newest = lambda: shown
    assert learnt(presets, 5) == 0
