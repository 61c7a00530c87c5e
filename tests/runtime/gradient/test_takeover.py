"""A better engine builds and takes over, with toys for engines."""

from __future__ import annotations

import threading

import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.takeover import Takeover

from ...patience import PATIENCE
from ..toy import ToyEngine

RTX, TENSORRT = PROVIDERS["tensorrt-rtx"], PROVIDERS["tensorrt"]


class Builds:
    """engines: an engine or an error for each provider. gate: builds wait for it."""

    def __init__(self, **engines: ToyEngine | Exception) -> None:
        self.engines = {name.replace("_", "-"): engine for name, engine in engines.items()}
        self.built: list[str] = []
        self.said: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        better = [provider for provider in (RTX, TENSORRT) if provider.name in self.engines]
        self.takeover = Takeover(better, self.build, self.said.append)

    def build(self, provider, say, cancel) -> ToyEngine:
        say(f"building for {provider.name}")
        self.begun.set()
        assert self.gate.wait(PATIENCE)
        self.built.append(provider.name)
        engine = self.engines[provider.name]
        if isinstance(engine, Exception):
            raise engine
        return engine

    def finished(self) -> Builds:
        self.takeover.start()
        self.takeover.join(PATIENCE)
        assert self.takeover.message == ""
        return self


def test_the_best_that_starts_takes_over_once():
    best = ToyEngine()
    builds = Builds(tensorrt_rtx=best, tensorrt=ToyEngine()).finished()
    assert builds.said == ["tensorrt-rtx takes over."]
    assert builds.takeover.take() is best
    assert builds.takeover.take() is None
    assert builds.built == ["tensorrt-rtx"]


def test_what_plays_goes_on_meanwhile():
    slow = ToyEngine()
    builds = Builds(tensorrt=slow)
    assert builds.takeover.message == ""
    assert builds.takeover.thread.daemon  # What cannot be interrupted must not hold up the exit.
    builds.gate.clear()
    builds.takeover.start()
    assert builds.begun.wait(PATIENCE)
    assert builds.takeover.take() is None
    assert builds.takeover.message == "building for tensorrt"
    builds.gate.set()
    builds.takeover.join(PATIENCE)
    assert builds.takeover.take() is slow


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LivedreamError("tensorrt-rtx computes wrong."), "tensorrt-rtx computes wrong."),
        (RuntimeError("x\ny"), "tensorrt-rtx is not used: x."),
    ],
)
def test_one_that_fails_is_named_and_the_next_serves(error, told):
    good = ToyEngine()
    builds = Builds(tensorrt_rtx=error, tensorrt=good).finished()
    assert builds.takeover.take() is good
    assert builds.said == [told, "tensorrt takes over."]
    alone = Builds(tensorrt_rtx=error).finished()
    assert alone.takeover.take() is None
    assert alone.said == [told]


@pytest.mark.parametrize("outcome", [ToyEngine(), LivedreamError("too late")])
def test_closing_drops_what_is_being_built_without_a_word(outcome):
    builds = Builds(tensorrt_rtx=outcome, tensorrt=ToyEngine())
    builds.gate.clear()
    builds.takeover.start()
    assert builds.begun.wait(PATIENCE)
    builds.takeover.close()
    builds.gate.set()
    builds.takeover.join(PATIENCE)
    assert builds.takeover.take() is None
    assert builds.built == ["tensorrt-rtx"]
    assert builds.said == []


def test_it_says_what_is_being_timed():
    builds = Builds(tensorrt=ToyEngine())
    builds.gate.clear()
    builds.takeover.start()
    assert builds.begun.wait(PATIENCE)
    assert builds.takeover.building is TENSORRT
    builds.gate.set()
    builds.takeover.join(PATIENCE)
    assert builds.takeover.building is None
