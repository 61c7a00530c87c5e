"""A camera that stalls, drops and returns, played by a fake cv2.VideoCapture."""

import itertools
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.frame import Frame
from livedream.runtime.live import sources
from livedream.runtime.live.capture import Capture
from livedream.runtime.live.sources import camera as camera_module
from livedream.runtime.live.sources import open_source, v4l2
from livedream.runtime.live.sources.base import safely
from livedream.runtime.live.sources.camera import Camera, ask, mode, open_stream
from livedream.runtime.pauses import Pauses

from ...patience import PATIENCE, until


class FakeDevice:
    """Gives `frames` pictures of grey level `level`, then does what `then` says."""

    def __init__(self, level: int, frames: int, then: str = "drop") -> None:
        self.level, self.left, self.then = level, frames, then
        self.stalled, self.waking = threading.Event(), threading.Event()
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
                self.stalled.set()
                self.waking.wait(PATIENCE)
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


def camera(opener: Callable[[], FakeDevice], events: list[str] | None = None, **timing) -> Camera:
    timing = {
        "stall": PATIENCE, "first_frame": PATIENCE, "retry": Pauses(0.02, 0.08), **timing
    }  # fmt: skip
    tell = events.append if events is not None else None
    return Camera("camera 0", opener, on_event=tell, **timing)


def levels_until(source: Camera, level: int) -> list[int]:
    """Reads until the device with that grey level speaks; the levels in the order they came."""
    seen = []
    deadline = time.monotonic() + PATIENCE
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
    devices = Opener(first, LivedreamError("still away"), second)
    source = camera(devices, events, stall=0.05 if then == "stall" else PATIENCE)
    assert then != "stall" or first.stalled.wait(PATIENCE)
    seen = levels_until(source, 20)
    assert seen[0] == 10
    assert events == ["camera 0 is lost, retrying", "camera 0 is back"]
    # A device is never released while its thread is inside it.
    assert first.released.is_set() == (then != "stall")
    first.waking.set()
    assert first.released.wait(PATIENCE)
    assert not first.released_while_read
    source.close()
    assert second.released.wait(PATIENCE)


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
    assert list(itertools.islice(Pauses(0.05, 0.2), 5)) == [0.05, 0.1, 0.2, 0.2, 0.2]
    away = [LivedreamError("away") for _ in range(4)]
    source = camera(Opener(FakeDevice(10, 1), *away, FakeDevice(20, 10**6)))
    levels_until(source, 20)
    source.close()


def test_only_the_newest_frame_is_read():
    device = FakeDevice(10, 10**6)
    source = camera(Opener(device))
    first, left = source.read(), device.left
    until(lambda: device.left < left - 8)
    second = source.read()
    assert first is not None
    assert second is not None
    assert second.index > first.index + 5
    source.close()


def test_closing_ends_a_read_that_waits_for_a_lost_camera():
    events: list[str] = []
    source = camera(Opener(FakeDevice(10, 1)), events, retry=(30, 30))
    capture = Capture(source).start()
    assert capture.take(PATIENCE) is not None
    until(lambda: events)
    assert capture.close(PATIENCE)


def test_the_first_opening_fails_at_once():
    with pytest.raises(LivedreamError, match="busy"):
        camera(Opener(LivedreamError("camera 0 is busy")))


def test_a_stall_shows_through_the_slot_as_silence_then_frames():
    first, back = FakeDevice(10, 3, "stall"), threading.Event()
    devices = Opener(first, FakeDevice(20, 10**6))

    def open_device() -> FakeDevice:
        assert not devices.times or back.wait(PATIENCE)
        return devices()

    source = camera(open_device, stall=0.05)

    def level(frame: Frame | None) -> int | None:
        return None if frame is None else int(frame.image[0, 0, 0])

    with Capture(source) as capture:
        assert level(capture.take(PATIENCE)) == 10
        until(lambda: capture.take(0.02) is None)  # The caller keeps the last one.
        back.set()
        until(lambda: level(capture.take(0.02)) == 20)
    first.waking.set()


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
    assert v4l2.parse(path, answer(whole, 0x04200001)) == (path, "C920", True, "usb")
    assert v4l2.parse(path, answer(whole, 0x04A00000)) == (path, "C920", False, "usb")
    assert v4l2.parse(path, answer(0x1, 0)).captures  # A driver without per-device answer.


