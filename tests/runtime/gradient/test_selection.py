"""Which provider's engine is opened, kept, left and ended: toys, in one thread."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from livedream.runtime.errors import Cancelled, LivedreamError, UsageError
from livedream.runtime.gradient.export_process import NotExported
from livedream.runtime.gradient.selection import Engines, Opening

from ..live.test_loop import SIZE, A, Network, Toys

ONE, TWO = [SIZE], [(16, 20), SIZE]


class Openings:
    """Engines of toys, and what they said."""

    def __init__(self, *providers: str, network: Network | None = None) -> None:
        self.toys = Toys(*providers)
        self.said: list[str] = []
        self.engines = Engines(network or Network(), self.toys)
        self.cancel = threading.Event()
        self.opening = Opening(lambda *_: None, self.said.append, cancel=self.cancel)

    def quick(self, sizes=ONE):
        return self.engines.quick(A.objective, lambda minimum: sizes, self.opening)

    def open(self, name: str, sizes=ONE):
        provider = next(each for each in self.toys.providers if each.name == name)
        return self.engines.open(provider, A.objective, lambda minimum: sizes, self.opening)


def test_one_that_was_called_off_is_no_worse_for_it():
    made = Openings("first", "second")
    made.cancel.set()
    with pytest.raises(Cancelled):
        made.quick()
    assert made.engines.refused == set()
    assert made.toys.made[0].closed.is_set()
    made.cancel.clear()
    assert made.quick().provider.name == "first"
    assert made.said == []


def test_it_is_called_off_between_two_sizes():
    made = Openings("first")
    seen = []
    made.opening = replace(
        made.opening, progress=lambda stage, part: (seen.append((stage, part)), made.cancel.set())
    )
    with pytest.raises(Cancelled):
        made.quick(TWO)
    assert seen == [("opening first at 20x16", 0.0)]


def test_one_that_does_not_start_is_told_and_not_tried_again():
    made = Openings("first", "second")
    made.toys.trouble["first"] = LivedreamError("first lacks a library.")
    assert made.quick().provider.name == "second"
    assert made.said == ["first lacks a library. Trying second."]
    made.toys.trouble.clear()
    assert made.quick(TWO).provider.name == "second"
    assert [each.provider.name for each in made.toys.made] == ["first", "second"]
    assert made.toys.made[0].closed.is_set()


def test_where_none_starts_the_last_ones_reason_is_raised_every_time():
    made = Openings("first", "second")
    made.toys.trouble = {name: LivedreamError(f"{name} fails.") for name in ("first", "second")}
    for _ in range(2):
        with pytest.raises(LivedreamError, match="second fails"):
            made.quick()
    assert made.said == ["first fails. Trying second."] * 2


@pytest.mark.parametrize("exported", [[], ["third"]], ids=["nowhere", "elsewhere"])
def test_a_graph_that_cannot_be_made_is_no_fault_of_the_providers(exported):
    """It is told once, and only those that have theirs already are tried."""
    network = Network()
    network.has_graph = lambda objective, provider: provider.name in exported
    made = Openings("first", "second", "third", network=network)
    made.toys.trouble = dict.fromkeys(("first", "second"), NotExported("No weights."))
    if exported:
        assert made.quick().provider.name == "third"
        assert made.said == ["No weights. Trying third."]
    else:
        with pytest.raises(NotExported, match=r"^No weights\.$"):
            made.quick()
        assert made.said == []
    assert made.engines.refused == set()


def test_one_that_plays_and_has_no_room_for_more_goes_on_as_it_is():
    made = Openings("first", "second")
    playing = made.quick()
    playing.prepare = lambda *size: (_ for _ in ()).throw(LivedreamError("no memory"))
    steered = playing.steered
    playing.steered = lambda objective: (
        setattr(other := steered(objective), "prepare", playing.prepare) or other
    )
    assert made.quick(TWO).provider.name == "second"
    assert made.engines.refused == set()
    assert not playing.closed.is_set()
    assert made.quick().provider.name == "first"


def test_an_error_of_a_library_is_a_sentence():
    made = Openings("first")
    made.toys.trouble["first"] = RuntimeError("out of it.\nmore")
    with pytest.raises(LivedreamError, match=r"^first could not be opened: out of it\.$"):
        made.quick()
    made.toys.trouble["first"] = ValueError()
    with pytest.raises(LivedreamError, match=r"^first could not be opened: ValueError\.$"):
        made.quick()


def test_a_precision_that_it_does_not_have_is_the_askers_mistake():
    network = Network()
    network.request = SimpleNamespace(precision="fp16")
    made = Openings("first", "second", network=network)
    with pytest.raises(UsageError, match="first does not compute in fp16; it offers fp32"):
        made.quick()
    assert made.engines.refused == set()
    network.request = SimpleNamespace(precision="fp32")
    assert made.quick().provider.name == "first"


def test_what_is_open_is_steered_and_opens_nothing():
    made = Openings("first")
    first = made.quick(TWO)
    again = made.quick()
    assert again is not first
    assert again.sizes is first.sizes
    assert len(made.toys.made) == 1


def test_a_graph_that_was_made_before_is_not_asked_for_again():
    asked = []
    made = Openings("first", network=Network(lambda layers, cancel: asked.append(layers)))
    made.engines.make(A.objective, made.opening)
    assert made.toys.made == []
    made.quick()
    assert asked == ["a"]


def test_the_graph_is_made_for_the_one_that_will_be_tried():
    made = Openings("slow", "first", "second")
    forms = []
    made.toys.providers = tuple(replace(each, form=each.name) for each in made.toys.providers)
    made.engines._graph_for = lambda provider, *_: forms.append(provider.form)
    made.engines.make(A.objective, made.opening)
    made.engines.refuse(made.toys.providers[1])
    made.engines.make(A.objective, made.opening)
    made.engines.refused |= {"slow", "second"}
    made.engines.make(A.objective, made.opening)
    assert forms == ["first", "second", "first"]


def test_the_last_one_is_never_refused():
    made = Openings("first", "second")
    first, second = made.toys.providers
    assert made.engines.refuse(first)
    assert not made.engines.refuse(second)
    assert made.engines.refused == {"first"}


def test_what_a_better_one_has_open_is_kept_and_a_worse_one_is_ended():
    made = Openings("slow", "first", "second")
    slow, second = made.open("slow", TWO), made.open("second")
    playing = made.open("first", TWO)
    kept: list[tuple[str, set]] = []
    for engine in (slow, playing):
        engine.keep = lambda sizes, name=engine.provider.name: kept.append((name, set(sizes)))
    made.engines.let_go(playing, lambda minimum: ONE)
    assert sorted(kept) == [("first", {SIZE}), ("slow", {SIZE})]
    assert second.closed.is_set()
    assert not slow.closed.is_set()
    assert not playing.closed.is_set()
    assert made.open("second") is not second
    assert made.engines.better_than(playing) == [made.toys.providers[0]]


def test_after_the_end_nothing_is_open_and_nothing_opens():
    made = Openings("first", "second")
    opened = [made.open("first"), made.open("second")]
    made.engines.close()
    assert all(each.closed.is_set() for each in opened)
    with pytest.raises(Cancelled):
        made.open("first", TWO)


def test_what_opens_at_the_end_is_ended_and_called_off():
    made = Openings("first")
    make = made.toys.engine

    def engine(*arguments):
        opening = make(*arguments)
        opening.prepare = lambda *size: (made.engines.close(), opening.sizes.add(size[:2]))
        return opening

    made.toys.engine = engine
    with pytest.raises(Cancelled):
        made.quick()
    assert made.toys.made[0].closed.is_set()


def test_a_failure_at_the_end_is_called_off_too():
    """Its process was killed under it: that is no trouble of the provider's."""
    made = Openings("first")
    make = made.toys.engine

    def engine(*arguments):
        opening = make(*arguments)

        def prepare(*size):
            made.engines.close()
            raise LivedreamError("its process ended.")

        opening.prepare = prepare
        return opening

    made.toys.engine = engine
    with pytest.raises(Cancelled):
        made.quick()
    assert made.engines.refused == set()


def test_layers_are_covered_by_all_that_is_open_or_not_at_all():
    made = Openings("first")
    made.quick()
    assert made.engines.covers(A.objective)
    other = replace(A.objective, terms=(replace(A.objective.terms[0], layer="b"),))
    assert not made.engines.covers(other)


def test_without_a_provider_it_says_what_to_install():
    made = Openings("first")
    made.toys.providers = ()
    with pytest.raises(LivedreamError, match="pip install"):
        Engines(Network(), made.toys).quick(A.objective, lambda minimum: ONE, made.opening)
