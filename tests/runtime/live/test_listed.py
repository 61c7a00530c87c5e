"""What sources are called on the desk."""

from __future__ import annotations

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.live.sources.listed import check_listed, name_of, named, slides


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


def test_an_empty_name_is_no_camera():
    with pytest.raises(UsageError, match="is empty"):
        named(("demo", " "), {})


def test_nothing_that_is_said_is_the_first_camera():
    assert named((), {}) == {"camera": None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    (tmp_path / "clip.mp4").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


GOOD = ["0", "/dev/video7", "demo", "screen:2", "ndi:Wall", "spout", "clip.mp4", "photos",
        "rtsp://me:secret@10.0.0.1/live"]  # fmt: skip


def test_what_may_be_there_or_come_is_let_pass_unopened(folder):
    said = []
    check_listed(named((*GOOD, f"file://{folder}/clip.mp4"), {}), GOOD, said.append)
    assert said == []


@pytest.mark.parametrize(
    "spec", ["clpi.mp4", "rtps://me:secret@10.0.0.1/", "rtsp:/host", "screen:x"]
)
def test_one_that_was_typed_wrong_is_told_at_the_start(folder, spec):
    listed = {"demo": "demo", "wrong": spec}
    with pytest.raises(UsageError) as raised:
        check_listed(listed, ("demo", spec), lambda text: None)
    said = []
    check_listed(listed, ("demo",), said.append)  # A show's own may come with a disk.
    assert said == [f"The source wrong cannot be played as it is. {raised.value}"]
    assert "secret" not in said[0]


def test_whether_a_folder_may_play(folder):
    assert slides(named(("demo", "photos"), {}))
    assert slides({"pictures": f"file://{folder}/photos"})
    assert not slides(named(("0", "clip.mp4", "missing", "http://host/photos"), {}))
    assert not slides(named((), {}))
