"""What was found right is not looked at again, unless something that decides it changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.gradient import check, verdicts
from livedream.runtime.gradient.check import WrongGradient, check_engine
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.store.cache import cache_folder

from ..toy_graph import write_toy

SIZE = (20, 24)


@pytest.fixture(autouse=True)
def graph(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    return write_toy(tmp_path / "toy.onnx")


class Looked(HostEngine):
    """Counts what is compared. sign: -1 for one that computes wrong."""

    sign = 1
    looked = 0

    def probe(self, image: np.ndarray) -> np.ndarray:
        return self.sign * image

    def reference(self, image: np.ndarray) -> np.ndarray:
        self.looked += 1
        return image


def looked(graph: Path, size: tuple[int, int] = SIZE, **options: str) -> bool:
    """Whether the check of this one compares anything."""
    provider = replace(PROVIDERS["openvino"], options=options)
    read = read_graph(graph)
    engine = Looked(read, provider, parse_objective(next(iter(read.layers))))
    check_engine(engine, *size)
    return bool(engine.looked)


def test_it_looks_once(graph):
    assert [looked(graph) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("what", ["size", "turned", "options", "graph", "library", "processor"])
def test_but_again_where_it_is_another(graph, what, monkeypatch):
    assert looked(graph)
    size = {"size": (20, 25), "turned": SIZE[::-1]}.get(what, SIZE)
    options = {"precision": "ACCURACY"} if what == "options" else {}
    if what == "graph":
        write_toy(graph, "b")
    if what == "library":
        monkeypatch.setattr(verdicts.ort, "__version__", "1.99")
    if what == "processor":
        monkeypatch.setattr(verdicts, "processor", lambda: "another")
    assert looked(graph, size, **options)
    assert not looked(graph, size, **options)


def test_what_is_wrong_is_told_every_time(graph, monkeypatch):
    monkeypatch.setattr(Looked, "sign", -1)
    for _ in range(2):
        with pytest.raises(WrongGradient):
            looked(graph)
    monkeypatch.setattr(Looked, "sign", 1)
    assert looked(graph)


def test_without_a_memory_it_only_takes_longer(graph):
    (cache_folder("graphs") / "verdicts.json").mkdir()
    assert [looked(graph) for _ in range(2)] == [True, True]


def test_a_card_is_looked_at_every_time(graph, monkeypatch):
    """Its engines are built anew, by libraries that this process does not know of."""

    class Card(Looked):
        pass

    monkeypatch.setattr(check, "HostEngine", type("Other", (), {}))
    monkeypatch.setattr(check, "_reference", lambda engine, image: engine.reference(image))
    engine = Card(read_graph(graph), PROVIDERS["cuda"], parse_objective("a"))
    for _ in range(2):
        check_engine(engine, *SIZE)
    assert engine.looked == 2


def test_the_processor_has_a_name():
    assert len(verdicts.processor()) > 5
