"""Which provider is chosen, and what is said when it is not there or does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedream.runtime import sessions
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.providers import PROVIDERS
from livedream.runtime.sessions import choose, open_session


@pytest.fixture
def installed(monkeypatch):
    def install(*names: str) -> None:
        monkeypatch.setattr(sessions.ort, "get_available_providers", lambda: list(names))

    return install


def test_auto_takes_what_is_installed_best_first(installed):
    installed("CPUExecutionProvider", "CUDAExecutionProvider", "AzureExecutionProvider")
    assert [provider.name for provider in choose("auto")] == ["cuda", "cpu"]


def test_the_order_is_the_agreed_one():
    assert list(PROVIDERS) == ["tensorrt", "cuda", "openvino", "cpu"]


def test_a_named_provider_that_is_missing_comes_with_its_command(installed):
    installed("CPUExecutionProvider")
    with pytest.raises(LivedreamError, match=r"livedream\[gpu\]") as caught:
        choose("cuda")
    assert caught.value.exit_code == 1
    with pytest.raises(UsageError, match="nearest: openvino"):
        choose("openvin")


def test_a_silent_fallback_is_an_error(monkeypatch):
    class Fallen:
        def __init__(self, *_: object, **__: object) -> None: ...

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(sessions.ort, "InferenceSession", Fallen)
    with pytest.raises(LivedreamError, match="did not start"):
        open_session(Path("x.onnx"), PROVIDERS["cuda"], size=(8, 8))
    open_session(Path("x.onnx"), PROVIDERS["cpu"], size=(8, 8))
