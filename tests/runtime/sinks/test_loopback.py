"""Virtual cameras on Linux, on a layer that answers as v4l2loopback's driver does."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks import loopback as module
from livedream.runtime.sinks.loopback import CAPABILITY, FORMAT, Loopback, free_device
from livedream.runtime.sinks.webcam import Webcam

from .sinks import picture

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's devices")


class Driver:
    """Answers by the name of the file behind the descriptor: its capabilities, and the size that
    another program holds it at."""

    def __init__(self) -> None:
        self.capabilities: dict[str, int] = {}
        self.held: tuple[int, int] | None = None
        self.asked: tuple[int, ...] = ()

    def __call__(self, device: int, request: int, argument: bytes) -> bytes:
        name = Path(os.readlink(f"/proc/self/fd/{device}")).name
        if name not in self.capabilities:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        if request == module.QUERYCAP:
            own = self.capabilities[name]
            return CAPABILITY.pack(b"loopback", b"livedream", b"", 0, 0x80000000 | own, own)
        assert request == module.S_FMT
        assert len(argument) == 208
        self.asked = FORMAT.unpack(argument)
        width, height = self.held or self.asked[1:3]
        return FORMAT.pack(self.asked[0], width, height, *self.asked[3:])


@pytest.fixture
def driver(monkeypatch) -> Driver:
    driver = Driver()
    monkeypatch.setattr(module, "_ioctl", driver)
    return driver


@pytest.fixture
def device(driver, tmp_path) -> Path:
    path = tmp_path / "video10"
    path.touch()
    driver.capabilities["video10"] = 0x05200002
    return path


def test_what_is_written_reads_back_in_its_colours(driver, device):
    sink = Loopback(device)
    assert sink.open((64, 48), 30) == f"{device}, 64x48"
    image = picture(0)
    image[:, :32], image[:, 32:] = (230, 40, 20), (30, 60, 200)
    sink.send(image, 0.0)
    sink.close()
    kind, width, height, pixels, field, line, size, *colours = driver.asked
    assert (kind, width, height, field, line, size) == (2, 64, 48, 1, 128, 6144)
    assert pixels.to_bytes(4, "little") == b"YUYV"
    assert colours[:2] == [8, 0xFEEDCAFE], "sRGB; and what follows is meant"
    assert colours[3:5] == [1, 2], "BT.601 in limited range"
    data = np.fromfile(device, np.uint8).reshape(48, 64, 2)
    # By the standard's own matrix, for the left half: luma 16..235.
    red, green, blue = 20 / 255, 40 / 255, 230 / 255
    luma = 16 + 65.481 * red + 128.553 * green + 24.966 * blue
    assert abs(int(data[5, 5, 0]) - luma) <= 1
    back = cv2.cvtColor(data, cv2.COLOR_YUV2BGR_YUYV)
    np.testing.assert_allclose(back[:, 4:28], np.broadcast_to((230, 40, 20), (48, 24, 3)), atol=3)
    np.testing.assert_allclose(back[:, 36:60], np.broadcast_to((30, 60, 200), (48, 24, 3)), atol=3)


def test_what_is_no_video_device_is_told():
    sink = Loopback("/dev/null")
    with pytest.raises(LivedreamError, match=r"/dev/null is no video device; make one: sudo .*"):
        sink.open((64, 48), 30)
    sink.close()


def test_a_camera_takes_no_pictures(driver, device):
    driver.capabilities["video10"] = 0x04200001
    with pytest.raises(LivedreamError, match="is a camera and takes no pictures"):
        Loopback(device).open((64, 48), 30)


def test_a_device_that_is_held_at_another_size(driver, device):
    driver.held = (640, 480)
    with pytest.raises(LivedreamError, match="say --picture 640x480"):
        Loopback(device).open((64, 48), 30)


def test_no_device(tmp_path):
    sink = Loopback(tmp_path / "video9")
    assert not sink.is_available()
    with pytest.raises(LivedreamError, match="modprobe v4l2loopback"):
        sink.open((64, 48), 30)


def test_camera_is_the_first_device_that_takes_pictures(driver, tmp_path, monkeypatch):
    for name, capabilities in (("video2", 1), ("video10", 2), ("video11", 2)):
        (tmp_path / name).touch()
        driver.capabilities[name] = capabilities
    assert free_device(tmp_path) == tmp_path / "video10"
    monkeypatch.setattr("livedream.runtime.sinks.webcam.free_device", lambda: tmp_path / "video11")
    sink = Webcam()
    assert sink.is_available()
    assert sink.open((64, 48), 30) == f"{tmp_path / 'video11'}, 64x48"
    sink.send(picture(9), 0.0)
    sink.close()
    assert (tmp_path / "video11").stat().st_size == 6144
