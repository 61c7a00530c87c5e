"""What plays the show beside the keys: nothing unless it is asked for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.live.surfaces import Surfaces, open_surfaces

from ...patience import PATIENCE
from ..conftest import STARTED

LIBRARIES = {
    "pythonosc", "websockets", "segno", "rtmidi2", "miniaudio", "zeroconf", "link",
    "NDIlib", "SpoutGL", "syphon", "pyvirtualcam", "mss",
}  # fmt: skip
OURS = (
    "osc",
    "oscquery",
    "page",
    "midi",
    "audio.hearing",
    "dmx",
    "os2l",
    "link_clock",
    "announcing",
)


def test_nothing_listens_and_no_surface_is_imported_unless_it_is_asked_for(start, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # Tells every module that is imported.
    child = start()
    said = ""
    for line in child.stderr:
        said += line
        if STARTED in line:
            break
    for process in (psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)):
        assert process.net_connections("inet") == []
    child.send_signal(signal.SIGTERM)
    said += child.communicate(timeout=PATIENCE)[1]
    imported = {line.split("|")[-1].strip() for line in said.splitlines() if "import time:" in line}
    assert "livedream.runtime.control.desk" in imported
    assert not LIBRARIES & {name.split(".")[0] for name in imported}
    assert not {f"livedream.runtime.control.{name}" for name in OURS} & imported


def test_nobody_is_told_by_osc_where_osc_is_not_asked_for():
    wanted: Any = Surfaces(osc_to=(("127.0.0.1", 9000),))
    nobody: Any = None
    with pytest.raises(UsageError, match="--osc"):
        open_surfaces(wanted, *[nobody] * 6)


def osc() -> None:
    from livedream.runtime.control.osc import Osc

    Osc(Desk({"a": 4}, {}), port=0)


def page() -> None:
    from livedream.runtime.control.page import Page

    Page(
        Desk({"a": 4}, {}), port=0, newest=lambda: None, status=dict, presets=dict,
        thumbnail=lambda number: None,
    )  # fmt: skip


def sound() -> None:
    from livedream.runtime.control.audio.inputs import names

    names()


@pytest.mark.parametrize(
    ("module", "open_it", "extra"),
    [("pythonosc", osc, "osc"), ("websockets", page, "page"), ("miniaudio", sound, "sound")],
)
def test_what_is_not_installed_is_told_with_the_command(
    module: str, open_it: Callable[[], None], extra: str, monkeypatch
):
    for name in [each for each in sys.modules if each.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(LivedreamError, match=rf'pip install "livedream\[{extra}\]"') as told:
        open_it()
    assert str(told.value).count(". ") == 0
