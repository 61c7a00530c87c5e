"""What is read of graph files, whole, odd and damaged; no session is opened for it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.graph import FORMAT, Graph, read_graph
from livedream.runtime.gradient.network import Request, find_network

from ...patience import PATIENCE
from ..toy_graph import write_toy


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    return write_toy(tmp_path_factory.mktemp("graph") / "toy.onnx")


def with_metadata(whole: Path, path: Path, **changed: str | None) -> Path:
    """The toy with some of its facts replaced, or left out for None."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(whole)
    facts = {entry.key.removeprefix("livedream."): entry.value for entry in model.metadata_props}
    facts |= changed
    del model.metadata_props[:]
    written = {f"livedream.{key}": text for key, text in facts.items() if text is not None}
    onnx.helper.set_model_props(model, written)
    onnx.save(model, path)
    return path


def test_a_whole_file(whole):
    assert read_graph(whole) == Graph(whole, "toy", {"a": 4}, 16, "fp32", "gpu", "none", "0")


def test_what_a_file_may_hold_besides(whole, tmp_path):
    plain = read_graph(whole)
    assert (plain.typical, plain.cuts) == ({}, {})
    path = with_metadata(
        whole, tmp_path / "more.onnx",
        typical='{"a": [0, 0.25], "b": [3, 0]}', cuts='{"a": [["x", "y"], ["z", "u"]]}',
        minimum_size="8",
    )  # fmt: skip
    graph = read_graph(path)
    assert graph.typical == {"a": (0.0, 0.25), "b": (3.0, 0.0)}
    assert graph.cuts == {"a": {"x": "y", "z": "u"}}
    assert graph.minimum_size == 8


def test_other_fields_of_the_file_are_passed_over(whole, tmp_path):
    """Of every kind that protobuf has, before and after what is read."""
    path = tmp_path / "more.onnx"
    number, wide, narrow, text = (
        b"\x80\x02\x07",
        b"\x81\x02" + bytes(8),
        b"\x85\x02",
        b"\x82\x02\x01a",
    )
    others = number + narrow + bytes(4) + wide + text + text
    path.write_bytes(others + whole.read_bytes() + others)
    assert read_graph(path) == replace(read_graph(whole), path=path)


def test_what_a_file_holds_already_is_not_asked_for(whole):
    assert find_network(Request(graph=whole), None, print).model == "toy"
    assert find_network(Request("toy", whole), None, print).model == "toy"
    with pytest.raises(UsageError, match="holds toy, not googlenet; leave --model away"):
        find_network(Request("googlenet", whole), None, print)
    for weights in ("random", "nonexistent"):
        with pytest.raises(UsageError, match="holds its weights; leave --weights away"):
            find_network(Request(graph=whole, weights=weights), None, print)


def test_a_picture_that_is_too_small_is_refused_with_the_option_that_helps(whole):
    graph = read_graph(whole)
    graph.check_size(16, 16)
    for size in ((15, 16), (16, 15)):
        with pytest.raises(
            UsageError, match="at least 16 pixels on each side; have a larger --size"
        ):
            graph.check_size(*size)


