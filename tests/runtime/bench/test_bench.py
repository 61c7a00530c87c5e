"""Short real runs on a small network, the command, and what it says to wrong requests."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from livedream import kernels
from livedream.runtime.bench import effect_costs, shown_picture
from livedream.runtime.bench.baseline import VARIANTS, Torch, parse_baselines
from livedream.runtime.bench.effect_costs import TRIALS
from livedream.runtime.bench.opened import open_case
from livedream.runtime.bench.runner import Effort
from livedream.runtime.bench.schema import read_report
from livedream.runtime.bench.synthetic_camera import SyntheticCamera, drawn_frames, swing
from livedream.runtime.choices import Choices
from livedream.runtime.cli.bench import bench, efforts
from livedream.runtime.dream.stages import STAGES
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.exporting import missing_extra

from ...patience import PATIENCE
from .conftest import make_effect

COMMAND = [
    sys.executable, "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from livedream.runtime.cli.bench import bench; bench(standalone_mode=False)",
]  # fmt: skip


needs_torch = pytest.mark.skipif(bool(missing_extra()), reason="torch is not installed")


def call(*arguments: object) -> None:
    bench.main([str(each) for each in arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def report(graph_file, tmp_path_factory):
    """One case, all measures, torch in turns, written to a file and read back."""
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        # On a busy machine torch's threads wait for each other for ever.
        patch.setenv("OMP_NUM_THREADS", "1")
        measure(graph_file, folder)
    assert (folder / "a.html").read_text().startswith("<!doctype html>")
    return read_report(folder / "a.json")


@pytest.fixture
def opened(graph_file):
    choices = Choices(
        model="auto", layers=None, graph=graph_file, weights="auto", recipe="live", provider="cpu",
        precision="auto", size=(64, 48), seed=0, settings=None, overrides={},
    )  # fmt: skip
    found = open_case(choices, lambda *_: None, lambda text: None)
    yield found
    found.close()


def measure(graph_file: Path, folder: Path) -> None:
    call(
        "--graph", graph_file, "--provider", "cpu", "--size", "192x144", "--seconds", 0.4,
        "--octaves", 2,
        "--octave-scale", 1.5, "--steps", 2, "--blur", 0.5, "--picture", "384x288",
        "--baseline", "torch:eager", "--json", folder / "a.json", "--html", folder / "a.html",
    )  # fmt: skip


def test_the_stages_add_up_to_the_frame(report):
    """The median over frames: on a busy machine a frame may be held up between two stages. None is
    counted twice."""
    (case,) = report.cases
    assert 0.8 < case.frame.covered <= 1
    names = [stage.name for stage in case.frame.stages]
    assert names == list(dict.fromkeys(STAGES.values()))


def test_it_tells_what_ran(report):
    (case,) = report.cases
    assert (case.provider, case.asked_provider, case.precision) == ("cpu", "cpu", "fp32")
    assert (case.model, case.layers, case.size) == ("efficientnet_lite0", "block2", [192, 144])
    assert case.octaves == [[128, 96], [192, 144]]
    assert case.graph.weights.startswith("random")
    assert case.parity is None
    assert case.recipe.values["steps"] == 2
    assert report.options["size"] == "192x144"
    assert "graph" not in report.options
    assert not report.partial


def test_its_figures_hang_together(report):
    (case,) = report.cases
    work = (128 * 96 + 192 * 144) * 2 / 1e6
    assert case.frame.megapixel_steps == pytest.approx(work, rel=1e-3)
    assert case.frame.megapixel_steps_per_second == pytest.approx(
        work * 1000 / case.frame.ms.p50, rel=1e-3
    )
    for measure in (case.step.ms, case.frame.ms, *(live.age for live in case.live)):
        assert measure.p50 <= measure.p90 <= measure.p95 <= measure.p99 <= measure.max
        assert measure.curve == sorted(measure.curve)
    assert 0 < case.step.floor_share < 3
    shares = {stage.name: stage.floor_share for stage in case.frame.stages}
    assert 0 < shares["gradient"] < 3
    assert shares["flow"] is None
    paced, unpaced = case.live
    assert (paced.camera_fps, unpaced.camera_fps) == (30, None)
    assert unpaced.dropped == 0


def test_a_shown_picture_is_measured_by_stage(report):
    """With a fresh dream now and then, and without one."""
    picture = report.cases[0].picture
    assert picture.size == [384, 288]
    assert [stage.name for stage in picture.stages] == ["residual", "fluid", "compose", "limit"]
    assert 0.5 < picture.covered <= 1  # The rest is from thread to thread.
    assert picture.processor_ms > 0
    residual, fluid, compose, limit = picture.stages
    assert residual.ms.curve[0] == 0 < residual.ms.max
    # How fast memory is was measured at another moment, at which a busy machine was busier.
    assert 0 < compose.floor_share < 3
    assert 0 < limit.floor_share < 3
    assert fluid.floor_share is None
    assert report.options["picture"] == "384x288"


def test_a_window_of_finer_detail_is_measured_where_live_has_one(report):
    """The picture is twice what is dreamt. A window climbs as the dream's own octave does."""
    (case,) = report.cases
    finer = case.picture.finer
    assert finer.count > 0
    assert finer.p50 > 0


