"""The commands on a card, which is the shim: its kernels, and onnxruntime bound to its memory."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime
import pytest

from livedream.runtime.cli.main import commands
from livedream.runtime.cuda import assemble
from livedream.runtime.cuda.assemble import STOPGAP, Card
from livedream.runtime.cuda.bound_session import Opener
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.card_engine import CudaEngine
from livedream.runtime.cuda.ladder import Facts
from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.store.settings import read_settings

from ...patience import PATIENCE
from ..toy_graph import write_toy

TENSORRT, CUDA, CPU = (PROVIDERS[name] for name in ("tensorrt", "cuda", "cpu"))


@pytest.fixture(scope="module")
def graph(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("graph") / "toy.onnx")


class Playground:
    """A machine with a card. wrong: the provider that does not start. gate: TensorRT's builds wait
    for it."""

    def __init__(self, host, folder: Path) -> None:
        self.launcher, self.backend = host
        self.folder = folder
        self.providers = (TENSORRT, CUDA, STOPGAP)
        self.wrong = ""
        self.gate = threading.Event()
        self.gate.set()
        self.cards: list[Card] = []

    def card(self, name, say, *, ahead=0, ort=None, **how):
        device = CudaDevice(self.launcher, ahead=ahead)
        named = [each for each in self.providers if name in ("auto", each.name)]
        self.cards.append(PlayCard(self, device, tuple(named)))
        return self.cards[-1]


class PlayCard(Card):
    def __init__(self, playground: Playground, device, providers) -> None:
        super().__init__(device, Facts(("CPUExecutionProvider",)), providers)
        object.__setattr__(self, "playground", playground)

    def engine(self, graph, provider, objective, precision="auto", *, strict=False):
        if provider is STOPGAP:
            return super().engine(graph, provider, objective, precision)
        playground = self.playground
        opener = Opener(
            onnxruntime, graph.path, CPU, self.device.launcher, playground.folder, {}, "1",
            "fp32", memory="cpu", cuts=graph.cuts,
        )  # fmt: skip

        def opened(layer, size, urgent):
            if provider is TENSORRT:
                assert playground.gate.wait(PATIENCE)
            if provider.name == playground.wrong:
                raise LivedreamError(f"{provider.name} did not start.")
            return opener.open(layer, size, urgent)

        return CudaEngine(self.device, graph, provider, objective, opened)


@pytest.fixture
def playground(host, tmp_path, monkeypatch, graph) -> Playground:
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    made = Playground(host, tmp_path / "engines")
    monkeypatch.setattr(assemble, "find_card", made.card)
    return made


def show(graph: Path, *more) -> dict:
    """What a short run without a window measured."""
    arguments = [
        "run", "--graph", graph, "--source", "demo", "--size", "40x32", "--headless",
        "--stats", "s.json", "--overwrite", *more,
    ]  # fmt: skip
    commands.main([*map(str, arguments)], standalone_mode=False)
    return json.loads(Path("s.json").read_text())


def test_it_starts_on_what_is_quick_and_tensorrt_takes_over(playground, graph, capsys):
    playground.gate.clear()
    threading.Timer(0.5, playground.gate.set).start()
    stats = show(graph, "--frames", 30, "--record", "out.mp4")
    said = capsys.readouterr().err
    assert "toy a on cuda, 40x32, 25x20" in said
    assert "tensorrt takes over." in said
    assert stats["settings"]["provider"] == "tensorrt"
    assert stats["frames"] == 30
    assert "only queued" in stats["stages_clock"]
    assert stats["age_ms"]["count"] > 10
    with av.open("out.mp4") as video:
        recorded = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    assert recorded[0].shape == (32, 40, 3)


def test_a_provider_that_does_not_start_is_told_and_the_next_plays(playground, graph, capsys):
    playground.wrong = "cuda"
    playground.providers = (CUDA, STOPGAP)
    stats = show(graph, "--frames", 3)
    assert "cuda did not start. Trying cpu." in capsys.readouterr().err
    assert stats["settings"]["provider"] == "cpu"
    assert isinstance(playground.cards[0].device, CudaDevice)
    with pytest.raises(LivedreamError, match="cuda did not start"):
        show(graph, "--frames", 3, "--provider", "cuda")


def test_a_card_that_is_lost_leaves_the_dream_to_the_processor(
    playground, graph, capsys, monkeypatch
):
    frames = 0

    def synchronize(waited):
        nonlocal frames
        frames += 1
        if frames > 8:
            raise RuntimeError("cuEventSynchronize failed: CUDA_ERROR_ILLEGAL_ADDRESS")

    playground.providers = (CUDA, STOPGAP)
    monkeypatch.setattr(playground.backend, "synchronize", synchronize)
    stats = show(graph, "--frames", 20, "--record", "out.mp4")
    said = capsys.readouterr().err
    assert "The card stopped working; dreaming on on the processor at 40x32." in said
    assert stats["frames"] == 20
    assert stats["settings"]["provider"] == "cpu"
    with av.open("out.mp4") as video:
        assert sum(1 for _ in video.decode(video=0)) >= 15


def test_a_card_without_memory_goes_on_with_fewer_octaves(playground, graph, capsys, monkeypatch):
    """Memory runs out once, in the middle of the dream."""
    playground.providers = (CUDA, STOPGAP)
    device = CudaDevice.warp
    calls = 0

    def warp(self, *arguments):
        nonlocal calls
        calls += 1
        if calls == 4:
            raise RuntimeError("cuMemAlloc failed: out of memory")
        return device(self, *arguments)

    monkeypatch.setattr(CudaDevice, "warp", warp)
    stats = show(graph, "--frames", 12)
    assert "The card has no memory left; going on with 1 octave." in capsys.readouterr().err
    assert stats["frames"] == 12
    assert stats["settings"]["provider"] == "cuda"
    assert stats["settings"]["octaves"] == 1


def test_an_error_that_always_comes_ends_the_show(playground, graph, monkeypatch):
    def broken(*_):
        raise ValueError("a mistake in the program")

    monkeypatch.setattr(CudaDevice, "warp", broken)
    with pytest.raises(LivedreamError, match=r"in a row .* ValueError: a mistake in the program"):
        show(graph, "--frames", 5)


def test_a_photo_on_the_card_is_the_processors(playground, graph, monkeypatch):
    picture = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8), (0, 0), 2
    )
    cv2.imwrite("in.png", picture)
    for target, provider in (("card.png", "cuda"), ("processor.png", "cpu")):
        arguments = ["image", "in.png", target, "--graph", graph, "--provider", provider]
        if provider == "cpu":
            monkeypatch.setattr(assemble, "find_card", lambda *_, **__: None)
        commands.main([*map(str, arguments), "--steps", "2"], standalone_mode=False)
        assert read_settings(Path(target))["provider"] == provider
    card, processor = (cv2.imread(name).astype(int) for name in ("card.png", "processor.png"))
    assert np.abs(card - processor).mean() < 0.5
    assert np.abs(card - picture).mean() > 2
