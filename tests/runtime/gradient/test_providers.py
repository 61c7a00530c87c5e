"""Which provider is chosen, and what is said when it is not there or does not start."""

from __future__ import annotations

import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient import session as sessions
from livedream.runtime.gradient.platform import better_than, start_order
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.session import choose, open_session
from livedream.runtime.start import find_platform, form_for

from ..toy_graph import write_toy


@pytest.fixture
def installed(monkeypatch):
    def install(*names: str) -> None:
        monkeypatch.setattr(sessions.ort, "get_available_providers", lambda: list(names))

    return install


def test_auto_takes_what_is_installed_best_first(installed):
    installed("CPUExecutionProvider", "OpenVINOExecutionProvider", "AzureExecutionProvider")
    assert [provider.name for provider in choose("auto")] == ["openvino", "cpu"]


def test_a_cards_provider_is_not_the_processors(installed):
    """onnxruntime lists it without a card too; whether there is one is found out elsewhere."""
    installed("CUDAExecutionProvider", "CPUExecutionProvider")
    assert [provider.name for provider in choose("auto")] == ["cpu"]
    assert find_platform("cpu", lambda text: None).providers == (PROVIDERS["cpu"],)


def test_the_quick_one_plays_first_and_the_slow_ones_above_it_may_follow():
    rtx, tensorrt, cuda, cpu = (
        PROVIDERS[name] for name in ("tensorrt-rtx", "tensorrt", "cuda", "cpu")
    )
    everything = rtx, tensorrt, cuda, cpu
    assert start_order(everything) == [cuda, cpu]
    assert better_than(cuda, everything) == [rtx, tensorrt]
    # cuda did not start, so that the processor's plays
    assert better_than(cpu, everything) == [rtx, tensorrt]
    assert better_than(rtx, everything) == []
    assert start_order((tensorrt,)) == [tensorrt]
    assert better_than(cpu, (cuda,)) == []


def test_a_graph_can_be_made_for_a_machine_that_is_not_this_one(installed):
    installed("CPUExecutionProvider")
    assert form_for("tensorrt", "fp32") == "gpu"
    assert form_for("openvino", "fp32") == "openvino"
    assert form_for("auto", "fp16") == "gpu"
    with pytest.raises(UsageError, match="nearest: tensorrt"):
        form_for("tensort", "fp32")


def test_a_named_provider_that_is_missing_comes_with_its_command(installed):
    installed("CPUExecutionProvider")
    with pytest.raises(LivedreamError, match=r"livedream\[gpu\]") as caught:
        choose("cuda")
    assert caught.value.exit_code == 1
    with pytest.raises(UsageError, match="nearest: openvino"):
        choose("openvin")


def test_a_silent_fallback_is_an_error(monkeypatch, tmp_path):
    class Fallen:
        def __init__(self, *_: object, **__: object) -> None: ...

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    graph = write_toy(tmp_path / "x.onnx")
    monkeypatch.setattr(sessions.ort, "InferenceSession", Fallen)
    with pytest.raises(LivedreamError, match="did not start"):
        open_session(graph, PROVIDERS["cuda"], size=(8, 8))
    open_session(graph, PROVIDERS["cpu"], size=(8, 8))


def test_names_and_forms_are_those_of_onnxruntime_and_the_exporter():
    catalogue = pytest.importorskip("livedream.export.catalogue")
    assert {each.ep for each in PROVIDERS.values()} <= set(sessions.ort.get_all_providers())
    assert {each.form for each in PROVIDERS.values()} == set(catalogue.FORMS)
    assert all(name == each.name for name, each in PROVIDERS.items())


def test_what_a_precision_can_be_had_on():
    had = {
        precision: [each.name for each in PROVIDERS.values() if precision in each.precisions]
        for precision in ("fp32", "tf32", "fp16")
    }
    assert had == {
        "fp32": list(PROVIDERS),
        "tf32": ["cuda"],
        "fp16": ["tensorrt-rtx", "tensorrt", "cuda"],
    }


def test_a_graph_for_cards_runs_on_cards_and_the_processors_goes_on_with_nothing_less():
    for each in PROVIDERS.values():
        assert each.on_card == (each.form == "gpu")
        assert "pip install" in each.install
    platform = find_platform("cpu", lambda text: None)
    with pytest.raises(ZeroDivisionError):
        platform.recover(ZeroDivisionError(), None, (8, 8))  # pyright: ignore[reportArgumentType]


def test_what_nobody_ran_has_to_be_named(monkeypatch):
    monkeypatch.setattr(
        sessions.ort, "get_available_providers", lambda: [each.ep for each in PROVIDERS.values()]
    )
    assert [each.name for each in choose("auto")] == ["openvino", "cpu"]
    assert [each.name for each in choose("coreml")] == ["coreml"]


def test_an_unknown_name_may_have_meant_auto():
    with pytest.raises(UsageError, match="nearest: auto"):
        choose("aut")
