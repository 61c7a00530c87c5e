"""No command replaces what a person made, or what it reads itself; refused before any work."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest

from livedream.runtime.store.pictures import write_photo

from .test_command_line import call

RUN = ["run", "--headless", "--source"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A picture under three names, a graph and weights with names that could be outputs."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("own.png", np.full((40, 60, 3), 90, np.uint8))
    os.link("own.png", "hard.mp4")
    os.symlink("own.png", "link.json")
    write_photo("made.png", np.zeros((8, 8, 3), np.uint8), {"octaves": 2})
    for name in ("graph.png", "weights.mp4", "weights.onnx", "old.png", "old.mp4", "old.onnx"):
        (tmp_path / name).write_text("mine")
    return tmp_path


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
@pytest.mark.parametrize(
    "arguments",
    [
        [*RUN, "own.png", "--record", "hard.mp4"],
        [*RUN, "own.png", "--stats", "link.json"],
        [*RUN, "demo", "--graph", "own.png", "--stats", "link.json"],
        [*RUN, "demo", "--weights", "weights.mp4", "--record", "weights.mp4"],
        ["image", "own.png", "own.png"],
        ["image", "own.png", "graph.png", "--graph", "graph.png"],
        ["image", "own.png", "made.png", "--settings", "made.png"],
        ["video", "own.png", "hard.mp4"],
        ["video", "own.png", "weights.mp4", "--weights", "weights.mp4"],
        ["export", "googlenet", "--layers", "conv1", "--weights", "weights.onnx", "--output",
         "weights.onnx"],
        ["bench", "--graph", "graph.png", "--json", "graph.png"],
        ["bench", "compare", "own.png", "graph.png", "--html", "link.json"],
    ],
)  # fmt: skip
def test_an_output_is_never_an_input(capsys, folder, arguments, more):
    more = [] if arguments[0] == "bench" else more  # A report is written anew as often as wanted.
    code, text = call(capsys, *arguments, *more)
    assert code == 2
    assert "is the file to read itself" in text


def test_a_recording_and_its_numbers_are_two_files(capsys, folder):
    code, text = call(capsys, *RUN, "demo", "--record", "new.mp4", "--stats", "./new.mp4")
    assert code == 2
    assert "are one file" in text
    code, text = call(capsys, "bench", "--json", "new.html", "--html", "./new.html")
    assert code == 2
    assert "are one file" in text


@pytest.mark.parametrize(
    "arguments",
    [
        [*RUN, "demo", "--record", "old.mp4"],
        [*RUN, "demo", "--stats", "old.mp4"],
        ["image", "own.png", "old.png"],
        ["video", "own.png", "old.mp4"],
        ["export", "googlenet", "--layers", "conv1", "--output", "old.onnx"],
    ],
)
def test_what_is_there_stays(capsys, folder, arguments):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, text = call(capsys, *arguments)
    assert code == 2
    assert "exists already" in text
    assert "--overwrite" in text
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("command", ["run", "image", "export"])
def test_a_seed_below_zero_is_refused_by_the_option(capsys, folder, command):
    rest = {"image": ["a.png", "b.png"], "export": ["googlenet"]}.get(command, [])
    code, text = call(capsys, command, *rest, "--seed", "-1")
    assert code == 2
    assert "-1 is not in the range" in text
