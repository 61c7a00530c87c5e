"""What a camera is asked for, seen by a driver that notes everything."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources import v4l2
from livedream.runtime.live.sources.camera import open_camera


class Driver:
    """Stands for cv2.VideoCapture, of which there is none without hardware: what it was opened
    with, what it was asked for in which order, and whether it was released."""

    there = True
    made: list[Driver]

    def __init__(self, *opened: object) -> None:
        self.opened = opened
        self.asked: list[tuple[int, float]] = []
        self.released = False
        type(self).made.append(self)

    def isOpened(self) -> bool:
        return self.there

    def set(self, what: int, value: float) -> bool:
        self.asked.append((what, value))
        return True

    def get(self, what: int) -> float:
        return dict(self.asked).get(what, 0.0)

    def grab(self) -> bool:
        return not self.released

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((4, 6, 3), np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def driver() -> type[Driver]:
    class Here(Driver):
        made: list[Driver] = []  # noqa: RUF012 - a class for each test

    return Here


EYE = v4l2.Device(Path("/dev/video2"), "Acme Eye", True, "usb-1")


def test_a_camera_is_opened_by_its_path_and_asked_for_what_is_wanted(driver):
    source = open_camera(EYE, (1280, 720), fps=50, capture=driver)
    (made,) = driver.made
    assert made.opened == ("/dev/video2", cv2.CAP_V4L2)
    # MJPG first: it decides which sizes fit. And the newest frame, not one of a queue.
    assert made.asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    assert dict(made.asked) == {
        cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
        cv2.CAP_PROP_FRAME_WIDTH: 1280,
        cv2.CAP_PROP_FRAME_HEIGHT: 720,
        cv2.CAP_PROP_FPS: 50,
        cv2.CAP_PROP_BUFFERSIZE: 1,
    }
    assert source.describe() == "camera 2 (Acme Eye): 1280x720 MJPG 50 fps"
    assert source.read() is not None
    source.close()
    assert made.released


def test_a_camera_of_which_nothing_is_said_is_asked_for_640x480_at_30(driver):
    source = open_camera(0, capture=driver)  # As on systems that know numbers only.
    assert driver.made[0].opened == (0, cv2.CAP_ANY)
    assert source.describe() == "camera 0: 640x480 MJPG 30 fps"
    source.close()


def test_a_link_is_opened_in_the_place_of_the_device(driver, tmp_path):
    open_camera(EYE, link=tmp_path / "by-id", capture=driver).close()
    assert driver.made[0].opened == (str(tmp_path / "by-id"), cv2.CAP_V4L2)


def test_a_camera_that_does_not_open_is_released_and_told(driver, monkeypatch):
    driver.there = False
    with pytest.raises(v4l2.NoCamera, match="There is no camera 0"):
        open_camera(0, capture=driver)
    asked: list[Path] = []
    monkeypatch.setattr(v4l2, "query", asked.append)  # It is there, and says nothing against it.
    with pytest.raises(LivedreamError, match=r"camera 2 \(Acme Eye\) is busy.*fuser /dev/video2"):
        open_camera(EYE, capture=driver)
    assert asked == [Path("/dev/video2")]
    assert [made.released for made in driver.made] == [True, True]


def test_a_device_without_pictures_is_told_before_it_is_opened(driver):
    with pytest.raises(LivedreamError, match=r"/dev/video2 \(Acme Eye\) gives no pictures"):
        open_camera(EYE._replace(captures=False), capture=driver)
    assert driver.made == []


def test_what_happens_to_a_camera_is_told(driver):
    told: list[str] = []
    source = open_camera(0, on_event=told.append, capture=driver)
    assert source.read() is not None
    driver.made[0].released = True  # It is pulled out.
    while not told:
        source.read()
    source.close()
    assert told[0] == "camera 0 is lost, retrying"


def test_a_camera_that_comes_back_under_another_number_is_found_there(driver, monkeypatch):
    moved = EYE._replace(path=Path("/dev/video5"))
    monkeypatch.setattr(v4l2, "devices", lambda: [moved])
    source = open_camera(EYE, capture=driver)
    assert source.read() is not None
    driver.made[0].released = True
    while len(driver.made) < 2:
        assert source.read() is not None
    source.close()
    assert [made.opened[0] for made in driver.made] == ["/dev/video2", "/dev/video5"]


def test_controls_are_set_whenever_a_camera_was_opened_and_what_fails_is_told_once(
    driver, monkeypatch
):
    monkeypatch.setattr(v4l2, "devices", lambda: [EYE._replace(path=Path("/dev/video5"))])
    asked: list[tuple[str, dict[str, int]]] = []
    told: list[str] = []

    def set_them(path: Path, wanted) -> list[str]:
        asked.append((str(path), dict(wanted)))
        return ["there is no zoom"]

    source = open_camera(
        EYE, on_event=told.append, controls={"zoom": 1}, set_them=set_them, capture=driver
    )
    assert asked == [("/dev/video2", {"zoom": 1})]
    driver.made[0].released = True
    while len(driver.made) < 2:
        assert source.read() is not None
    source.close()
    assert asked[1:] == [("/dev/video5", {"zoom": 1})]
    assert [text for text in told if "zoom" in text] == [
        "Of camera 2 (Acme Eye): there is no zoom."
    ]
