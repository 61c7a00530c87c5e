"""What a switch does next, by where it stands. No thread runs."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from livedream.runtime.gradient import switch as module
from livedream.runtime.gradient.selection import Engines
from livedream.runtime.gradient.switch import Job, Switch
from livedream.runtime.gradient.wanted import Ready

from ..live.test_loop import QUIET, SIZE, A, Network, Toys, want

LARGER = replace(A, size=(SIZE[0] * 2, SIZE[1] * 2))


@pytest.fixture
def engines() -> Engines:
    return Engines(Network(), Toys())


@pytest.fixture
def switch(engines: Engines) -> Switch:
    """It plays layer a, is warm, and has nothing to do."""
    engine = engines.quick(A.objective, lambda minimum: [SIZE], QUIET)
    return Switch(engines, Ready(engine, A))


def making(engines: Engines, made: bool = False, since: float = 0.0) -> SimpleNamespace:
    """The graph of layer b, as far as it is."""
    return SimpleNamespace(engines=engines, made=made, since=since, cancel=threading.Event())


def test_at_rest_there_is_nothing_to_do(switch):
    assert switch.job(rested=False) is None
    assert switch.job(rested=True) is None
    assert switch.patience() is None


def test_sizes_are_opened_and_layers_are_made_first(switch):
    switch.wanted = LARGER
    assert (switch.job(False), switch.goal()) == (Job.OPEN, LARGER)
    switch.wanted = want("b")
    assert (switch.job(False), switch.goal()) == (Job.MAKE, None)


def test_what_is_made_is_opened_and_meanwhile_sizes_change_on_what_plays(
    switch, engines, monkeypatch
):
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 100.0))
    switch.wanted = larger = replace(want("b"), size=LARGER.size)
    switch.making = making(engines, since=100 - module.SHORT / 2)
    assert switch.goal() is None
    assert switch.patience() == pytest.approx(module.SHORT / 2)
    switch.making = making(engines, since=100 - module.SHORT)
    assert switch.goal() == LARGER
    assert switch.patience() is None
    switch.making = making(engines, made=True)
    assert switch.goal() == larger
    switch.making.cancel.set()
    assert switch.goal() == LARGER


def test_the_most_urgent_comes_first(switch, engines):
    """Each is left when the one before it is done."""
    switch.ahead, switch.warm = 5.0, False
    switch.foreseen, switch.improving, switch.replaced = want("c"), True, True
    switch.retired = [engines]
    found = []
    for name, done in (
        ("retired", []), ("replaced", False), ("improving", False), ("warm", True),
        ("foreseen", None),
    ):  # fmt: skip
        found.append(switch.job(rested=True))
        setattr(switch, name, done)
    assert found == [Job.END, Job.TIDY, Job.BUILD, Job.WARM, Job.FORESEE]
    assert switch.job(rested=True) is Job.EXPORT
    assert switch.job(rested=False) is None
    assert switch.patience() == 5.0


def test_while_one_waits_to_be_taken_nothing_else_is_opened_or_ended(switch):
    switch.ready, switch.wanted = Ready(switch.playing.engine, LARGER), LARGER
    switch.foreseen, switch.improving, switch.replaced, switch.warm = want("c"), True, True, False
    assert switch.job(rested=True) is None
    assert not switch.outdated


def test_what_was_lost_is_opened_again_before_anything_better(switch):
    switch.lost = switch.improving = True
    assert (switch.job(False), switch.goal()) == (Job.OPEN, A)
    for _ in range(3):
        switch.losses.add()
    assert switch.job(False) is None
    assert 4 < switch.patience() <= 5


def test_useful_is_what_brings_nearer(switch):
    switch.wanted = larger = replace(want("b"), size=LARGER.size)
    assert switch.useful(larger)
    assert switch.useful(LARGER)  # Its sizes hold on what plays, until b is made.
    assert not switch.useful(want("b"))
    assert not switch.useful(replace(want("c"), size=LARGER.size))


def test_what_may_come_is_opened_once_and_not_while_there_is_trouble(switch):
    switch.ahead, switch.foreseen = 5.0, want("c")
    assert switch.job(rested=False) is Job.FORESEE
    switch.lost = True
    for _ in range(3):
        switch.losses.add()
    assert switch.job(rested=True) is None  # Nor is a neighbour exported.
    switch.lost, switch.coming = False, object()
    assert switch.job(rested=False) is None
