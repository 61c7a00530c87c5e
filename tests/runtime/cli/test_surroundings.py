"""What the doctor says of what is around the program."""

from __future__ import annotations

import sys

import pytest

from livedream.runtime.cli import surroundings
from livedream.runtime.cuda.machine import MISSING, OK, WRONG
from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources.needs import checks


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))


def test_the_display_row_says_what_the_window_would(monkeypatch):
    monkeypatch.setattr(surroundings, "display_problem", lambda: "there is no display")
    finding = surroundings.display()
    assert (finding.state, finding.fact) == (MISSING, "there is no display")
    assert "--headless" in finding.advice
    monkeypatch.setattr(surroundings, "display_problem", lambda: None)
    assert surroundings.display().state == OK


def test_the_cache_row_says_where_and_whether(monkeypatch, tmp_path):
    assert str(tmp_path) in surroundings.cache().fact
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "file" / "cache"))
    finding = surroundings.cache()
    assert finding.state == WRONG
    assert "LIVEDREAM_CACHE" in finding.advice


def test_doctor_tells_what_each_way_out_lacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "NDIlib", None)
    works, lacks = surroundings.outputs(["mjpeg", "ndi:Name"])
    assert (works.state, works.fact) == (OK, "window, files, mjpeg")
    assert (lacks.state, lacks.subject) == (MISSING, "--out ndi")
    assert (lacks.fact, lacks.advice) == ("NDI is not installed", 'pip install "livedream[ndi]"')


def test_every_source_says_whether_it_works_and_what_to_do():
    def lacks() -> None:
        raise LivedreamError('NDI is not installed; pip install "livedream[ndi]".')

    works, ndi = surroundings.sources({"screen": lambda: None, "ndi": lacks})
    assert works.state == OK
    assert {"demo", "files", "folders", "screen"} <= set(works.fact.split(", "))
    assert (ndi.subject, ndi.fact) == ("--source ndi", "NDI is not installed")
    assert ndi.advice == 'pip install "livedream[ndi]"'


def test_the_sources_that_are_looked_at_here():
    findings = surroundings.sources(checks())
    every = " ".join([findings[0].fact, *(each.subject for each in findings[1:])])
    assert all(kind in every for kind in ("screen", "ndi", "spout", "syphon", "srt"))
    assert all(each.advice for each in findings[1:])
