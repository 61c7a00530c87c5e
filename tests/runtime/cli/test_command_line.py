"""What the command line says to wrong requests; nothing here opens a network."""

from __future__ import annotations

import subprocess
import sys

import click
import numpy as np
import pytest

from livedream.runtime.choices import Choices
from livedream.runtime.cli.dream_options import shared_options
from livedream.runtime.cli.main import perform
from livedream.runtime.cli.show_options import show_options
from livedream.runtime.dream.values import Dream
from livedream.runtime.gradient.ort import ort
from livedream.runtime.store.pictures import write_photo


def call(capsys, *arguments: str) -> tuple[int, str]:
    code = perform(list(arguments))
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, " ".join((captured.out + captured.err).split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rum"], "nearest: run"),
        (["run", "--sauce", "demo"], "nearest: --source"),
        (["--octave", "3"], "--octaves"),
        (["run", "--octaves", "0"], "1<=x<=12"),
        (["run", "--octaves", "many"], "not a valid integer"),
        (["run", "--step-size", "99"], "0<=x<=32"),
        (["run", "--size", "wide"], "such as 640x480"),
        (["run", "--recipe", "gogle"], "nearest: google"),
        (["run", "--provider", "cudda"], "nearest: cuda"),
        (["run", "--precision", "fp8"], "nearest: fp"),
        (["run", "--source", "demo", "--headless", "--model", "inception"], "inception_v3"),
        (["--source", "demo", "--headless", "--model=googlenet", "--layers=conv9"], "conv1"),
        (["image"], "IN"),
        (["image", "a.png", "b.png", "--stereo", "over-under"], "--projection equirect"),
        (["image", "a.png", "c.png", "out", "--projection", "equirect"], "one at a time"),
        (["video", "a.mp4", "b.mp4", "--stereo", "side-by-side"], "--projection equirect"),
        (["layers", "googlent"], "googlenet"),
        (["export", "googlenet", "--layers", "inception4x", "--output", "x.onnx"], "inception4"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence_and_exit_code_2(capsys, arguments, says):
    code, text = call(capsys, *arguments)
    assert code == 2
    assert says in text


def test_a_show_that_does_not_begin_leaves_no_recording(capsys, tmp_path):
    record = ["--record", str(tmp_path / "a.mp4"), "--record-minutes", "1"]
    code, _ = call(capsys, "run", "--source", "demo", "--headless", *record, "--layers", "nothere")
    assert code == 2
    assert not list(tmp_path.iterdir())


def test_a_missing_provider_is_told_with_the_whole_command(capsys):
    if "CUDAExecutionProvider" in ort.get_available_providers():
        pytest.skip("onnxruntime-gpu is installed")
    code, text = call(capsys, "run", "--source", "demo", "--headless", "--provider", "cuda")
    assert code == 1
    assert 'pip install "livedream[gpu]"' in text


def test_help_shows_every_parameter_with_its_range(capsys):
    code, text = call(capsys, "run", "--help")
    assert code == 0
    for name in Dream.__dataclass_fields__:
        assert f"--{name.replace('_', '-')}" in text
    assert "1..12" in text


def picture_of(folder, settings) -> str:
    write_photo(folder / "a.png", np.zeros((8, 8, 3), np.uint8), settings)
    return str(folder / "a.png")


def begun(*arguments: str) -> Choices:
    """What a command of this kind is asked for."""
    asked = []

    @click.command("run")
    @shared_options("live")
    def command(choices: Choices) -> None:
        asked.append(choices)

    command.main(list(arguments), prog_name="run", standalone_mode=False)
    return asked[0]


def test_a_pictures_settings_take_the_place_of_the_defaults(tmp_path):
    settings = {
        "model": "googlenet", "layers": "inception4c:3*-2", "recipe": "google", "seed": 7,
        "size": "160x120", "weights": "random:7", "octaves": 99, "step_size": 2.5,
        "provider": "cuda", "precision": "fp16", "jitter": 8, "who": "a stranger",
    }  # fmt: skip
    choices = begun("--settings", picture_of(tmp_path, settings), "--jitter", "4")
    assert (choices.model, choices.layers, choices.recipe) == (
        "googlenet", "inception4c:3*-2", "google",
    )  # fmt: skip
    assert (choices.seed, choices.size, choices.weights) == (7, (160, 120), "random")
    assert (choices.provider, choices.precision) == ("auto", "auto")
    # Into its range, and what is typed holds.
    assert choices.overrides == {"octaves": 12, "step_size": 2.5, "jitter": 4}


def test_priors_are_values_of_the_dream_and_what_is_typed_holds(tmp_path):
    settings = picture_of(tmp_path, {"tv": 0.5, "l2": 1, "clip_norm": 0.25})
    choices = begun("--settings", settings, "--prior", "tv:2,clip-norm:0.5", "--clip-norm", "0.1")
    assert choices.overrides == {"tv": 2, "l2": 1, "clip_norm": 0.1}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"recipe": "gogle"}, "nearest: google"),
        ({"octaves": "many"}, "'many' is no number for octaves"),
        ({"size": "wide"}, "such as 640x480"),
    ],
)
def test_settings_that_cannot_be_are_told(capsys, tmp_path, settings, says):
    code, text = call(capsys, "run", "--headless", "--settings", picture_of(tmp_path, settings))
    assert code == 2
    assert says in text


def test_toggles_are_flags(capsys):
    asked = []

    @click.command("run")
    @show_options
    def command(begin) -> None:
        asked.append(begin)

    said = ["--mirror", "--no-hud", "--no-fluid", "--amount", "0.5", "--picture", "1280x720"]
    for arguments in ([], said):
        command.main(arguments, standalone_mode=False)
    usual = {
        "mirror": False, "compare": False, "fullscreen": False, "hud": True, "fluid": True,
        "finer": False, "amount": 1, "calm": 0.5, "hold": 0, "light": 1, "picture": "source",
        "flash_limit": "standard", "presence": "off", "mask": "everywhere", "source_fade": 1,
        "slide_seconds": 8, "slide_fade": 1.5,
    }  # fmt: skip
    played = {"mirror": True, "hud": False, "fluid": False, "amount": 0.5, "picture": "1280x720"}
    assert asked == [usual, {**usual, **played}]


def test_without_a_command_it_is_run(capsys):
    code, text = call(capsys, "--source", "/no/such/clip.mp4", "--headless")
    assert code == 2
    assert "/no/such/clip.mp4" in text


def test_the_runtime_never_imports_torch():
    code = (
        "import sys, pkgutil, importlib, livedream.runtime as r\n"
        "for m in pkgutil.walk_packages(r.__path__, 'livedream.runtime.'):\n"
        "    importlib.import_module(m.name)\n"
        "assert 'torch' not in sys.modules and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("size", ["0x0", "320x0", "99999x10"])
def test_a_size_that_cannot_be(capsys, size):
    code, text = call(capsys, "run", "--source", "demo", "--headless", "--size", size)
    assert code == 2
    assert "1 to 8192 pixels" in text


def test_a_layer_that_no_model_has_is_answered_from_all_of_them(capsys):
    code, text = call(capsys, "run", "--source", "demo", "--headless", "--layers", "Mixed_9z")
    assert code == 2
    assert "Mixed_7" in text


def test_a_recording_that_cannot_be_written_is_told_before_anything_is_opened(capsys, tmp_path):
    code, text = call(
        capsys, "run", "--source", "demo", "--headless", "--graph", "no.onnx", "--record", "o.avi"
    )
    assert code == 2
    assert ".mkv" in text
