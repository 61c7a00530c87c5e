"""Changes while a picture plays: with toys for the order of things, and with real processes, which
are killed, stopped and counted."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from livedream.runtime.errors import Cancelled, LivedreamError, SessionLost
from livedream.runtime.gradient import losses
from livedream.runtime.gradient import switching as module
from livedream.runtime.gradient.child import PLAYS, WAITS, Child
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.ort import ort
from livedream.runtime.gradient.platform import Processor
from livedream.runtime.gradient.process import Sessions
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.selection import Engines
from livedream.runtime.gradient.switching import Switcher
from livedream.runtime.gradient.wanted import Ready, Wanted

from ...patience import PATIENCE, until
from ..live.test_loop import QUIET, A, Export, Network, Toys, switching, want
from ..toy_graph import write_toy


def taken(switcher: Switcher) -> Ready:
    """What gets ready next."""
    end = time.monotonic() + PATIENCE
    while (ready := switcher.take()) is None:
        assert switcher._switch.failed is None, switcher._switch.failed
        assert time.monotonic() < end, "it did not get ready"
        time.sleep(0.002)
    return ready


class Opening:
    """Lets engines of `toys` made from now on wait with their first size until it is released.

    objective: of these alone, None of all.
    """

    def __init__(self, toys: Toys, objective: str | None = None) -> None:
        self.begun, self.release = threading.Event(), threading.Event()
        make = toys.engine

        def engine(graph, provider, wanted, precision="auto"):
            made = make(graph, provider, wanted)
            if objective in (None, str(wanted)):
                prepare = made.prepare

                def slowly(*size):
                    self.begun.set()
                    assert self.release.wait(PATIENCE)
                    prepare(*size)

                made.prepare = slowly
            return made

        toys.engine = engine


class TestOrder:
    def test_only_the_newest_request_counts_and_an_older_export_is_called_off(self):
        export = Export("b")
        switcher, _ = switching(Network(export))
        switcher.want(want("b"))
        assert export.begun.wait(PATIENCE)
        switcher.want(want("c"))
        assert str(taken(switcher).engine.objective) == "c"
        assert export.called_off.is_set()
        assert switcher.take() is None
        assert switcher.failed() is None

    def test_asking_again_changes_nothing(self):
        opened = []
        switcher, _ = switching(Network(lambda layers, cancel: opened.append(layers)))
        for _ in range(50):
            switcher.want(want("b"))
        assert taken(switcher).wanted == want("b")
        for _ in range(50):
            switcher.want(want("b"))
        assert switcher.take() is None
        assert opened == ["a", "b"]

    def test_a_layer_of_the_bank_asked_for_while_a_size_opens_is_no_new_opening(self):
        opened, toys = [], Toys()
        network = Network(lambda layers, cancel: opened.append(layers), bank="ab")
        switcher, _ = switching(network, toys)
        opening = Opening(toys)
        switcher.want(want("a", 2))
        assert opening.begun.wait(PATIENCE)
        switcher.want(want("b*0.5+a", 2))
        opening.release.set()
        ready = taken(switcher)
        assert str(ready.engine.objective) == "b*0.5+a"
        assert ready.engine is toys.made[-1]
        assert (len(toys.made), opened) == (2, ["a"])

    def test_octaves_changed_while_a_graph_is_made_hold_at_once_and_for_the_new_layer_too(self):
        export = Export("b")
        switcher, _ = switching(Network(export))
        switcher.want(want("b"))
        assert export.begun.wait(PATIENCE)
        for octaves in (2, 3):
            switcher.want(want("b", octaves))
            ready = taken(switcher)
            assert (str(ready.engine.objective), ready.wanted) == ("a", want("a", octaves))
            assert len(ready.engine.sizes) == octaves
        assert switcher.take() is None
        export.release.set()
        ready = taken(switcher)
        assert (str(ready.engine.objective), ready.wanted) == ("b", want("b", 3))
        assert len(ready.engine.sizes) == 3
        assert export.made == ["a", "b"]
        assert switcher.take() is None

    def test_both_at_once_open_once_where_the_graph_is_there(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        switcher.want(want("b", 3))
        assert taken(switcher).wanted == want("b", 3)
        assert len(toys.made) == 2

    def test_an_export_that_fails_leaves_the_octaves_that_hold_meanwhile(self):
        making, release = threading.Event(), threading.Event()

        def broken(layers, cancel):
            if layers == "b":
                making.set()
                assert release.wait(PATIENCE)
                raise LivedreamError("no room on the disk")

        switcher, _ = switching(Network(broken))
        switcher.want(want("b", 3))
        assert making.wait(PATIENCE)
        assert taken(switcher).wanted == want("a", 3)
        release.set()
        until(lambda: switcher._switch.failed is not None)
        assert switcher.failed() == (want("b", 3), "no room on the disk")
        assert switcher.take() is None
        switcher.want(want("a", 2))
        assert taken(switcher).wanted == want("a", 2)

    def test_octaves_that_cannot_be_had_call_the_export_off_too(self):
        export, toys = Export("b"), Toys()
        switcher, _ = switching(Network(export), toys)
        toys.trouble["quick"] = LivedreamError("no memory")
        switcher.want(want("b", 3))
        assert export.called_off.wait(PATIENCE)
        assert switcher.failed() == (want("b", 3), "no memory")
        until(lambda: switcher._switch.making is None)
        toys.trouble.clear()
        switcher.want(want("c"))
        assert str(taken(switcher).engine.objective) == "c"

    def test_back_to_the_layer_that_plays_calls_the_export_off(self):
        export = Export("b")
        switcher, _ = switching(Network(export))
        switcher.want(want("b"))
        assert export.begun.wait(PATIENCE)
        switcher.want(want("a"))
        assert export.called_off.wait(PATIENCE)
        switcher.want(want("a", 2))
        assert taken(switcher).wanted == want("a", 2)
        assert switcher.failed() is None

    def test_what_is_lost_while_a_graph_is_made_is_opened_again_at_once(self):
        export = Export("b")
        switcher, said = switching(Network(export))
        switcher.want(want("b"))
        assert export.begun.wait(PATIENCE)
        switcher.lost(SessionLost("It is gone."))
        assert taken(switcher).wanted == want("a")
        assert said == ["It is gone. It is opened again."]
        export.release.set()
        assert taken(switcher).wanted == want("b")

    def test_what_was_refused_is_not_tried_again_for_other_layers(self):
        toys = Toys("first", "second")
        switcher, _ = switching(toys=toys)
        switcher._switch.engines.refuse(toys.providers[0])
        switcher.want(want("b"))
        assert taken(switcher).engine.provider.name == "second"
        assert len(toys.made) == 2

    def test_stale_sizes_are_not_opened(self):
        """What was asked for in between is given up between two sizes."""
        toys = Toys()
        switcher, _ = switching(toys=toys)
        opening = Opening(toys)
        switcher.want(want("a", 2))
        assert opening.begun.wait(PATIENCE)
        for text in ("b", "c", "b", "c"):
            switcher.want(want(text))
        opening.release.set()
        assert str(taken(switcher).engine.objective) == "c"
        stale = toys.made[1]
        assert len(stale.sizes) == 1
        assert stale.closed.wait(PATIENCE)
        assert [str(each.objective) for each in toys.made] == ["a", "a", "c"]

    def test_what_no_longer_plays_is_closed_also_while_newer_wishes_come(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        for text in "bcbcbc":
            switcher.want(want(text))
            until(lambda: switcher._switch.ready is not None)  # and nobody takes it
        ready = taken(switcher)
        until(lambda: all(each.closed.is_set() for each in toys.made[:-1]))
        assert not ready.engine.closed.is_set()
        assert toys.made[-1] is ready.engine

    def test_a_layer_that_does_not_open_leaves_the_old_one_and_says_so(self):
        def broken(layers, cancel):
            if layers == "b":
                raise LivedreamError("no room on the disk")

        switcher, said = switching(Network(broken))
        for _ in range(2):
            switcher.want(want("b", 4))
            until(lambda: switcher._switch.failed is not None)
            assert switcher.failed() == (want("b", 4), "no room on the disk")
            assert switcher.failed() is None
            assert switcher.take() is None
        switcher.want(want("c"))
        assert str(taken(switcher).engine.objective) == "c"
        assert said == []

    def test_an_error_of_a_library_is_told_and_does_not_end_the_changing(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        toys.trouble["quick"] = RuntimeError("CUDA_ERROR_OUT_OF_MEMORY")
        switcher.want(want("b"))
        until(lambda: switcher._switch.failed is not None)
        assert switcher.failed()[1] == "quick could not be opened: CUDA_ERROR_OUT_OF_MEMORY."
        toys.trouble.clear()
        switcher.want(want("b"))
        assert str(taken(switcher).engine.objective) == "b"

    def test_nor_does_a_terminal_that_is_gone(self):
        toys = Toys("first", "second")
        engines = Engines(Network(), toys)
        engine = engines.quick(A.objective, lambda minimum: [A.size], QUIET)

        def gone(text):
            raise OSError(5, "Input/output error")

        switcher = Switcher(engines, Ready(engine, A), gone)
        toys.trouble["first"] = LivedreamError("first does not start.")
        switcher.want(want("b"))  # which tells that the second is tried
        assert taken(switcher).engine.provider.name == "second"
        switcher.want(want("c"))
        assert str(taken(switcher).engine.objective) == "c"

    def test_nor_does_an_error_that_nobody_foresaw(self):
        switcher, _ = switching()

        def broken(playing, sizes):
            switcher._switch.engines.let_go = lambda playing, sizes: None
            raise KeyError("what")

        switcher._switch.engines.let_go = broken
        switcher.want(want("a", 2))
        taken(switcher)
        until(lambda: switcher._switch.failed is not None)
        assert "what" in switcher.failed()[1]
        switcher.want(want("b"))
        assert str(taken(switcher).engine.objective) == "b"

    def test_a_better_provider_takes_over_and_every_change_starts_with_the_quick_one(self):
        started, release = threading.Event(), threading.Event()

        def slow(layers, cancel):
            if started.is_set() and threading.current_thread().name == "takeover":
                release.wait(PATIENCE)

        switcher, said = switching(Network(slow), Toys("slow", "quick"))
        assert switcher._switch.playing.engine.provider.name == "quick"
        started.set()
        assert not switcher.timing
        switcher.improve()
        until(lambda: switcher.timing)
        switcher.want(want("b"))
        ready = taken(switcher)
        assert (ready.engine.provider.name, str(ready.engine.objective)) == ("quick", "b")
        release.set()
        ready = taken(switcher)
        assert said == ["slow takes over."]
        assert (ready.engine.provider.name, str(ready.engine.objective)) == ("slow", "b")
        until(lambda: not switcher.timing)
        assert switcher.take() is None
        # Only another way to look at what is open already: no step back.
        switcher.want(want("b:0"))
        ready = taken(switcher)
        assert (ready.engine.provider.name, str(ready.engine.objective)) == ("slow", "b:0")
        # New octaves: the quick one has them at once, the slow one later.
        more = want("b", 2)
        switcher.want(more)
        assert taken(switcher).engine.provider.name == "quick"
        ready = taken(switcher)
        assert said == ["slow takes over."] * 2
        assert ready.engine.provider.name == "slow"
        assert ready.wanted == more
        assert len(ready.engine.sizes) == 2

    def test_a_build_for_what_was_replaced_is_called_off(self):
        begun, called_off = threading.Event(), []

        def slow(layers, cancel):
            if threading.current_thread().name == "takeover":
                begun.set()
                assert cancel.wait(PATIENCE)
                called_off.append(layers)
                raise Cancelled("called off")

        switcher, _ = switching(Network(slow), Toys("slow", "quick"))
        switcher.improve()
        assert begun.wait(PATIENCE)
        switcher.want(want("b"))
        taken(switcher)
        until(lambda: called_off == ["a"])
        assert switcher.close()

    def test_a_provider_that_fails_is_not_tried_at_every_key(self):
        toys = Toys("slow", "quick")
        toys.trouble["slow"] = LivedreamError("slow computes wrong.")
        switcher, said = switching(toys=toys)
        switcher.improve()
        until(lambda: said == ["slow computes wrong."])
        for octaves in (2, 3):
            switcher.want(want("a", octaves))
            assert taken(switcher).engine.provider.name == "quick"
        assert said == ["slow computes wrong."]
        assert [engine.provider.name for engine in toys.made].count("slow") == 1

    def test_what_got_ready_for_nobody_is_ended(self):
        """Nothing called it off between its last size and its end."""
        toys = Toys()
        switcher, _ = switching(toys=toys)
        opening = Opening(toys, "b")
        switcher.want(want("b"))
        assert opening.begun.wait(PATIENCE)
        switcher.want(want("a"))
        opening.release.set()
        assert toys.made[1].closed.wait(PATIENCE)
        assert switcher.take() is None

    def test_one_layer_does_not_stand_in_for_another(self):
        """Neither while it opens nor when it is ready and nobody took it yet."""
        toys = Toys()
        switcher, _ = switching(toys=toys)
        opening = Opening(toys, "b")
        switcher.want(want("b"))
        assert opening.begun.wait(PATIENCE)
        switcher.want(want("c"))
        opening.release.set()
        until(lambda: switcher._switch.ready is not None)
        switcher.want(want("b"))
        assert switcher.take() is None
        assert str(taken(switcher).engine.objective) == "b"
        assert [str(each.objective) for each in toys.made] == ["a", "b", "c", "b"]

    def test_closing_waits_for_a_graph_that_is_made_and_calls_it_off(self):
        begun, over = threading.Event(), threading.Event()

        def slow(layers, cancel):
            if layers == "b":
                begun.set()
                assert cancel.wait(PATIENCE)
                time.sleep(0.1)  # An exporter takes a moment to end.
                over.set()
                raise Cancelled("called off")

        switcher, _ = switching(Network(slow))
        switcher.want(want("b"))
        assert begun.wait(PATIENCE)
        assert switcher.close()
        assert over.is_set()

    def test_all_that_is_made_beside_a_picture_is_made_gently(self):
        class Noted(Network):
            def graph_for(self, objective, provider, progress, background, cancel):
                gently.append((str(objective), provider.name, background))
                return super().graph_for(objective, provider, progress, background, cancel)

        gently: list[tuple[str, str, bool]] = []
        toys = Toys("slow", "quick")
        toys.providers = tuple(
            replace(each, form=each.name) for each in toys.providers
        )  # each with files of its own
        switcher, said = switching(Noted(), toys)
        switcher.want(want("b"))
        taken(switcher)
        taken(switcher)
        assert said == ["slow takes over."]
        assert gently == [
            ("a", "quick", False), ("b", "quick", True), ("b", "slow", True),
        ]  # fmt: skip


class TestLosses:
    @pytest.mark.parametrize(("moments", "leaves"), [((0, 20, 59), True), ((0, 20, 70), False)])
    def test_three_within_a_minute_leave_it_to_the_next(self, moments, leaves, monkeypatch):
        now = [0.0]
        monkeypatch.setattr(losses, "time", SimpleNamespace(monotonic=lambda: now[0]))
        toys = Toys("first", "second")
        switcher, _ = switching(toys=toys)
        for moment in moments:
            now[0] = moment
            assert switcher.lost(SessionLost("It is gone."))
            assert not switcher.lost(SessionLost("It is gone."))
            ready = taken(switcher)
        assert ready.engine.provider.name == ("second" if leaves else "first")

    def test_the_only_one_is_opened_again_after_a_pause(self, monkeypatch):
        now = [0.0]
        monkeypatch.setattr(losses, "time", SimpleNamespace(monotonic=lambda: now[0]))
        monkeypatch.setattr(losses, "PAUSE", 0.2)
        switcher, _ = switching()
        for _ in range(2):
            switcher.lost(SessionLost("It is gone."))
            taken(switcher)
        switcher.lost(SessionLost("It is gone."))
        time.sleep(0.5)
        assert switcher.take() is None
        now[0] = 0.3
        assert taken(switcher).engine.provider.name == "quick"

    def test_at_the_end_it_is_no_news(self):
        switcher, said = switching()
        assert switcher.close()
        assert not switcher.lost(SessionLost("It is gone."))
        assert said == []


class TestSteppingDown:
    @pytest.mark.parametrize("elsewhere", [True, False])
    def test_what_played_and_what_was_wanted_end(self, elsewhere):
        export, toys = Export("b"), Toys()
        switcher, _ = switching(Network(export), toys)
        kept = []
        switcher._switch.playing.engine.keep = kept.append
        switcher.want(want("b"))
        assert export.begun.wait(PATIENCE)
        platform = Toys("other") if elsewhere else toys
        old = switcher._switch.playing.engine
        engine = platform.engine(old.graph, platform.providers[0], A.objective)
        less = Ready(engine if elsewhere else old, replace(A, size=(16, 20)))
        switcher.step_down(less, platform)
        assert switcher.platform is platform
        if elsewhere:
            assert old.closed.wait(PATIENCE)
            assert not engine.closed.is_set()
        else:
            until(lambda: kept == [{(16, 20)}])
        assert switcher.failed() is None
        switcher.want(replace(A, objective=parse_objective("c"), size=(16, 20)))
        assert str(taken(switcher).engine.objective) == "c"
        assert switcher.lost(SessionLost("It is gone."))


class TestAhead:
    def test_nothing_is_exported_before_there_is_rest(self):
        made: list[str] = []
        toys, warm = Toys(), threading.Event()
        toys.warm = warm.set  # the last thing that is done before the rest
        engines = Engines(Network(lambda layers, cancel: made.append(layers)), toys)
        engine = engines.quick(A.objective, lambda minimum: [A.size], QUIET)
        switcher = Switcher(engines, Ready(engine, A), lambda text: None, ahead=3600)
        switcher.improve()
        assert warm.wait(PATIENCE)
        assert switcher.close()
        assert made == ["a"]

    def test_neighbours_are_exported_while_nothing_else_is_wanted(self):
        class Noted(Network):
            def graph_for(self, objective, provider, progress, background, cancel):
                made.append((str(objective), background))
                return super().graph_for(objective, provider, progress, background, cancel)

        made: list[tuple[str, bool]] = []
        engines = Engines(Noted(), Toys())
        engine = engines.quick(A.objective, lambda minimum: [A.size], QUIET)
        switcher = Switcher(engines, Ready(engine, A), lambda text: None, ahead=0.01)
        switcher.improve()
        until(lambda: made == [("a", False), ("b", True), ("c", True)])
        assert switcher.close()

    @pytest.mark.parametrize("ahead", [60.0, None])
    def test_the_platform_is_kept_warm_for_the_next_change(self, ahead):
        toys, warmed, closed = Toys(), [], []
        toys.warm, toys.close = lambda: warmed.append(len(toys.made)), lambda: closed.append(True)
        engines = Engines(Network(), toys)
        engine = engines.quick(A.objective, lambda minimum: [A.size], QUIET)
        switcher = Switcher(engines, Ready(engine, A), lambda text: None, ahead=ahead)
        switcher.improve()
        if ahead:
            until(lambda: warmed == [1])
        for number, text in ((2, "b"), (3, "c")):
            switcher.want(want(text))
            taken(switcher)
            if ahead:
                until(lambda number=number: len(warmed) == number)
        assert switcher.close()
        assert warmed == ([1, 2, 3] if ahead else [])
        assert closed == [True]

    @pytest.mark.parametrize("by", ["a wish", "the end"])
    def test_that_is_called_off_at_once_by(self, by):
        begun = threading.Event()

        def slow(layers, cancel):
            if layers == "b" and not begun.is_set():
                begun.set()
                assert cancel.wait(PATIENCE)
                raise Cancelled("called off")

        engines = Engines(Network(slow), Toys())
        engine = engines.quick(A.objective, lambda minimum: [A.size], QUIET)
        switcher = Switcher(engines, Ready(engine, A), lambda text: None, ahead=0.01)
        switcher.improve()
        assert begun.wait(PATIENCE)
        if by == "a wish":
            switcher.want(want("c"))
            assert str(taken(switcher).engine.objective) == "c"
        assert switcher.close()


class Graphs:
    """A network whose layers are toy graphs: real files for real sessions."""

    request = SimpleNamespace(precision="auto")
    graph = None

    def __init__(self, folder: Path) -> None:
        self.layers = dict.fromkeys("abcde", 4)
        self.files = {name: write_toy(folder / f"{name}.onnx", name) for name in self.layers}

    def taps(self, objective):
        return tuple(objective.layers)

    def graph_for(self, objective, provider, progress, background=False, cancel=None):
        return read_graph(self.files[objective.layers[0]])


def wish(text: str, octaves: int = 1, size: tuple[int, int] = (32, 40)) -> Wanted:
    return Wanted(parse_objective(text), octaves, 1.2, size)


class Show:
    """What the loop of a show does with a switcher, with processes and no picture."""

    def __init__(self, folder: Path, *providers: str, ahead: float | None = None) -> None:
        self.said: list[str] = []
        self.platform = Processor(tuple(PROVIDERS[name] for name in providers or ("cpu",)))
        engines = Engines(Graphs(folder), self.platform)
        first = wish("a")
        engine = engines.quick(first.objective, first.sizes, QUIET)
        self.playing = Ready(engine, first)
        self.switcher = Switcher(engines, self.playing, self.said.append, ahead=ahead)

    @property
    def pid(self) -> int:
        return self.playing.engine._sessions.pid

    def take(self) -> None:
        self.playing = taken(self.switcher)

    def change(self, wanted: Wanted) -> None:
        self.switcher.want(wanted)
        self.take()
        self.dream()

    def dream(self) -> None:
        for size in self.playing.wanted.sizes(16):
            image = np.random.default_rng(0).random((3, *size), np.float32)
            weight = sum(term.weight for term in self.playing.engine.objective.terms)
            expected = (image - image.mean()) * np.float32(weight)
            assert np.allclose(self.playing.engine.gradient(image), expected, atol=1e-5)


@pytest.fixture
def show(tmp_path):
    made = Show(tmp_path)
    yield made
    made.switcher.close()
    until(lambda: not children())


def children() -> list[int]:
    """Processes that live below this one."""
    found = psutil.Process().children(recursive=True)
    return [each.pid for each in found if alive(each)]


def serves(pid: int) -> bool:
    try:
        return any("waiting" in part for part in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


posix = pytest.mark.skipif(os.name != "posix", reason="signals and files of POSIX")


class TestForeseen:
    def test_nobody_waits_for_what_was_foreseen(self):
        opened = []
        switcher, _ = switching(Network(lambda layers, cancel: opened.append(layers)))
        switcher.foresee(want("b", 3))
        until(lambda: switcher._switch.coming is not None and switcher._switch.coming.over)
        assert switcher.take() is None  # What plays goes on until somebody wants it.
        switcher.want(want("b*0.5", 3))
        ready = switcher.take()
        assert ready
        assert (str(ready.engine.objective), ready.wanted) == ("b*0.5", want("b*0.5", 3))
        assert opened == ["a", "b"]
        switcher.foresee(want("a"))
        until(lambda: switcher._switch.coming is not None and switcher._switch.coming.over)
        switcher.want(want("a"))
        assert switcher.take()

    def test_what_is_open_is_not_opened_again(self):
        toys = Toys()
        switcher, _ = switching(Network(bank="ab"), toys)
        toys.made[0].sizes.update(want("a", 2).sizes(0))
        switcher.foresee(want("b", 2))
        switcher.want(want("c"))
        assert taken(switcher).wanted == want("c")
        assert [str(each.objective) for each in toys.made] == ["a", "c"]

    def test_what_is_wanted_comes_before_what_is_foreseen(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        opening = Opening(toys, "b")
        switcher.foresee(want("b"))
        assert opening.begun.wait(PATIENCE)
        switcher.want(want("c"))
        opening.release.set()
        assert taken(switcher).wanted == want("c")
        called_off = toys.made[1]
        assert str(called_off.objective) == "b"
        until(called_off.closed.is_set)
        until(lambda: switcher._switch.coming is not None and switcher._switch.coming.over)
        switcher.want(want("b"))
        assert switcher.take()

    def test_wanted_while_it_opens_it_is_opened_once(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        opening = Opening(toys, "b")
        switcher.foresee(want("b"))
        assert opening.begun.wait(PATIENCE)
        switcher.want(want("b"))
        opening.release.set()
        assert taken(switcher).wanted == want("b")
        assert len(toys.made) == 2

    def test_what_cannot_be_opened_is_told_once_and_tried_when_it_is_wanted(self):
        toys = Toys()
        switcher, said = switching(toys=toys)
        toys.trouble["quick"] = LivedreamError("No room.")
        switcher.foresee(want("b"))
        until(lambda: said)
        switcher.foresee(want("b*0.5"))  # The same sessions.
        del toys.trouble["quick"]
        switcher.want(want("b"))
        assert taken(switcher).wanted == want("b")
        assert said == ["What comes next cannot be opened yet: No room."]

    def test_a_dream_that_went_on_with_less_opens_nothing_beside_it(self):
        toys = Toys()
        switcher, _ = switching(toys=toys)
        switcher.foresee(want("b"))
        until(lambda: switcher._switch.coming is not None and switcher._switch.coming.over)
        switcher.step_down(switcher._switch.playing, switcher.platform)
        until(toys.made[1].closed.is_set)
        switcher.foresee(want("b*0.5"))
        switcher.want(want("c"))
        assert taken(switcher).wanted == want("c")
        assert [str(each.objective) for each in toys.made] == ["a", "b", "c"]


@posix
class TestProcesses:
    def test_the_next_cue_opens_behind_what_plays_and_is_there_at_once(self, show, monkeypatch):
        priorities, played, opened = [], show.pid, Sessions.open
        monkeypatch.setattr(Child, "prioritise", lambda child, nice: priorities.append(nice))

        def seen(*arguments):
            opened(*arguments)
            assert priorities[-1] == WAITS

        monkeypatch.setattr(Sessions, "open", seen)
        show.switcher.foresee(wish("a", 3))
        until(
            lambda: show.switcher._switch.coming is not None and show.switcher._switch.coming.over
        )
        assert priorities[-1] == PLAYS  # It has nothing to do before it plays.
        assert len(children()) == 2
        show.dream()
        assert show.pid == played
        show.switcher.want(wish("a*0.5", 3))
        ready = show.switcher.take()
        assert ready
        show.playing = ready
        show.dream()
        assert show.pid != played
        until(lambda: children() == [show.pid])

    def test_what_does_not_come_after_all_ends(self, show):
        for wanted in (wish("b", 2), wish("c", 2), None):
            show.switcher.foresee(wanted)
            until(lambda count=1 + (wanted is not None): len(children()) == count)
        assert children() == [show.pid]

    def test_changes_leave_everything_where_it_was(self, show):
        here = psutil.Process()
        wishes = [wish("b"), wish("b", 3), wish("c", 2, (40, 48)), wish("a*2"), wish("a*2", 2)]

        def rested() -> bool:
            return len(children()) == 1 and not show.switcher._switch.retired

        for wanted in wishes:
            show.change(wanted)
        until(rested)
        files, threads = here.num_fds(), here.num_threads()
        for wanted in wishes * 2:
            show.change(wanted)
            assert len(children()) <= 3  # the new one, the old one, one that is just killed
        # The last one that was killed may not be forgotten yet.
        until(lambda: rested() and here.num_fds() <= files)
        assert here.num_threads() <= threads

    def test_a_held_key_opens_what_was_wanted_last(self, show):
        most = 0
        for number in range(60):
            show.switcher.want(wish("bcde"[number % 4], 1 + number % 3))
            most = max(most, len(children()))
            time.sleep(0.005)
        last = wish("bcde"[59 % 4], 1 + 59 % 3)
        show.take()
        assert show.playing.wanted == last
        show.dream()
        assert most <= 3
        until(lambda: children() == [show.pid])

    def test_one_process_waits_for_the_next_change_and_plays_then(self, tmp_path):
        show = Show(tmp_path, ahead=3600.0)
        spare = show.platform.spare
        try:
            show.switcher.improve()
            for text in "bcd":
                until(lambda: spare.pid and set(children()) == {show.pid, spare.pid})
                waiting = spare.pid
                show.change(wish(text))
                assert show.pid == waiting
        finally:
            show.switcher.close()
        until(lambda: not children())

    @pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="Linux' groups")
    def test_what_plays_gives_way_to_what_opens(self, show, monkeypatch):
        def nice(pid: int) -> int:
            return int(Path(f"/proc/{pid}/autogroup").read_text().split()[-1])

        before, meanwhile, opened = show.pid, [], Switcher._opened

        def seen(*arguments):
            meanwhile.append(nice(before))
            return opened(*arguments)

        monkeypatch.setattr(Switcher, "_opened", seen)
        show.playing.engine._sessions.prioritise(PLAYS)
        show.switcher.want(wish("b"))
        show.take()
        assert meanwhile == [WAITS]
        until(lambda: nice(show.pid) == PLAYS)

    def test_octaves_open_beside_what_plays(self, show):
        """The process that plays could compute nothing meanwhile."""
        playing, pid = show.playing, show.pid
        show.switcher.want(wish("a", 3))
        until(lambda: show.switcher._switch.ready is not None)
        show.dream()
        assert playing.engine._sessions.sizes == {(32, 40)}
        show.take()
        show.dream()
        assert show.pid != pid
        until(lambda: children() == [show.pid])

    def test_one_that_is_killed_is_opened_again(self, show):
        old = show.pid
        os.kill(old, signal.SIGKILL)
        with pytest.raises(SessionLost) as caught:
            show.dream()
        for _ in range(20):  # as every frame until it is there
            show.switcher.lost(caught.value)
        show.take()
        show.dream()
        assert show.playing.wanted == wish("a")
        assert show.said == [f"{caught.value} It is opened again."]
        assert children() == [show.pid]

    def test_a_change_after_a_loss_is_the_cure_too(self, show):
        os.kill(show.pid, signal.SIGKILL)
        with pytest.raises(SessionLost) as caught:
            show.dream()
        show.switcher.want(wish("d"))
        show.switcher.lost(caught.value)
        show.take()
        if show.playing.wanted != wish("d"):
            show.take()
        show.dream()
        assert show.playing.wanted == wish("d")

    def test_what_is_lost_again_and_again_leaves_it_to_the_next(self, tmp_path):
        if PROVIDERS["openvino"].ep not in ort.get_available_providers():
            pytest.skip("one provider is installed here")
        show = Show(tmp_path, "openvino", "cpu")
        for name in ("openvino", "openvino", "cpu"):
            os.kill(show.pid, signal.SIGKILL)
            with pytest.raises(SessionLost) as caught:
                show.dream()
            show.switcher.lost(caught.value)
            show.take()
            show.dream()
            assert show.playing.engine.provider.name == name
        show.switcher.close()

    def test_the_end_waits_for_nothing_that_hangs(self, show, monkeypatch):
        """Neither for what plays nor for what opens, both stopped in the midst of it."""
        begun = threading.Event()
        waiting = module.Engines.open

        def stopped(self, provider, objective, sizes, opening):
            begun.set()
            return waiting(self, provider, objective, sizes, opening)

        monkeypatch.setattr(module.Engines, "open", stopped)
        os.kill(show.pid, signal.SIGSTOP)
        show.switcher.want(wish("b", 3))
        assert begun.wait(PATIENCE)
        # Before it executes its program it is a copy of this one.
        until(lambda: len([pid for pid in children() if serves(pid)]) == 2)
        for pid in children():
            os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(module, "CLOSING", PATIENCE)
        assert show.switcher.close()
        assert not children()
        assert show.switcher._worker is None or not show.switcher._worker.is_alive()
