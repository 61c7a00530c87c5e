"""What a camera is asked for, seen by a driver that notes everything."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources import camera as module
from livedream.runtime.live.sources import v4l2
from livedream.runtime.live.sources.camera import open_camera, open_stream

LINUX = sys.platform.startswith("linux")


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
def driver(monkeypatch) -> type[Driver]:
    class Here(Driver):
        made: list[Driver] = []  # noqa: RUF012 - a class for each test

    monkeypatch.setattr(module.cv2, "VideoCapture", Here)
    monkeypatch.setattr(v4l2, "query", lambda path: v4l2.Device(path, "Acme Eye", True))
    return Here


def test_a_camera_is_asked_for_its_width_and_height_and_for_the_newest_frame(driver):
    source = open_camera(2, (1280, 720), fps=50)
    (made,) = driver.made
    assert made.opened == (2, cv2.CAP_V4L2 if LINUX else cv2.CAP_ANY)
    # MJPG first: it decides which sizes fit.
    assert made.asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    assert dict(made.asked) == {
        cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
        cv2.CAP_PROP_FRAME_WIDTH: 1280,
        cv2.CAP_PROP_FRAME_HEIGHT: 720,
        cv2.CAP_PROP_FPS: 50,
        cv2.CAP_PROP_BUFFERSIZE: 1,
    }
    assert source.describe().endswith(": 1280x720 MJPG 50 fps")
    assert source.describe().startswith("camera 2 (Acme Eye)" if LINUX else "camera 2")
    assert source.read() is not None
    source.close()
    assert made.released


def test_a_camera_of_which_nothing_is_said_is_asked_for_640x480_at_30(driver):
    source = open_camera(0)
    assert source.describe().endswith(": 640x480 MJPG 30 fps")
    source.close()


def test_a_camera_that_does_not_open_is_released_and_told(driver):
    driver.there = False
    with pytest.raises(LivedreamError, match="is busy" if LINUX else "There is no camera 0"):
        open_camera(0)
    assert driver.made[0].released


@pytest.mark.skipif(not LINUX, reason="only Linux tells what a device is")
def test_a_device_without_pictures_is_told_before_it_is_opened(driver, monkeypatch):
    monkeypatch.setattr(v4l2, "query", lambda path: v4l2.Device(path, "Acme data", False))
    with pytest.raises(LivedreamError, match=r"/dev/video1 \(Acme data\) gives no pictures"):
        open_camera(1)
    assert driver.made == []


@pytest.mark.skipif(not LINUX, reason="only Linux tells what a device is")
def test_a_number_is_the_number_of_its_device(driver, monkeypatch):
    asked: list[Path] = []

    def query(path: Path) -> v4l2.Device:
        asked.append(path)
        return v4l2.Device(path, "Acme Eye", True)

    monkeypatch.setattr(v4l2, "query", query)
    open_camera(7).close()
    assert asked == [Path("/dev/video7")]


def test_a_streams_password_is_in_no_message(driver):
    source = open_stream("rtsp://user:secret@host:554/live")
    assert driver.made[0].opened[:2] == ("rtsp://user:secret@host:554/live", cv2.CAP_FFMPEG)
    assert source.describe().startswith("stream rtsp://host/live")
    source.close()
    driver.there = False
    with pytest.raises(LivedreamError, match="does not answer") as caught:
        open_stream("rtsp://user:secret@host:554/live")
    assert "secret" not in str(caught.value)
    assert driver.made[1].released


def test_what_happens_to_a_camera_is_told(driver):
    told: list[str] = []
    source = open_camera(0, on_event=told.append)
    assert source.read() is not None
    driver.made[0].released = True  # It is pulled out.
    while not told:
        source.read()
    source.close()
    assert told[0].endswith("is lost, retrying")