def test_every_effect_is_measured_in_turns_with_none(report):
    (case,) = report.cases
    assert [each.name for each in case.effects] == [trial.name for trial in TRIALS]
    for each in case.effects:
        assert each.ratio.count >= 2
        assert 0 < each.ratio.low <= each.ratio.median <= each.ratio.high


def test_each_side_of_an_effect_has_what_it_says(opened, monkeypatch):
    """Without it a frame has none; live ones are left out where pictures are dreamt as stills."""
    sides = {}

    def noted(trial, without, having, seconds, common):
        sides[trial.name] = without.__self__, having.__self__
        return make_effect(name=trial.name)

    monkeypatch.setattr(effect_costs, "in_turns", noted)
    monkeypatch.setattr(shown_picture, "DRAWN", 2)
    pictures = drawn_frames((64, 48), count=2)
    made = list(effect_costs.measure_effects(opened, pictures, (64, 48), 1))
    assert [each.name for each in made] == [trial.name for trial in TRIALS]
    for trial in TRIALS:
        plain, changed = sides[trial.name]
        if trial.of == "frame":
            plain, changed = (asdict(each.film._dreamer.dream) for each in (plain, changed))
            assert changed == {**plain, **trial.values}
            assert not {*trial.values.items()} & {*plain.items()}
    still = replace(opened, choices=replace(opened.choices, recipe="google"), live=False)
    names = {each.name for each in effect_costs.measure_effects(still, pictures, (64, 48), 1)}
    assert {"blur", "flash limiter"} < names
    assert not {"zoom, turn, drift", "calm", "tone"} & names


def test_what_an_effect_adds_is_told_of_whole_frames():
    """Both sides share the gradient, which is not part of the pairs."""
    found = effect_costs.in_turns(TRIALS[0], lambda: 0.01, lambda: 0.03, 0.0, [0.09, 5.0, 0.04])
    assert found.adds_ms == pytest.approx(20)
    assert found.ratio.median == pytest.approx(0.12 / 0.10, rel=1e-4)
    assert effect_costs.in_turns(TRIALS[0], lambda: 1.0, lambda: 3.0, 0.0, []).ratio.median == 3


@needs_torch
def test_torchs_frame_has_the_same_effects():
    import torch

    from livedream.export.baseline import balanced

    gradient = np.random.default_rng(3).standard_normal((3, 45, 70), np.float32)
    for colour, coarseness in ((0.6, 1.0), (1.0, 0.5), (0.3, 0.0), (1.0, 0.0)):
        ours = kernels.balance(gradient, colour, coarseness)
        theirs = balanced(torch.from_numpy(gradient)[None], colour, coarseness)[0].numpy()
        np.testing.assert_allclose(theirs, ours, atol=2e-5)


def test_torch_does_the_same_step_in_turns(report):
    (baseline,) = report.cases[0].baselines
    assert baseline.cosine > 0.999
    for turns in (baseline.step, baseline.frame):
        assert turns.ended in ("pairs", "time")
        assert turns.speedup.count >= 2
        assert turns.speedup.low <= turns.speedup.median <= turns.speedup.high
        assert turns.speedup.sure_low <= turns.speedup.median <= turns.speedup.sure_high


