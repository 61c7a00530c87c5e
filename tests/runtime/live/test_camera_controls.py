"""Controls of a camera, on a driver that speaks the kernel's structures."""

from __future__ import annotations

import errno
import sys

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.live.sources.camera_controls import (
    DESCRIPTION,
    NEXT,
    QUERY,
    SET,
    VALUE,
    parse_control,
    set_controls,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="V4L2")

INTEGER, MENU, HEADING = 1, 3, 6
READ_ONLY = 0x4


class Driver:
    """Answers as uvcvideo does. values: what was set, in this order."""

    controls = (
        (0x980001, HEADING, b"User Controls", 0, 0, 0),
        (0x980918, MENU, b"Power Line Frequency", 0, 2, 0),
        (0x980919, INTEGER, b"Temperature of the Sensor", 0, 9, READ_ONLY),
        (0x9A0901, MENU, b"Auto Exposure", 0, 3, 0),
        (0x9A0902, INTEGER, b"Exposure Time, Absolute", 3, 2047, 0),
        (0x9A0903, INTEGER, b"Exposure, Dynamic Framerate", 0, 1, 0),
    )

    def __init__(self) -> None:
        self.values: list[tuple[int, int]] = []
        self.rounds_to = 0

    def ioctl(self, handle: int, request: int, data: bytes) -> bytes:
        if request == QUERY:
            last = DESCRIPTION.unpack(data)[0]
            assert last & NEXT
            for number, kind, name, low, high, flags in self.controls:
                if number > last & ~NEXT:
                    return DESCRIPTION.pack(number, kind, name, low, high, 1, 0, flags)
            raise OSError(errno.EINVAL, "Invalid argument")
        assert request == SET
        number, value = VALUE.unpack(data)
        if number == 0x9A0902 and (0x9A0901, 1) not in self.values:
            raise OSError(errno.EACCES, "Permission denied")  # While it is automatic.
        self.values.append((number, value))
        return VALUE.pack(number, self.rounds_to or value)


@pytest.fixture
def device(tmp_path):
    path = tmp_path / "video0"
    path.touch()
    return path


def test_what_others_depend_on_is_set_first(device):
    driver = Driver()
    wanted = {
        "exposure_time_absolute": 250, "auto_exposure": 1, "exposure_dynamic_framerate": 0,
        "power_line_frequency": 1,
    }  # fmt: skip
    assert set_controls(device, wanted, driver.ioctl) == []
    assert driver.values == [(0x9A0903, 0), (0x980918, 1), (0x9A0901, 1), (0x9A0902, 250)]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"zoom": 1}, "there is no zoom"),
        ({"temperature_of_the_sensor": 1}, "there is no temperature_of_the_sensor"),
        ({"exposure_time_absolute": 2}, "exposure_time_absolute goes from 3 to 2047"),
        (
            {"exposure_time_absolute": 9},
            "exposure_time_absolute=9 is not taken (Permission denied)",
        ),
    ],
)
def test_what_is_not_set_is_said_and_the_rest_set_all_the_same(device, wanted, problem):
    driver = Driver()
    problems = set_controls(device, {**wanted, "power_line_frequency": 2}, driver.ioctl)
    assert problems[0] == problem
    assert driver.values == [(0x980918, 2)]
    there = (
        "power_line_frequency, auto_exposure, exposure_time_absolute, exposure_dynamic_framerate"
    )
    assert problems[1:] == ([f"it has {there}"] if problem.startswith("there") else [])


def test_a_driver_that_takes_another_value_is_believed(device):
    driver = Driver()
    driver.rounds_to = 2
    problems = set_controls(device, {"power_line_frequency": 1}, driver.ioctl)
    assert problems == ["power_line_frequency became 2"]


def test_a_device_that_is_gone_or_none_at_all_is_said(tmp_path, device):
    (gone,) = set_controls(tmp_path / "video9", {"zoom": 1})
    assert gone == "no control is set (No such file or directory)"
    assert set_controls(device, {"zoom": 1}) == ["there is no zoom", "it has no controls"]
    assert set_controls(tmp_path / "video9", {}) == []


def test_controls_are_read_from_words():
    assert parse_control(" Exposure_Time_Absolute=250 ") == ("exposure_time_absolute", 250)
    assert parse_control("gain=-3") == ("gain", -3)
    for text in ("", "gain", "gain=", "gain=x", "gain=1.5", "ga in=1", "gain=99999999999"):
        with pytest.raises(UsageError, match="sets nothing of a camera"):
            parse_control(text)
