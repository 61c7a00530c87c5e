"""What a recall does to the engine: a morph where the graph holds both ends, else one change."""

from __future__ import annotations

from types import SimpleNamespace

from livedream.runtime.gradient.objective import parse_objective

from ...patience import until
from .test_loop import Film, Network, Setting


class Bank(Network):
    """One graph that taps every layer."""

    def graph_for(self, objective, provider, progress, background, cancel):
        self.prepare(str(objective), cancel)
        return SimpleNamespace(layers=self.layers, guides=None)


def test_inside_the_bank_layers_go_over_by_their_weights_and_nothing_is_opened():
    opened: list[str] = []
    network = Bank(lambda layers, cancel: opened.append(layers))
    with Setting(Film(10**9), network) as show:
        before = list(opened)
        show.next()
        seen = []
        show.dreaming.listener = lambda dreamt: seen.append(dreamt.settings["layers"])
        show.desk.set("layers", "b", "test", 60)
        until(lambda: len(set(seen)) > 8)
        show.desk.set("layers", "b", "test", 0.01)
        show.wait_for(layers="b")
        assert opened == before
    shares = [
        {term.layer: term.weight for term in parse_objective(text).terms}.get("b", 0.0)
        for text in seen
    ]
    assert shares == sorted(shares)
    assert sum(0 < share < 1 for share in shares) > 5


def test_outside_of_it_only_the_end_is_prepared_and_then_played():
    opened: list[str] = []
    network = Network(lambda layers, cancel: opened.append(layers))
    with Setting(Film(10**9), network) as show:
        show.next()
        seen = []
        show.dreaming.listener = lambda dreamt: seen.append(dreamt.settings["layers"])
        show.desk.set("layers", "b", "test", 0.3)
        show.wait_for(layers="b")
        for _ in range(200):
            show.next()
    assert list(dict.fromkeys(seen)) in (["a", "b"], ["b"])
    assert "b" in opened
    assert not any("+" in layers for layers in opened)


def test_what_is_opened_during_a_morph_is_opened_for_its_end_and_played_on_the_way():
    with Setting(Film(10**9), Bank()) as show:
        show.next()
        show.desk.fade({"layers": "b", "octaves": 2}, "test", 300)
        dreamt = show.wait_for(octaves=2)
        assert str(show.switcher._switch.playing.wanted.objective) == "b"
        assert dreamt.settings["layers"].startswith("a*0.9")


def test_a_fader_leads_from_guide_to_guide_and_opens_nothing():
    opened: list[str] = []

    class Guided(Bank):
        def graph_for(self, *asked):
            return SimpleNamespace(
                layers=super().graph_for(*asked).layers, guides=SimpleNamespace(photos=("x", "y"))
            )

    with Setting(Film(10**9), Guided(lambda layers, cancel: opened.append(layers))) as show:
        show.next()
        before = list(opened)
        for place, layers in ((1, "a@guide1"), (1.5, "a@guide1*0.5+a@guide2*0.5"), (0, "a")):
            show.desk.set("guide", place, "test", 0)
            show.wait_for(layers=layers)
        show.desk.set("guide", 8, "test", 0)
        show.desk.set("layers", "b", "test", 0)
        show.wait_for(layers="b@guide2")
        assert opened == before


def test_the_next_cue_is_opened_before_it_comes():
    opened: list[str] = []
    network = Network(lambda layers, cancel: opened.append(layers))
    coming = {"layers": "b", "recipe": "live", "octaves": 2}
    with Setting(Film(10**9), network, coming=lambda: coming) as show:
        show.next()
        until(
            lambda: show.switcher._switch.coming is not None and show.switcher._switch.coming.over
        )
        assert opened == ["a", "b"]
        engine = show.switcher._switch.coming.ready.engine
        show.desk.fade(coming, "test", 0.0)
        dreamt = show.wait_for(layers="b")
        assert (dreamt.settings["octaves"], dreamt.settings["octave_scale"]) == (2, 1.6)
        assert show.dreamer.engine is engine