def test_ctrl_c_leaves_a_partial_report(graph_file, tmp_path):
    target = tmp_path / "a.json"
    child = subprocess.Popen(
        [*COMMAND, "--graph", graph_file, "--size", "64x48", "--seconds", "600",
         "--measure", "step,live", "--json", target],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert child.stderr
    told = []
    # The step ends by itself with enough samples; the live loop at 30 fps does not.
    for line in child.stderr:
        told.append(line)
        if "live, camera" in line:
            break
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    rest = child.stderr.read()
    assert child.wait(PATIENCE) == 1
    assert "marked partial" in rest
    report = read_report(target)
    assert report.partial
    (case,) = report.cases
    assert case.step
    assert case.step.ms.ended == "samples"
    assert case.step.ms.enough == [50, 90, 95, 99]
    assert case.live[0].age.ended == "interrupted"


def test_the_measured_frames_are_the_same_for_everybody():
    frames = drawn_frames((64, 48), count=3)
    assert frames.shape == (3, 48, 64, 3)
    assert (frames == drawn_frames((64, 48), count=3)).all()
    assert [swing(n, 3) for n in range(7)] == [0, 1, 2, 1, 0, 1, 2]
    assert [swing(n, 1) for n in range(3)] == [0, 0, 0]


def test_the_camera_keeps_its_pace_whoever_is_late():
    camera = SyntheticCamera(drawn_frames((64, 48), count=2), 50)
    start = time.monotonic()
    frames = [camera.read() for _ in range(11)]
    took = time.monotonic() - start
    assert took > 0.19
    assert [frame.index for frame in frames if frame] == list(range(11))
    camera.close()
    assert camera.read() is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--measure", "stepp"], "nearest: step"),
        (["--provider", "cpu,cudda"], "nearest: cuda"),
        (["--precision", "fp8"], "nearest: fp"),
        (["--recipe", "gogle"], "nearest: google"),
        (["--baseline", "tensorflow"], "write torch"),
        (["--baseline", "torch:eagre"], "nearest: eager"),
        (["--model", "googlenet", "--layers", "conv9"], "conv"),
        (["--graph", "/no/such.onnx"], "does not exist"),
        (["compere"], "nearest: compare"),
        (["compare", "one.json"], "at least two"),
        (["compare", "one.json", "two.json"], "There is no file"),
    ],
)  # fmt: skip
def test_wrong_requests_get_one_sentence(arguments, says, capsys):
    with pytest.raises(UsageError, match=says):
        call(*arguments, *([] if "comp" in arguments[0] else ["--seconds", "0.1"]))


def test_lists_are_read_before_anything_is_measured():
    import click

    for arguments in (["--size", "320x240,big"], ["--size", ","], ["--seconds", "0"]):
        with pytest.raises(click.ClickException):
            call(*arguments)


@needs_torch
def test_the_baselines_are_a_list_too():
    assert parse_baselines("torch") == ()
    assert parse_baselines("torch:eager, compile") == ("eager", "compile")


def test_the_variants_are_those_of_the_other_process():
    """Read, not imported: torch would come with it."""
    text = (Path(__file__).parents[3] / "export" / "baseline.py").read_text()
    named = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    (there,) = [ast.literal_eval(n.value) for n in named if ast.unparse(n.targets[0]) == "VARIANTS"]
    assert there == VARIANTS


@needs_torch
def test_the_full_run_is_long_at_the_first_size_alone():
    same, further = efforts(False, None, "torch:eager")
    assert same == further == Effort(4, 4, ("eager",))
    first, further = efforts(True, None, "torch")
    assert (first.seconds, first.baselines, further.baselines) == (45, (), None)
    assert further.seconds < first.baseline_seconds < first.seconds
    # Two more sizes of four measurements each, three variants of a step and a frame.
    minutes = (4 * first.seconds + 6 * first.baseline_seconds + 8 * further.seconds) / 60
    assert minutes < 8
    assert efforts(True, 10, None)[0].seconds == 10


def test_a_baseline_that_dies_is_an_error_and_not_a_wait(tmp_path):
    with pytest.raises(LivedreamError, match="last words"):
        Torch({}, (sys.executable, "-c", "import sys; sys.exit('last words')"))
    answer = json.dumps({"error": "No.", "usage": False})
    with pytest.raises(LivedreamError, match=r"^No\.$"):
        Torch({}, (sys.executable, "-c", f"input(); print({answer!r})"))


def test_nothing_is_written_where_it_cannot_be(tmp_path: Path):
    with pytest.raises(LivedreamError, match="does not exist"):
        call("--json", tmp_path / "no" / "a.json")
