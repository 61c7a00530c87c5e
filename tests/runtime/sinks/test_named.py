"""What `--out` takes, and where the picture goes then."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.sinks.mjpeg import PORT, Mjpeg
from livedream.runtime.sinks.named import MOST, Places, check_out, sink_named


@pytest.mark.parametrize(
    ("outs", "more", "places"),
    [
        ((), {}, (True, None, ())),
        ((), {"headless": True}, (False, None, ())),
        ((), {"record": Path("a.mp4")}, (True, Path("a.mp4"), ())),
        (("mjpeg",), {}, (False, None, ("mjpeg",))),
        (("window", "mjpeg"), {}, (True, None, ("mjpeg",))),
        (("a.MKV",), {}, (False, Path("a.MKV"), ())),
        (
            ("mjpeg",),
            {"headless": True, "record": Path("a.mov")},
            (False, Path("a.mov"), ("mjpeg",)),
        ),
    ],
)
def test_where_the_picture_goes(outs, more, places):
    found = Places.of(outs, **more)
    assert (found.window, found.file, found.sinks) == places


@pytest.mark.parametrize(
    ("outs", "more", "word"),
    [
        (("mjepg",), {}, "nearest: mjpeg"),
        (("movie.avi",), {}, "ends in .mp4"),
        (("mjpeg:0",), {}, "no port"),
        (("mjpeg:wan:8090",), {}, "mjpeg:lan"),
        (("window",), {"headless": True}, "exclude"),
        (("a.mp4", "b.mkv"), {}, "Only one file"),
        (("a.mp4",), {"record": Path("b.mp4")}, "Only one file"),
        (("mjpeg",) * (MOST + 1), {}, "at most"),
    ],
)
def test_what_cannot_be(outs, more, word):
    with pytest.raises(UsageError, match=word):
        Places.of(outs, **more)


@pytest.mark.parametrize(
    ("spec", "host", "port"),
    [
        ("mjpeg", "127.0.0.1", PORT),
        ("mjpeg:9000", "127.0.0.1", 9000),
        ("mjpeg:lan", "0.0.0.0", PORT),
        ("mjpeg:lan:9000", "0.0.0.0", 9000),
    ],
)
def test_nothing_listens_to_the_network_unless_it_is_said(spec, host, port):
    check_out(spec)
    sink = sink_named(spec)
    assert isinstance(sink, Mjpeg)
    assert (sink._host, sink._port) == (host, port)
