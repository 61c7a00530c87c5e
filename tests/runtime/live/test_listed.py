"""What sources are called on the desk."""

from __future__ import annotations

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.live.sources.listed import name_of, named


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("demo", "demo"),
        ("0", "camera 0"),  # A number would be a place in the list.
        ("clips/party.mp4", "party.mp4"),
        ("file:///home/me/party.mp4", "party.mp4"),
        ("/dev/video2", "video2"),
        ("screen:2", "screen:2"),
        ("ndi:STAGE (a/b)", "ndi:STAGE (a/b)"),
        ("spout", "spout"),
        ("cam link", "cam link"),
        ("rtsp://me:secret@10.0.0.1/live?token=t", "rtsp://10.0.0.1/live"),
        (".", "."),
        ("bad\x1b[2Jname.mp4", "bad?[2Jname.mp4"),
    ],
)
def test_names_are_short_and_tell_no_secret(spec, name):
    assert name_of(spec) == name


def test_an_address_that_is_none():
    with pytest.raises(UsageError):
        name_of("http://[me:secret/")


def test_the_command_line_comes_first_and_the_shows_own_after_it():
    own = {"wall": "ndi:Wall", "loop": "loop.mp4"}
    assert list(named((), own).items()) == list(own.items())
    assert list(named(("demo", "loop"), own).items()) == [
        ("demo", "demo"), ("loop", "loop.mp4"), ("wall", "ndi:Wall"),
    ]  # fmt: skip


def test_names_that_are_alike_are_counted():
    found = named(("a/x.mp4", "b/x.mp4", "c/x.mp4", "d/loop"), {"loop": "y.mp4"})
    assert found == {
        "x.mp4": "a/x.mp4", "x.mp4 2": "b/x.mp4", "x.mp4 3": "c/x.mp4", "loop 2": "d/loop",
        "loop": "y.mp4",
    }  # fmt: skip


def test_nothing_that_is_said_is_the_first_camera():
    assert named((), {}) == {"camera": None}