def test_a_dead_stream_hides_its_password():
    with pytest.raises(LivedreamError, match="does not answer") as caught:
        open_stream("rtsp://anna:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:9/live" in str(caught.value)


class Asked:
    """The part of cv2.VideoCapture that a camera is asked through."""

    def __init__(self, *_: object) -> None:
        self.wishes: dict[int, float] = {}

    def set(self, propId: int, value: float, /) -> bool:
        self.wishes[propId] = value
        return True


def test_a_camera_is_asked_for_width_and_height_and_rate():
    device = Asked()
    ask(device, (1280, 720), 50)  # pyright: ignore[reportArgumentType]
    assert device.wishes[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert device.wishes[cv2.CAP_PROP_FRAME_HEIGHT] == 720
    assert device.wishes[cv2.CAP_PROP_FPS] == 50
    assert device.wishes[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert next(iter(device.wishes)) == cv2.CAP_PROP_FOURCC


def found(*cameras: tuple[int, str, str]) -> list[v4l2.Device]:
    return [
        v4l2.Device(Path(f"/dev/video{number}"), name, True, bus) for number, name, bus in cameras
    ]


class TestNames:
    def test_a_camera_is_known_by_a_part_of_its_name(self):
        there = found((0, "C920 HD", "usb-1"), (2, "Capture Card", "usb-2"))
        assert v4l2.named("capture", there) == there[1]
        assert v4l2.named("none", there) is None

    def test_two_of_one_name_are_told_apart_by_their_paths(self):
        there = found((0, "C920", "usb-1"), (2, "C920", "usb-2"))
        with pytest.raises(UsageError, match="/dev/video2"):
            v4l2.named("c920", there)

    def test_a_camera_comes_back_under_another_number(self):
        (mine,) = found((0, "C920", "usb-1"))
        assert v4l2.again(mine, found((1, "C920", "usb-1"))) == Path("/dev/video1")
        other = found((0, "C920", "usb-2"), (3, "C920", "usb-1"))
        assert v4l2.again(mine, other) == Path("/dev/video3")
        moved = found((0, "Other", "usb-1"), (4, "C920", "usb-9"))
        assert v4l2.again(mine, moved) == Path("/dev/video4")
        assert v4l2.again(mine, found((0, "Other", "usb-1"))) == Path("/dev/video0")
        assert v4l2.again(mine, found((5, "C920", "usb-1"), (0, "C920", "usb-1"))) == mine.path

    def test_two_cameras_of_different_makers_at_one_place_are_two(self):
        there = found((0, "HD one", ""), (2, "HD two", ""))
        with pytest.raises(UsageError, match="Several"):
            v4l2.named("hd", there)

    def test_the_device_of_a_camera_that_gives_no_pictures_is_not_it(self):
        """Most cameras have one of the same name, for metadata."""
        (mine,) = found((1, "C920", "usb-1"))
        metadata = v4l2.Device(Path("/dev/video0"), "C920", False, "usb-1")
        assert v4l2.named("c920", [metadata, mine]) == mine
        assert v4l2.again(mine._replace(path=Path("/dev/video7")), [metadata, mine]) == mine.path

    def test_devices_come_in_the_order_of_their_numbers_and_without_those_that_refuse(
        self, tmp_path, monkeypatch
    ):
        for name in ("video10", "video2", "video0", "video", "video-dec0", "video0-left", "vbi0"):
            (tmp_path / name).touch()

        def query(path: Path) -> v4l2.Device:
            if path.name == "video0":
                raise LivedreamError("not for this user")
            return v4l2.Device(path, "a camera", True)

        monkeypatch.setattr(v4l2, "Path", lambda place: tmp_path)
        monkeypatch.setattr(v4l2, "query", query)
        assert [each.path.name for each in v4l2.devices()] == ["video2", "video10"]


class Played(FakeDevice):
    """A FakeDevice as cv2.VideoCapture opens it."""

    def isOpened(self) -> bool:
        return True

    def set(self, propId: int, value: float, /) -> bool:
        return True


class TestCameras:
    """Cameras of a machine that the test makes up; the code that opens them is the real one."""

    @pytest.fixture
    def machine(self, monkeypatch):
        there: dict[str, tuple[v4l2.Device, object]] = {}

        def capture(where, backend):
            return there[where][1]

        def devices():
            return [device for device, _ in there.values()]

        for module in (v4l2, sources):
            monkeypatch.setattr(module, "devices", devices)
        monkeypatch.setattr(sources, "_linux", lambda: True)
        gives = Camera.gives

        def soon(camera: Camera, seconds: float) -> bool:
            """No longer than it takes to see that one gives nothing."""
            device: Any = camera._handle and camera._handle.device
            assert seconds == camera_module.FIRST_FRAME
            return gives(camera, PATIENCE if device.left else 0.1)

        monkeypatch.setattr(Camera, "gives", soon)
        plain = camera_module.open_camera
        monkeypatch.setattr(
            sources, "open_camera", lambda *args, **named: plain(*args, **named, capture=capture)
        )

        def plug(number: int, name: str, device: object, captures: bool = True) -> None:
            path = f"/dev/video{number}"
            there[path] = v4l2.Device(Path(path), name, captures, f"usb-{name}"), device

        plug.out = lambda number: there.pop(f"/dev/video{number}")
        return plug

    def test_the_first_camera_is_the_first_that_gives_a_picture(self, machine):
        machine(0, "Infrared", Played(1, 0, "stall"))
        machine(1, "Metadata", Played(2, 9), captures=False)
        machine(2, "Webcam", Played(3, 10**6))
        said: list[str] = []
        camera = sources.open_first_camera((640, 480), on_event=None, say=said.append)
        assert "Webcam" in camera.describe()
        assert levels_until(camera, 3)
        assert len(said) == 1
        assert "Infrared" in said[0]
        camera.close()

    def test_no_camera_that_gives_a_picture_is_no_camera(self, machine):
        machine(0, "Infrared", Played(1, 0, "stall"))
        with pytest.raises(v4l2.NoCamera):
            sources.open_first_camera(None, on_event=None, say=lambda text: None)

    def test_a_camera_is_followed_to_its_new_number(self, machine, monkeypatch):
        first = Played(10, 5, "stall")
        machine(0, "Webcam", first)
        camera = open_source("webcam")
        camera._stall, camera._retry = 0.1, Pauses(0.02, 0.05)
        assert levels_until(camera, 10)
        machine.out(0)
        machine(1, "Webcam", Played(20, 10**6))
        assert 20 in levels_until(camera, 20)
        camera.close()


def test_a_source_slower_than_the_stall_is_lost_a_few_times_and_then_known():
    class Slow(FakeDevice):
        def grab(self) -> bool:
            return not self.waking.wait(0.2) and super().grab()

    devices, events = [], []

    def open_device() -> Slow:
        devices.append(Slow(10, 10**6))
        return devices[-1]

    source = Camera(
        "camera 0", open_device, on_event=events.append, stall=0.05, first_frame=PATIENCE,
        retry=Pauses(0.01, 0.02),
    )  # fmt: skip
    told = []
    while len(told) < 40 and told[-4:].count(len(events)) < 4:
        source.read()
        told.append(len(events))
    assert len(told) < 40
    assert events
    for device in devices:
        device.waking.set()
    source.close()


def test_a_device_opened_while_the_camera_is_closed_is_released():
    class Closing(FakeDevice):
        def get(self, propId: int, /) -> float:
            source.close()  # Between the opening and the first frame, as another thread may.
            return super().get(propId)

    second = Closing(20, 10**6)
    source = camera(Opener(FakeDevice(10, 0), second))
    assert source.read() is None
    assert second.released.wait(PATIENCE)


def test_a_log_that_is_gone_does_not_end_the_camera():
    def tell(text: str) -> None:
        raise SystemExit(1)

    source = camera(Opener(FakeDevice(10, 3), FakeDevice(20, 10**6)))
    source._tell = safely(tell)
    assert 20 in levels_until(source, 20)
    source.close()
