"""A show's folder, edited as people and their editors do it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.control.cues import Cue, found
from livedream.runtime.control.folder import Folder, listed_sources, numbered, parse_plan
from livedream.runtime.control.parameters import parameters
from livedream.runtime.control.presets import Preset
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.store.pictures import write_photo

PARAMETERS = parameters({"a": 4, "b": 6})


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / "presets").mkdir()
    write(tmp_path, "01 calm", "strength = 10")
    write(tmp_path, "05 wild", "strength = 50")
    return tmp_path


def write(path: Path, name: str, values: str) -> None:
    """As editors do that never leave half a file: beside it, then in its place."""
    target = path / "presets" / f"{name}.toml"
    beside = target.with_suffix(".tmp")
    beside.write_text(f'name = "{name[3:]}"\n[values]\n{values}\n')
    os.replace(beside, target)


def rested(folder: Folder) -> list[str] | None:
    assert folder.look() is None  # What changed just now may be half a file.
    return folder.look()


def test_presets_stand_under_their_numbers(path):
    (path / "presets" / "notes.toml").write_text("no preset")
    folder = Folder(path, PARAMETERS)
    assert {number: preset.name for number, preset in folder.presets.items()} == {
        1: "calm",
        5: "wild",
    }
    assert folder.problems == []
    assert folder.look() is None
    assert numbered(Path("07-stars.toml")) == (7, "stars")
    assert numbered(Path("stars.toml"))[0] == 0


def test_what_is_edited_counts_once_it_rests(path):
    folder = Folder(path, PARAMETERS)
    write(path, "05 wild", "strength = 60")
    write(path, "07 new", "blur = 1")
    (path / "presets" / "01 calm.toml").unlink()
    assert rested(folder) == []
    assert {number: dict(preset.values) for number, preset in folder.presets.items()} == {
        5: {"strength": 60.0},
        7: {"blur": 1.0},
    }
    assert folder.look() is None


def test_a_file_that_cannot_be_read_keeps_what_it_said_and_tells_where(path):
    folder = Folder(path, PARAMETERS)
    write(path, "05 wild", "strength = ")
    (told,) = rested(folder)
    assert "05 wild.toml" in told
    assert "line 3, column 12" in told
    assert folder.presets[5].values["strength"] == 50
    write(path, "05 wild", "strenght = 3")
    (told,) = rested(folder)
    assert "nearest: strength" in told
    assert folder.look() is None  # Told once.
    write(path, "05 wild", "strength = 3")
    assert rested(folder) == []
    assert folder.presets[5].values["strength"] == 3


def test_what_is_wrong_at_the_start_is_told_and_the_rest_plays(path):
    write(path, "02 broken", "x = ]")
    write(path, "05 double", "blur = 1")
    folder = Folder(path, PARAMETERS)
    assert sorted(folder.presets) == [1, 5]
    assert [("02 broken" in told, "number of" in told) for told in folder.problems] == [
        (True, False),
        (False, True),
    ]


def test_a_folder_that_is_gone_for_a_while_is_not_an_empty_one(path):
    folder = Folder(path, PARAMETERS)
    away = path.with_name("away")
    os.rename(path, away)
    assert folder.look() is None
    assert folder.look() is None
    assert sorted(folder.presets) == [1, 5]
    os.rename(away, path)
    assert folder.look() is None
    assert sorted(folder.presets) == [1, 5]


def test_a_snapshot_is_a_preset(path):
    settings = {"layers": "b:2", "strength": 7.5, "recipe": "live", "model": "x", "seed": 4}
    picture = np.full((30, 40, 3), 90, np.uint8)
    write_photo(path / "presets" / "08 found.png", picture, settings)
    write_photo(path / "presets" / "09 other.png", picture, {"layers": "zzz"})
    folder = Folder(path, PARAMETERS)
    assert folder.presets[8] == Preset(
        "08 found", {"layers": "b:2", "strength": 7.5, "recipe": "live"}
    )
    assert folder.thumbnail(8) == path / "presets" / "08 found.png"
    assert len(folder.problems) == 1
    assert "zzz" in folder.problems[0]


def test_what_is_stored_is_a_file_with_a_picture_and_loses_nothing(path):
    folder = Folder(path, PARAMETERS)
    picture = np.full((720, 1280, 3), 90, np.uint8)
    preset = Preset("a/b: c", {"strength": 20.0})
    assert str(path) in folder.keep(3, preset, picture)
    (stored,) = (path / "presets").glob("03*.toml")
    assert stored.name == "03 a b  c.toml"
    thumbnail = folder.thumbnail(3)
    assert thumbnail is not None
    assert cv2.imread(str(thumbnail)).shape == (180, 320, 3)
    before = (path / "presets" / "05 wild.toml").read_text()
    folder.keep(5, Preset("tame", {"strength": 1.0}), None)
    assert (path / "presets" / "05 wild.toml.bak").read_text() == before
    assert not (path / "presets" / "05 wild.toml").exists()
    assert folder.thumbnail(5) is None
    assert rested(folder) == []
    assert Folder(path, PARAMETERS).presets == folder.presets
    assert (folder.presets[3].values, folder.presets[5].name) == ({"strength": 20.0}, "tame")


def test_what_is_stored_again_is_there_at_once_and_only_once(path):
    folder = Folder(path, PARAMETERS)
    for name in ("one", "two"):
        folder.keep(4, Preset(name, {}), None)
        assert folder.presets[4].name == name
    names = sorted(each.name for each in (path / "presets").glob("04*"))
    assert names == ["04 one.toml.bak", "04 two.toml"]


def test_what_cannot_be_stored_is_told_and_the_preset_stays(path):
    folder = Folder(path, PARAMETERS)
    shutil.rmtree(path)
    with pytest.raises(LivedreamError, match="cannot be written"):
        folder.keep(5, Preset("tame", {}), None)
    assert folder.presets[5].name == "wild"


def test_no_folder_is_told_with_what_makes_one(tmp_path):
    with pytest.raises(LivedreamError, match="livedream show new"):
        Folder(tmp_path / "none", PARAMETERS)


PLAN = """
osc = "lan:9000"
osc_to = "tablet:9001"
[values]
wait = "bar"
auto_every = 4
[[cue]]
preset = 3
fade = 4
bars = 8
[[cue]]
preset = "Wild"
"""


def test_the_plan_is_read_and_followed_while_it_is_edited(path):
    (path / "show.toml").write_text(PLAN)
    folder = Folder(path, PARAMETERS)
    assert folder.plan.surfaces == {"osc": "lan:9000", "osc_to": "tablet:9001"}
    assert folder.plan.values == {"wait": "bar", "auto_every": 4.0}
    assert folder.cues == (Cue(3, 4.0, 8.0, "bars"), Cue("Wild"))
    (path / "show.toml").write_text("[values]\nwait = 'beet'\n")
    (told,) = rested(folder)
    assert "nearest: beat" in told
    assert folder.cues[1] == Cue("Wild")
    (path / "show.toml").unlink()
    assert rested(folder) == []
    assert folder.plan.values["wait"] == "bar"
    (path / "show.toml").write_text("[values]\nwait = 'beat'\n")
    assert rested(folder) == []
    assert (folder.plan.values, folder.cues) == ({"wait": "beat"}, ())


def test_the_plan_says_what_attracts(path):
    (path / "show.toml").write_text('attract = "presets"')
    assert Folder(path, PARAMETERS).plan.attract == "presets"
    (path / "show.toml").write_text("")
    assert Folder(path, PARAMETERS).plan.attract is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("attract = 3", "as texts"),
        ("[values", "line 1, column 8"),
        ("[value]", "nearest: values"),
        ("osc = 3", "as texts"),
        ("[values]\ntemp = 4", "nearest: tempo"),
        ("cue = 4", r"\[\[cue\]\]"),
        ("[[cue]]\nfade = 3", "needs a preset"),
        ("[[cue]]\npreset = 3\nbar = 3", "nearest: bars"),
        ("[[cue]]\npreset = 3\nbars = 3\nbeats = 1", "leave one away"),
        ("[[cue]]\npreset = 3\nbars = 0", "not above 0"),
        ("[[cue]]\npreset = 3\nfade = -1", "0 to 600"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(text, says):
    with pytest.raises(UsageError, match=says):
        parse_plan(text, "show.toml", PARAMETERS)


def test_a_cue_finds_its_preset_by_number_or_name():
    presets = {3: Preset("Wild", {}), 4: Preset("calm", {})}
    assert [found(each, presets) for each in (3, "wild", "Calm")] == [3, 3, 4]
    with pytest.raises(UsageError, match="nearest: Wild"):
        found("wilt", presets)


def test_a_show_lists_the_sources_that_its_presets_and_values_may_name(tmp_path):
    text = '[sources]\nwall = "ndi:Wall"\nloop = "clips/loop.mp4"\n[values]\nsource = "loop"\n'
    (tmp_path / "show.toml").write_text(text)
    (tmp_path / "presets").mkdir()
    preset = 'name = "x"\n[values]\nsource = "{}"\n'
    (tmp_path / "presets" / "01 x.toml").write_text(preset.format("wall"))
    (tmp_path / "presets" / "02 y.toml").write_text(preset.format("/etc/passwd"))
    listed = listed_sources(tmp_path)
    assert listed == {"wall": "ndi:Wall", "loop": "clips/loop.mp4"}
    folder = Folder(tmp_path, parameters({"a": 4}, tuple(listed)))
    assert folder.plan.values == {"source": "loop"}
    assert folder.presets[1].values == {"source": "wall"}
    assert len(folder.problems) == 1
    assert "There is no source '/etc/passwd'; nearest" in folder.problems[0]
    (tmp_path / "show.toml").write_text(text.replace("loop.mp4", "other.mp4"))
    folder.look()
    assert folder.look() == [f"{tmp_path / 'show.toml'}: its [sources] count from the next start."]
    assert listed_sources(tmp_path / "presets") == {}
    (tmp_path / "show.toml").write_text("[sources]\nwall = 3\n")
    with pytest.raises(UsageError, match=r"needs its \[sources\] as texts"):
        listed_sources(tmp_path)
