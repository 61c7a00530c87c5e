"""A camera that stalls, drops and returns, played by a fake cv2.VideoCapture."""

import os
import struct
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.slot import Capture
from livedream.runtime.live.sources import open_source, v4l2
from livedream.runtime.live.sources.camera import Camera, mode, open_stream


class FakeDevice:
    """Gives `frames` pictures of grey level `level`, then does what `then` says."""

    def __init__(self, level: int, frames: int, then: str = "drop") -> None:
        self.level, self.left, self.then = level, frames, then
        self.waking = threading.Event()
        self.released = threading.Event()
        self.released_while_read = False
        self.reading = False

    def grab(self) -> bool:
        self.reading = True
        try:
            time.sleep(0.002)
            if self.left:
                self.left -= 1
                return True
            if self.then == "raise":
                raise cv2.error("the driver broke")
            if self.then == "stall":
                self.waking.wait(10)
            return False
        finally:
            self.reading = False

    def retrieve(self):
        return True, np.full((4, 6, 3), self.level, np.uint8)

    def get(self, propId: int, /) -> float:
        return {
            cv2.CAP_PROP_FRAME_WIDTH: 1280.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 720.0,
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")),
        }.get(propId, 0.0)

    def release(self) -> None:
        self.released_while_read |= self.reading
        self.released.set()


class Opener:
    """Opens the devices given, one after the other; an error in the list is raised."""

    def __init__(self, *devices) -> None:
        self.devices = list(devices)
        self.times: list[float] = []

    def __call__(self):
        self.times.append(time.monotonic())
        device = self.devices.pop(0)
        if isinstance(device, Exception):
            raise device
        return device


def camera(opener: Opener, events: list[str] | None = None, **timing) -> Camera:
    timing = {"stall": 0.15, "first_frame": 0.5, "retry": (0.02, 0.08), **timing}
    tell = events.append if events is not None else None
    return Camera("camera 0", opener, on_event=tell, **timing)


def levels_until(source: Camera, level: int) -> list[int]:
    """Reads until the device with that grey level speaks; the levels in the order they came."""
    seen = []
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        frame = source.read()
        assert frame is not None
        seen.append(int(frame.image[0, 0, 0]))
        if seen[-1] == level:
            return seen
    raise AssertionError(f"the camera never came back: {seen}")


def test_the_negotiated_mode_is_described():
    source = camera(Opener(FakeDevice(1, 1000)))
    assert source.describe() == "camera 0: 1280x720 MJPG 30 fps"
    source.close()


def test_a_driver_that_tells_nothing_is_described_by_its_size():
    class Silent(FakeDevice):
        def get(self, propId: int, /) -> float:
            return 640.0 if propId == cv2.CAP_PROP_FRAME_WIDTH else 0.0

    assert mode(Silent(0, 0)) == "640x0"


@pytest.mark.parametrize("then", ["drop", "stall", "raise"])
def test_a_lost_camera_comes_back_by_itself(then):
    first, second = FakeDevice(10, 5, then), FakeDevice(20, 10**6)
    events: list[str] = []
    source = camera(Opener(first, LivedreamError("still away"), second), events)
    seen = levels_until(source, 20)
    assert seen[0] == 10
    assert events == ["camera 0 is lost, retrying", "camera 0 is back"]
    # A device is never released while its thread is inside it.
    assert first.released.is_set() == (then != "stall")
    first.waking.set()
    assert first.released.wait(5)
    assert not first.released_while_read
    source.close()
    assert second.released.wait(5)


def test_frames_are_counted_across_a_loss():
    source = camera(Opener(FakeDevice(10, 5), FakeDevice(20, 10**6)))
    indices = []
    while True:
        frame = source.read()
        assert frame is not None
        indices.append(frame.index)
        if frame.image[0, 0, 0] == 20:
            break
    assert indices == sorted(set(indices))
    assert indices[-1] >= 5
    source.close()


def test_retries_back_off_and_stay_at_the_longest_pause():
    away = [LivedreamError("away") for _ in range(4)]
    opener = Opener(FakeDevice(10, 1), *away, FakeDevice(20, 10**6))
    source = camera(opener, retry=(0.05, 0.2))
    levels_until(source, 20)
    pauses = np.diff(opener.times[1:])
    assert pauses == pytest.approx([0.1, 0.2, 0.2, 0.2], abs=0.06)
    source.close()


def test_only_the_newest_frame_is_read():
    source = camera(Opener(FakeDevice(10, 10**6)))
    first = source.read()
    time.sleep(0.1)
    second = source.read()
    assert first is not None
    assert second is not None
    assert second.index > first.index + 5
    assert time.monotonic() - second.time < 0.05
    source.close()


def test_closing_ends_a_read_that_waits_for_a_lost_camera():
    source = camera(Opener(FakeDevice(10, 1)), retry=(30, 30))
    with Capture(source) as capture:
        assert capture.take(5) is not None
        time.sleep(0.05)
    assert not capture._thread.is_alive()


def test_the_first_opening_fails_at_once():
    with pytest.raises(LivedreamError, match="busy"):
        camera(Opener(LivedreamError("camera 0 is busy")))


def test_a_stall_shows_through_the_slot_as_silence_then_frames():
    first = FakeDevice(10, 3, "stall")
    source = camera(Opener(first, FakeDevice(20, 10**6)))
    with Capture(source) as capture:
        seen = []
        deadline = time.monotonic() + 5
        while 20 not in seen and time.monotonic() < deadline:
            frame = capture.take(0.02)  # None while it is away: the caller keeps the last one.
            seen.append(None if frame is None else int(frame.image[0, 0, 0]))
    first.waking.set()
    assert 10 in seen
    assert None in seen
    assert 20 in seen


def test_no_camera_is_told_from_broken(tmp_path):
    with pytest.raises(v4l2.NoCamera, match=r"no camera .*video9"):
        v4l2.query(tmp_path / "video9")
    ordinary = tmp_path / "video1"
    ordinary.write_bytes(b"")
    with pytest.raises(LivedreamError, match="not a video device"):
        v4l2.query(ordinary)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_forbidden_camera_names_the_group(tmp_path):
    forbidden = tmp_path / "video1"
    forbidden.touch(mode=0)
    with pytest.raises(LivedreamError, match="usermod"):
        v4l2.query(forbidden)


@pytest.mark.skipif(Path("/dev/video93").exists(), reason="this machine has ninety-four cameras")
def test_a_camera_that_is_not_there():
    for spec in ("93", "/dev/video93"):
        with pytest.raises(v4l2.NoCamera, match="/dev/video93"):
            open_source(spec)


def test_a_metadata_device_is_no_camera():
    def answer(capabilities: int, device: int) -> bytes:
        names = b"uvcvideo".ljust(16, b"\0") + b"C920".ljust(32, b"\0") + b"usb".ljust(32, b"\0")
        return names + struct.pack("<III", 0, capabilities, device) + bytes(12)

    path = Path("/dev/video0")
    whole = 0x84A00001
    assert v4l2.parse(path, answer(whole, 0x04200001)) == (path, "C920", True)
    assert v4l2.parse(path, answer(whole, 0x04A00000)) == (path, "C920", False)
    assert v4l2.parse(path, answer(0x1, 0)).captures  # A driver without per-device answer.


def test_a_dead_stream_hides_its_password():
    with pytest.raises(LivedreamError, match="does not answer") as caught:
        open_stream("rtsp://anna:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1/live" in str(caught.value)
