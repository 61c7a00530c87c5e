from __future__ import annotations

import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.modulation import Modulation
from livedream.runtime.control.presets import (
    FADE,
    Preset,
    parse_preset,
    read_preset,
    recall,
    stored,
    write_preset,
    written,
)
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.steering import steering

LAYERS = {"a": 4, "b": 6}
WAVES_ON = (
    Modulation("strength", 0.25, 4.0),
    Modulation("blur", -0.5, 0.125, "hertz", "random", 0.5),
    Modulation("colour", 0.5, wave="low"),
)


@pytest.fixture
def now() -> list[float]:
    return [10.0]


@pytest.fixture
def desk(now) -> Desk:
    return Desk(LAYERS, {"recipe": "live", "layers": "a"}, clock=lambda: now[0])


def read(text: str, desk: Desk) -> Preset:
    return parse_preset(text, "01 eyes.toml", desk.parameters)


def test_what_is_stored_comes_back(desk, tmp_path):
    desk.set("layers", "a*0.3+b:2*-0.1", "test")
    desk.set("strength", 12, "test", 0)
    preset = stored("eyes", desk.base, WAVES_ON, desk.parameters)
    write_preset(tmp_path / "01 eyes.toml", preset)
    assert read_preset(tmp_path / "01 eyes.toml", desk.parameters) == preset
    assert read(written(preset), desk) == preset
    assert preset.values["layers"] == "a*0.3+b:2*-0.1"
    assert preset.values["strength"] == 12
    assert not {"fullscreen", "hud", "record", "size", "freeze"} & set(preset.values)


def test_a_recall_fades_from_where_things_are_and_leaves_the_rest(desk, now):
    desk.set("strength", 10, "test", 0)
    desk.set("blur", 2.0, "test", 0)
    recall(desk, Preset("strong", {"strength": 30}, fade=4), "key")
    assert [desk.at(10 + seconds)["strength"] for seconds in (0, 2, 4, 9)] == [10, 20, 30, 30]
    assert desk.at(12)["blur"] == 2
    now[0] = 12.0
    recall(desk, Preset("weak", {"strength": 0}, fade=4), "key", seconds=1)
    assert desk.at(12.5)["strength"] == 10
    assert desk.at(13)["strength"] == 0


def test_a_knob_that_is_touched_leaves_the_fade(desk, now):
    recall(desk, Preset("strong", {"strength": 40, "blur": 4.0}, fade=4), "key")
    now[0] = 12.0
    desk.set("strength", 5, "knob", 0)
    assert desk.at(14)["strength"] == 5
    assert desk.at(14)["blur"] == 4


def test_layers_morph_by_their_weights(desk):
    recall(desk, Preset("other", {"layers": "b"}, fade=2), "key")
    halfway = desk.at(11).objective
    assert {term.layer: pytest.approx(term.weight) for term in halfway.terms} == {
        "a": 0.5,
        "b": 0.5,
    }
    assert str(desk.at(12)["layers"]) == "b"


def test_a_morph_of_layers_has_no_step(desk):
    """On the objective itself: what each channel weighs, from the first moment to beyond the
    last."""
    recall(desk, Preset("other", {"layers": "a*0.25+b:2*-0.5+b"}, fade=2), "key")
    moments = np.linspace(9.9, 12.1, 221)

    def weighed(objective):
        return np.concatenate(list(steering(objective, LAYERS).values()))

    weights = [weighed(desk.at(moment).objective) for moment in moments]
    assert np.array_equal(weights[0], weighed(parse_objective("a")))
    steps = np.abs(np.diff(weights, axis=0))
    way = np.abs(weights[-1] - weights[0])
    assert (steps <= way * 0.01 / 2 + 1e-5).all()
    assert np.allclose(steps.sum(0), way, atol=1e-5)


def test_a_file_may_leave_out_what_it_does_not_mean(desk):
    assert read('name = "x"\n[values]\nblur = 9\n', desk) == Preset("x", {"blur": 8.0}, FADE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "x"\n[values]\nblur = \n', "line 3"),
        ('name = "x"\n[values]\nblurr = 1\n', "nearest: blur"),
        ('name = "x"\nfades = 1\n[values]\n', "nearest: fade"),
        ('name = "x"\nfade = -1\n[values]\n', "0 to 600"),
        ('name = "x"\n[values]\nreset = 1\n', "no parameter"),
        ('name = "x"\n[values]\nlayers = "zzz"\n', "01 eyes.toml.*zzz"),
        ('name = "x"\n[values]\nblur = nan\n', "no number"),
        ('name = "x"\n[values]\nblur = [1]\n', "no number"),
        ("[values]\n", "needs a name"),
        pytest.param("x = " + "[" * 100_000, "nested too deep", id="deep"),
        ('name = "x"\nfade = inf\n[values]\n', "0 to 600"),
        ('name = "x"\n[values]\nblur = 1979-05-27\n', "no number"),
        ('name = "x"\nmove = 3\n[values]\n', "tables"),
        *(
            (f'name = "x"\n[values]\n[[move]]\n{move}', says)
            for move, says in (
                ('of = "blurr"\nbeats = 4', "nearest: blur"),
                ('of = "layers"\nbeats = 4', "cannot change from frame"),
                ('of = "octaves"\nbeats = 4', "cannot change from frame"),
                ('of = "blur"\nbeat = 4', "nearest: beats"),
                ('of = "blur"', "beats = ... or hertz"),
                ('of = "blur"\nbeats = 4\nhertz = 1', "beats = ... or hertz"),
                ('of = "blur"\nbeats = 0', "not above 0"),
                ('of = "blur"\nbeats = "x"', "none"),
                ('of = "blur"\nbeats = 4\nwave = "sinus"', "nearest: sine"),
            )
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(desk, text, says):
    with pytest.raises(UsageError, match=says):
        read(text, desk)


def test_a_mark_at_the_beginning_and_other_ends_of_lines_are_no_harm(desk, tmp_path):
    path = tmp_path / "01 eyes.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "x"\r\n[values]\r\nblur = 2\r\n')
    assert read_preset(path, desk.parameters) == Preset("x", {"blur": 2.0})


def test_a_file_that_cannot_be_read_is_told(desk, tmp_path):
    with pytest.raises(LivedreamError, match="cannot be read"):
        read_preset(tmp_path / "none.toml", desk.parameters)
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match="UTF-8"):
        read_preset(tmp_path / "bytes.toml", desk.parameters)