def test_reading_one_opens_no_session(whole):
    """onnxruntime would hold up the picture for as long as it opens one."""
    script = (
        "import sys; from pathlib import Path; from livedream.runtime.gradient.graph import *; "
        f"read_graph(Path({str(whole)!r})); sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=PATIENCE).returncode == 0


def layer(**entries: object) -> str:
    return json.dumps([entries])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"layers": "[{"}, "no JSON"),
        ({"layers": "[" * 100_000}, "no JSON"),
        ({"layers": "a, b"}, "no JSON"),
        ({"layers": '{"a": 4}'}, "no list"),
        ({"layers": "[]"}, "no list"),
        ({"layers": '["a"]'}, "no name"),
        ({"layers": layer(name=3, channels=4)}, "no name"),
        ({"layers": layer(name="a")}, "channels of a"),
        ({"layers": layer(name="a", channels="many")}, "channels of a"),
        ({"layers": layer(name="a", channels=True)}, "channels of a"),
        ({"layers": layer(name="a", channels=0)}, "channels of a"),
        ({"layers": layer(name="a", channels=10**9)}, "channels of a"),
        ({"layers": json.dumps([{"name": "a", "channels": 4}] * 2)}, "name of its own"),
        ({"minimum_size": "-1"}, "smallest side"),
        ({"minimum_size": "0"}, "smallest side"),
        ({"minimum_size": "9" * 5000}, "smallest side"),
        ({"minimum_size": "sixteen"}, "smallest side"),
        ({"layers": None}, "export it again"),
        ({"layers": json.dumps([{"name": f"{n}", "channels": 1} for n in range(1001)])}, "no list"),
        ({"layers": layer(name="a", channels=65_537)}, "channels of a"),
        ({"minimum_size": "4097"}, "smallest side"),
        ({"weights": "w" * 1_000_001}, "metadata is too long"),
        ({"typical": "["}, "no JSON"),
        ({"typical": "[]"}, "no table"),
        ({"typical": '{"a": [1]}'}, "no pairs"),
        ({"typical": '{"a": 1}'}, "no pairs"),
        ({"typical": '{"a": ["x", "y"]}'}, "no pairs"),
        ({"typical": '{"a": [-1, 0]}'}, "no size"),
        ({"typical": '{"a": [0, -1]}'}, "no size"),
        ({"typical": '{"a": [Infinity, 0]}'}, "no size"),
        ({"typical": '{"a": [0, Infinity]}'}, "no size"),
        ({"cuts": '{"a": [["x"]]}'}, "no pairs"),
        ({"cuts": '{"a": 3}'}, "no pairs"),
        ({"format": "2"}, f"format 2, and this one reads format {FORMAT}"),
        ({"format": None}, "not one with an input-gradient graph"),
    ],
)
def test_what_cannot_be_right_is_refused(whole, tmp_path, changed, said):
    path = with_metadata(whole, tmp_path / "odd.onnx", **changed)
    with pytest.raises(LivedreamError, match=said) as caught:
        read_graph(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("more", [b"\x02\x00", b"\x00\x00", b"\x03", b"\xff" * 10 + b"\x01\x00"])
def test_what_no_protobuf_holds_is_refused_behind_a_whole_file(whole, tmp_path, more):
    path = tmp_path / "longer.onnx"
    path.write_bytes(whole.read_bytes() + more)
    with pytest.raises(LivedreamError, match="cannot be read as an ONNX graph"):
        read_graph(path)


def test_a_file_without_a_network_is_refused(whole, tmp_path):
    """With everything else, and with other content in its place."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load(whole)
    model.ClearField("graph")
    path = tmp_path / "empty.onnx"
    onnx.save(model, path)
    with pytest.raises(LivedreamError, match="no network"):
        read_graph(path)


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x80" * 40, bytes(64), b"\x3a\x05ab"])
def test_what_is_no_graph_file_is_refused(tmp_path, content):
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(LivedreamError, match="cannot be read as an ONNX graph"):
        read_graph(path)


def test_where_there_is_no_file(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_graph(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="does not exist"):
        read_graph(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read(whole, tmp_path):
    path = tmp_path / "secret.onnx"
    path.write_bytes(whole.read_bytes())
    path.chmod(0)
    with pytest.raises(LivedreamError, match="cannot be read"):
        read_graph(path)


def test_a_file_cut_anywhere_is_refused(whole, tmp_path):
    content, path = whole.read_bytes(), tmp_path / "cut.onnx"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(LivedreamError):
            read_graph(path)


def test_damage_is_one_sentence_or_does_not_matter(whole, tmp_path):
    """Bytes changed, taken out and put in, wherever and however many."""
    chance, content, path = random.Random(7), whole.read_bytes(), tmp_path / "damaged.onnx"
    refused = 0
    for _ in range(3000):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 8, 60))):
            place = chance.randrange(len(damaged))
            kind = chance.randrange(4)
            if kind == 0:
                damaged[place] = chance.randrange(256)
            elif kind == 1:
                damaged[place] ^= 1 << chance.randrange(8)
            elif kind == 2:
                del damaged[place : place + chance.randrange(1, 9)]
            else:
                damaged[place:place] = chance.randbytes(chance.randrange(1, 9))
        path.write_bytes(damaged)
        said = refusal(path)
        if said is not None:
            refused += 1
            assert str(path) in said
    assert refused > 1000


def refusal(path: Path) -> str | None:
    """What the file is refused with; None for one that is read, and then makes sense."""
    try:
        graph = read_graph(path)
    except LivedreamError as error:
        return str(error)
    assert graph.layers
    assert graph.minimum_size > 0
    return None


@pytest.mark.parametrize("place", ["data.bin", "/etc/passwd", "../../etc/passwd", "/proc/self/mem"])
def test_weights_in_another_file_are_refused(whole, tmp_path, place):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(whole)
    weights = onnx.numpy_helper.from_array(np.zeros(4, np.float32), "outside")
    model.graph.initializer.append(weights)
    path = tmp_path / "within.onnx"
    path.write_bytes(model.SerializeToString())
    assert read_graph(path).model == "toy"
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=place)
    model.graph.initializer.append(weights)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(LivedreamError, match="weights lie in another file"):
        read_graph(path)
