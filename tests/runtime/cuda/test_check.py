"""A provider that computes wrong is found out before it plays."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient import check as selfcheck
from livedream.runtime.gradient.check import check_gradient, check_picture, worth_checking
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.platform import Processor
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.selection import Engines, Opening

from ..toy import ToyEngine
from .test_engine import GRAPH, IMAGE, Setting

A = parse_objective("a")
WRONG = {
    "vanishes": np.float32(0), "not finite": np.float32(np.nan), "elsewhere": np.float32(-1),
    "3 times": np.float32(3),
}  # fmt: skip


@pytest.mark.parametrize("said", WRONG)
def test_what_is_wrong_is_said(said):
    gradient = ToyEngine().gradient(IMAGE)
    with pytest.raises(LivedreamError, match=f"^x computes wrong and is not used: .*{said}"):
        check_gradient(gradient * WRONG[said], gradient, "x")


def test_half_precision_passes():
    image = check_picture(40, 56)
    assert image.shape == (3, 40, 56)
    assert 0 <= image.min() < image.max() <= 1
    gradient = ToyEngine().gradient(image)
    check_gradient(gradient.astype(np.float16).astype(np.float32), gradient, "x")
    check_gradient(np.zeros(3), np.zeros(3), "x")
    noise = np.random.default_rng(0).standard_normal(gradient.shape) * gradient.std()
    with pytest.raises(LivedreamError, match="cosine"):
        check_gradient(gradient + noise, gradient, "x")


def test_ten_digits_are_given_more_room_than_twenty_four():
    """A card's TF32 was 0.987 beside float32 in a random network, by its numbers alone."""
    gradient = ToyEngine().gradient(check_picture(40, 56))
    noise = np.random.default_rng(1).standard_normal(gradient.shape) * gradient.std() * 0.2
    check_gradient(gradient + noise, gradient, "x", "tf32")
    with pytest.raises(LivedreamError, match="cosine"):
        check_gradient(gradient + noise, gradient, "x")


class Card:
    """The real engine over the stand-ins. wrong: factor on what a provider computes."""

    def __init__(self, host, folder, **wrong) -> None:
        self.made = Setting(host, folder)
        self.device = self.made.device
        self.providers = tuple(PROVIDERS[name] for name in ("tensorrt", "cuda"))
        self.wrong = wrong
        self.engines = []

    def engine(self, graph, provider, objective, precision="auto"):
        engine = self.made.make(provider)
        prepare = engine.prepare

        def prepared(*size):
            self.made.ort.wrong = np.float32(self.wrong.get(provider.name, 1))
            prepare(*size)

        engine.prepare = prepared
        self.engines.append(engine)
        return engine


@pytest.fixture
def engines(host, tmp_path, monkeypatch):
    """Engines on a card, with the toy for the processor's own gradient."""
    monkeypatch.setattr(selfcheck, "HostEngine", Crooked)
    network = SimpleNamespace(
        request=SimpleNamespace(precision="auto"), graph=None, graph_for=lambda *_: replace(GRAPH)
    )

    def make(**wrong):
        card = Card(host, tmp_path, **wrong)
        return Engines(network, card), card

    return make


def opening(said):
    return Opening(lambda stage, part: None, said.append)


def test_an_engine_of_the_card_is_checked_when_it_is_opened(engines):
    right, card = engines()
    engine = right.quick(A, lambda minimum: [IMAGE.shape[1:]], opening([]))
    assert engine.provider.name == "cuda"
    image = card.device.jitter(card.device.put(IMAGE), 0, 0)
    dreamt = card.device.fetch(engine.gradient(image))
    assert np.allclose(dreamt, ToyEngine().gradient(IMAGE), atol=1e-5)


def test_one_that_computes_wrong_never_plays_and_the_next_serves(engines):
    said: list[str] = []
    wrong, card = engines(tensorrt=0)
    engine = wrong.best(A, lambda minimum: [IMAGE.shape[1:]], opening(said))
    assert engine.provider.name == "cuda"
    assert said == ["tensorrt computes wrong and is not used: its gradient vanishes. Trying cuda."]
    assert wrong.refused == {"tensorrt"}
    assert wrong.better_than(engine) == []
    assert not card.engines[0].prepared(*IMAGE.shape[1:])


class Crooked(ToyEngine):
    """OpenVINO as it was seen: right at some sizes, wrong at others."""

    def __init__(self, graph, provider, objective, **_) -> None:
        super().__init__()
        self.graph, self.provider, self.objective = graph, provider, objective
        self.sizes: set[tuple[int, int]] = set()

    def steered(self, objective) -> Crooked:
        return self

    def prepare(self, height, width, background=False) -> None:
        self.sizes.add((height, width))

    def prepared(self, height, width) -> bool:
        return (height, width) in self.sizes

    def close(self) -> None: ...

    def reference(self, image: np.ndarray) -> np.ndarray:
        return self.gradient(image)

    def probe(self, image: np.ndarray) -> np.ndarray:
        wrong = self.provider.name == "openvino" and image.shape[1] == 30
        return self.gradient(image) * (-1 if wrong else 1)


def on_the_processor(monkeypatch, form: str, given: bool) -> Engines:
    """Engines of openvino and cpu, for a file of that form."""
    monkeypatch.setattr("livedream.runtime.gradient.platform.HostEngine", Crooked)
    monkeypatch.setattr(selfcheck, "HostEngine", Crooked)
    graph = replace(GRAPH, form=form)
    network = SimpleNamespace(
        request=SimpleNamespace(precision="auto"), graph=graph if given else None,
        graph_for=lambda *_: graph,
    )  # fmt: skip
    return Engines(network, Processor((PROVIDERS["openvino"], PROVIDERS["cpu"])))


def test_openvino_is_checked_at_every_size_and_left_for_good(monkeypatch):
    engines, said = on_the_processor(monkeypatch, "openvino", given=False), []
    assert engines.quick(A, lambda _: [(20, 24)], opening(said)).provider.name == "openvino"
    assert said == []
    more = lambda _: [(20, 24), (30, 36)]  # noqa: E731
    assert engines.quick(A, more, opening(said)).provider.name == "cpu"
    assert len(said) == 1
    assert said[0].startswith("openvino computes wrong and is not used")
    assert engines.quick(A, lambda _: [(20, 24)], opening(said)).provider.name == "cpu"
    assert len(said) == 1


def test_a_given_file_runs_first_on_what_it_was_made_for(monkeypatch):
    engines = on_the_processor(monkeypatch, "cpu", given=True)
    assert engines.quick(A, lambda _: [(20, 24)], opening([])).provider.name == "cpu"
    engines = on_the_processor(monkeypatch, "gpu", given=True)
    engine = engines.quick(A, lambda _: [(20, 24)], opening([]))
    assert engine.provider.name == "openvino"
    said: list[str] = []
    engines.quick(A, lambda _: [(30, 36)], opening(said))
    assert "exported for gpu; `livedream export --provider openvino`" in said[0]


def test_what_is_worth_checking():
    openvino, cuda, cpu = (PROVIDERS[name] for name in ("openvino", "cuda", "cpu"))
    assert [worth_checking(cuda, 1080, 1920, first) for first in (True, False)] == [True, False]
    assert [worth_checking(openvino, 240, 320, first) for first in (True, False)] == [True, True]
    assert not worth_checking(openvino, 1080, 1920, first=False)
    assert not worth_checking(cpu, 20, 24, first=True)
