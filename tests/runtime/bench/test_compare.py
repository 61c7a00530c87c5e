"""What may stand side by side, and what is refused or flagged."""

from __future__ import annotations

import pytest

from livedream.runtime.bench.compare import compare
from livedream.runtime.bench.schema import CpuState, GraphFacts, Machine, RecipeFacts
from livedream.runtime.errors import LivedreamError

from .conftest import make_case, make_measure, make_picture, make_report


def graph(**changes) -> GraphFacts:
    return make_case().graph.model_copy(update=changes)


def test_the_same_work_stands_in_one_row_with_its_ratio():
    result = compare([make_report(make_case(ms=20)), make_report(make_case(ms=10))], ["a", "b"])
    assert [row.title.split()[0] for row in result.rows] == ["step", "frame", "live"]
    for row in result.rows:
        first, second = row.cells
        assert first
        assert second
        assert first.speedup == 1
        assert second.speedup == pytest.approx(2, rel=1e-3)
        assert row.flags == ()
    assert result.refused == result.flags == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": "inception_v3"}, "model googlenet and inception_v3"),
        ({"layers": "inception4c:3"}, "layers inception4c and inception4c:3"),
        ({"size": [640, 480]}, "size 320x240 and 640x480"),
        ({"graph": graph(weights_sha256="d" * 64)}, "weights"),
    ],
)
def test_other_work_is_refused_with_the_reason(changes, says):
    with pytest.raises(LivedreamError, match=says):
        compare([make_report(make_case()), make_report(make_case(**changes))], ["a", "b"])


def test_another_recipe_spares_the_step():
    values = RecipeFacts(name="live", sha256="e" * 64, live=True, values={"octaves": 4.0})
    result = compare([make_report(make_case()), make_report(make_case(recipe=values))], ["a", "b"])
    assert [row.title.split()[0] for row in result.rows] == ["step"]
    assert len(result.refused) == 4
    assert all("different recipe" in sentence for sentence in result.refused)


def test_another_name_of_the_same_recipe_is_the_same_work():
    named = make_case().recipe.model_copy(update={"name": "mine"})
    result = compare([make_report(make_case()), make_report(make_case(recipe=named))], ["a", "b"])
    assert len(result.rows) == 3
    assert not result.refused


def test_another_pace_of_the_camera_is_refused():
    live = make_case().live[0].model_copy(update={"camera_fps": 60.0})
    result = compare([make_report(make_case()), make_report(make_case(live=[live]))], ["a", "b"])
    assert [row.title.split()[0] for row in result.rows] == ["step", "frame"]
    assert "camera 30 fps and 60 fps" in result.refused[0]


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"graph": graph(sha256="f" * 64)}, "graph files differ"),
        ({"provider": "cuda"}, "providers differ"),
        ({"precision": "fp16"}, "precisions differ"),
    ],
)
def test_what_may_differ_is_flagged(changes, flag):
    result = compare([make_report(make_case()), make_report(make_case(**changes))], ["a", "b"])
    assert len(result.rows) == 3
    assert all(row.flags == (flag,) for row in result.rows)


def test_like_is_matched_with_like():
    mine = make_report(make_case(ms=20), make_case(ms=10, provider="openvino"))
    theirs = make_report(make_case(ms=30, provider="openvino"), make_case(ms=40))
    steps = [r for r in compare([mine, theirs], ["a", "b"]).rows if r.title.startswith("step")]
    for row in steps:
        a, b = row.cells
        assert a
        assert b
        assert a.entry.case.provider == b.entry.case.provider
    assert len(steps) == 2


def test_a_guess_and_an_unsteady_figure_are_flagged():
    few = make_measure(20, 5)
    shaky = make_measure(20).model_copy(update={"stable": False})
    step = make_case().step
    assert step
    for measure, flag in ((few, "too few samples"), (shaky, "never steady")):
        other = make_case(step=step.model_copy(update={"ms": measure}))
        rows = compare([make_report(make_case()), make_report(other)], ["a", "b"]).rows
        assert flag in rows[0].flags[0]


def test_whole_reports_are_flagged():
    busy = Machine(cpu="x", cores=1, system="y", before=CpuState(), others=0.7)
    other = make_report(make_case(), partial=True, machine=busy, versions={"livedream": "2"})
    flags = " ".join(compare([make_report(make_case()), other], ["a", "b"]).flags)
    assert "b is partial" in flags
    assert "other programs used 0.7 of 1 cores" in flags
    assert "different versions" in flags


def test_three_reports_of_which_one_lacks_a_size():
    both = make_report(make_case(), make_case(size=[640, 480]))
    result = compare([both, make_report(make_case()), both], ["a", "b", "c"])
    gaps = [[cell is None for cell in row.cells] for row in result.rows if "640x480" in row.title]
    assert gaps == [[False, True, False]] * 3


def test_a_shown_picture_is_compared_at_its_size():
    one, other = (
        make_report(make_case(picture=make_picture(ms), step=None, frame=None, live=[]))
        for ms in (20, 10)
    )
    (row,) = compare([one, other], ["a", "b"]).rows
    assert row.title.startswith("shown 960x720 googlenet")
    assert row.cells[1].speedup == pytest.approx(2, rel=1e-3)
    larger = make_picture().model_copy(update={"size": [1280, 960]})
    other = make_report(make_case(picture=larger, step=None, frame=None, live=[]))
    with pytest.raises(LivedreamError, match="camera 960x720 and 1280x960"):
        compare([one, other], ["a", "b"])
