"""What is not climbed is not computed for long: real processes, a clock that is set by hand."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.errors import SessionLost
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.shallow import REST, deepest
from livedream.runtime.gradient.steering import steering

from ...patience import PATIENCE

LITE = MODELS["efficientnet_lite0"]
MATCHED = ("block2", "block2@match", "block3")
SIZE = (32, 48)


@pytest.fixture(scope="module")
def graph(exported):
    return read_graph(exported(LITE.bank))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Playing:
    """An engine that plays, with a clock of its own."""

    def __init__(self, graph, text: str, background: bool = True) -> None:
        self.clock = Clock()
        self.engine = HostEngine(graph, PROVIDERS["cpu"], parse_objective(text))
        self.engine._shallow._clock = self.clock
        self.engine.prepare(*SIZE, background)
        self.image = np.random.default_rng(4).random((3, *SIZE), np.float32)

    @property
    def shallow(self) -> tuple[str, int | None] | None:
        """The layer that the open cut ends at, and its process."""
        opened = self.engine._shallow._open
        return opened and (opened[0], opened[1].pid)

    def gradient(self) -> np.ndarray:
        return self.engine.gradient(self.image)

    def rest(self) -> None:
        """Play on until what is opened in the background is there."""
        self.gradient()
        self.clock.now += REST
        self.gradient()
        end = time.monotonic() + PATIENCE
        while self.engine._shallow._opening:
            assert time.monotonic() < end
            time.sleep(0.005)


@pytest.fixture
def play(graph):
    playing = []

    def begin(text: str, of=None, **options) -> Playing:
        playing.append(Playing(of or graph, text, **options))
        return playing[-1]

    yield begin
    for each in playing:
        each.engine.close()


def test_the_deepest_layer_that_is_climbed(graph):
    def of_provider(name: str, graph, text: str) -> str | None:
        return deepest(graph, PROVIDERS[name], steering(parse_objective(text), graph.layers))

    def of(text: str) -> str | None:
        return of_provider("cpu", graph, text)

    assert of("block2") == "block2"
    assert of("block9:6+block3") == "block9"
    assert of("block5+block11*0") == "block5"
    assert of("block5*0") is None
    assert of("block2+block11:3") is None
    assert of_provider("cpu", replace(graph, cuts={}), "block2") is None
    assert of_provider("cuda", graph, "block2") == "block2"
    assert of_provider("tensorrt", graph, "block2") is None


def test_two_places_of_one_layer_are_not_cut(exported):
    """The cut at either would climb that one alone."""
    graph = read_graph(exported(MATCHED))
    found = {
        text: deepest(graph, PROVIDERS["cpu"], steering(parse_objective(text), graph.layers))
        for text in ("block2", "block2@match", "block2+block2@match")
    }
    assert found == {
        "block2": "block2",
        "block2@match": "block2@match",
        "block2+block2@match": None,
    }


def test_a_cut_takes_over_after_a_while_and_computes_the_same(play):
    playing = play("block5")
    before = playing.gradient()
    assert playing.shallow is None
    playing.rest()
    assert playing.shallow[0] == "block5"
    after = playing.gradient()
    assert np.linalg.norm(after - before) <= 1e-5 * np.linalg.norm(before)


def test_a_deeper_layer_plays_at_once_and_the_cut_stays_for_its_return(play):
    playing = play("block5")
    playing.rest()
    cut = playing.shallow
    playing.engine.steer(parse_objective("block5+block11"))
    mixed = playing.gradient()
    whole, _ = playing.engine._climbed
    assert np.array_equal(mixed, playing.engine._sessions.run(playing.image, whole))
    playing.engine.steer(parse_objective("block5:3"))
    assert playing.engine._shallow.sessions("block5", SIZE, whole).pid == cut[1]
    playing.engine.steer(parse_objective("block2"))
    playing.rest()
    assert playing.shallow[0] == "block2"


def test_what_is_opened_while_nothing_plays_has_its_cut_at_once(play):
    assert play("block3", background=False).shallow[0] == "block3"
    assert play("block11", background=False).shallow is None


def test_a_cut_whose_process_dies_costs_no_frame(play):
    playing = play("block5", background=False)
    expected = playing.gradient()
    playing.engine._shallow._open[1]._child.process.kill()
    assert np.allclose(playing.gradient(), expected, rtol=1e-3, atol=1e-8)
    playing.rest()
    assert playing.shallow[1] is not None


def test_a_cut_that_computes_something_else_is_not_used(play, graph):
    wrong = replace(graph, cuts={**graph.cuts, "block5": graph.cuts["block2"]})
    playing = play("block5", of=wrong)
    playing.rest()
    assert playing.shallow is None
    assert playing.engine._shallow._refused == {"block5"}


def test_other_sizes_are_let_go_and_closing_ends_both(play):
    playing = play("block5", background=False)
    playing.engine.prepare(40, 40)
    sessions = playing.engine._shallow._open[1]
    assert sessions.sizes == {SIZE, (40, 40)}
    playing.engine.keep([SIZE])
    assert sessions.sizes == {SIZE}
    playing.engine.close()
    assert sessions.pid is None
    with pytest.raises(SessionLost):
        playing.gradient()


def test_the_mean_activations_are_torchs(graph, play):
    torch = pytest.importorskip("torch")
    from livedream.export.weights import load

    weighted = load(LITE, LITE.bank, "random", progress=lambda stage, fraction: None)
    playing = play("block5")
    for height, width in (SIZE, (41, 33)):
        image = np.random.default_rng(height).random((3, height, width), np.float32)
        means = playing.engine.means(image)
        centre, spread = (
            torch.tensor(v, dtype=torch.float64).reshape(3, 1, 1)
            for v in (weighted.mean, weighted.std)
        )
        with torch.no_grad():
            network = weighted.network.to(torch.float64)
            activations = network(((torch.from_numpy(image) - centre) / spread)[None])
        for layer, a in zip(LITE.bank, activations, strict=True):
            assert means[layer].shape == (a.shape[1],)
            assert means[layer] == pytest.approx(a.mean((0, 2, 3)).numpy(), rel=1e-3, abs=1e-5)
