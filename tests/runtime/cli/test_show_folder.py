"""`livedream show new`, and what `run --show` takes of the folder."""

from __future__ import annotations

import tomllib

import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.cli.main import perform
from livedream.runtime.cli.show_folder import TEXT
from livedream.runtime.control.folder import Folder, listed_sources
from livedream.runtime.control.listening import SURFACES
from livedream.runtime.control.looks import looks
from livedream.runtime.control.parameters import parameters


@pytest.mark.parametrize("model", ["efficientnet_lite0", "inception_v3"])
def test_a_new_folder_plays_the_looks(tmp_path, model):
    assert perform(["show", "new", str(tmp_path / "deep" / "friday"), "--model", model]) == 0
    layers = {layer.name: layer.channels for layer in MODELS[model].layers}
    folder = Folder(tmp_path / "deep" / "friday", parameters(layers))
    assert folder.presets == looks(layers)
    assert folder.problems == []
    assert (folder.plan.values, folder.cues) == ({}, ())


def test_what_it_explains_is_true(tmp_path):
    """Every line that is commented out can be used as it stands."""
    told = TEXT.split("# A preset is a file")
    lines = [line.removeprefix("# ") if " = " in line or "[[" in line else line
             for line in told[0].splitlines()]  # fmt: skip
    (tmp_path / "show.toml").write_text("\n".join(lines))
    layers = {layer.name: layer.channels for layer in MODELS["efficientnet_lite0"].layers}
    sources = listed_sources(tmp_path)
    assert sources == {"hall": "0", "wall": "ndi:Wall"}
    folder = Folder(tmp_path, parameters(layers, tuple(sources)))
    assert len(folder.cues) == 1
    assert {"wait", "tempo", "auto_unit"} <= set(folder.plan.values)
    assert set(folder.plan.surfaces) == set(SURFACES)
    move = "\n".join(line[2:] for line in told[1].splitlines() if " = " in line)
    assert tomllib.loads(move)["of"] == "strength"


def test_nothing_that_is_there_is_touched(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("x")
    assert perform(["show", "new", str(tmp_path)]) == 2
    assert perform(["show", "new", str(tmp_path / "other"), "--model", "resnet"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
