"""What `livedream exhibit` finds in the options of its show, and the service it writes for them."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from livedream.runtime.cli.exhibit import checked, needs_network, written_folders
from livedream.runtime.cli.main import commands, perform

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")

GRAPH = ("--graph", "toy.onnx")


def chosen(*words: str) -> dict[str, Any]:
    return checked(click.Context(commands), words)


@pytest.fixture
def service(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    return tmp_path / "systemd" / "user" / "livedream.service"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sorce", "0"], "There is no option '--sorce'"),
        (["--size", "banana"], "'banana' is no size"),
        (["--flash-limit", "off"], "An exhibit limits flashes"),
        (["demo"], "unexpected extra argument"),
    ],
)
@pytest.mark.parametrize("first", [["install"], []])
def test_wrong_options_are_said_before_anything_is_started_or_written(
    service, capsys, first, words, said
):
    """Not after a display came, nor by a service that nobody sees fail."""
    assert perform(["exhibit", *first, *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not service.exists()


def test_a_service_written_from_afar_shows_on_the_first_display(service, capsys):
    """Over SSH there is no DISPLAY, and what is shown needs one."""
    words = ["--opening", "10:00-18:00", "--source", "0", *GRAPH]
    assert perform(["exhibit", "install", *words]) == 0
    text = service.read_text()
    assert "Environment=DISPLAY=:0\n" in text
    assert "--nightly=4:00 --opening=10:00-18:00 --source 0 --graph toy.onnx\n" in text
    assert f"it runs as {getpass.getuser()}, on display :0, in" in " ".join(
        capsys.readouterr().err.split()
    )
    assert perform(["exhibit", "install", "--headless", *words]) == 0
    assert "DISPLAY" not in service.read_text()


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ((*GRAPH, "--source", "0", "--out", "window", "--midi", "auto"), False),
        ((*GRAPH, "--mask", "moving", "--presence", "motion"), False),
        ((*GRAPH, "--mask", "people", "--mask-model", "m.onnx"), False),
        (("--source", "0"), True),
        ((*GRAPH, "--source", "rtsp://camera/1"), True),
        ((*GRAPH, "--source", "ndi:Studio"), True),
        ((*GRAPH, "--out", "mjpeg:8090"), True),
        ((*GRAPH, "--osc", "lan"), True),
        ((*GRAPH, "--show", "night"), True),
        ((*GRAPH, "--mask", "people"), True),
        ((*GRAPH, "--presence", "face"), True),
    ],
)
def test_the_network_is_left_open_for_what_needs_it(words, needed):
    assert needs_network(chosen(*words)) == needed


def test_a_service_may_write_where_it_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = chosen(*GRAPH, "--record", "out/take.mp4", "--stats", "/srv/s.json", "--show", "night")
    assert written_folders(found) == [tmp_path / "out", Path("/srv"), tmp_path / "night"]
