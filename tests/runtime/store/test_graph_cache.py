import dataclasses
import os
import shutil

import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.store import graph_cache
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.graph_cache import (
    GraphKey,
    GraphRequest,
    find_graph,
    forget_graph,
    graph_path,
    keep_graph,
)
from livedream.runtime.store.usage import in_use

KEY = GraphKey("googlenet", ("conv1",))


def graph_key(model: str, layers: list[str], *, exporter: str = "", **more: object) -> GraphKey:
    return graph_cache.graph_key(GraphRequest(model, tuple(layers), **more), exporter)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_name_tells_what_is_inside():
    name = graph_path(graph_key("inception_v3", ["Mixed_6b"])).name
    assert name.startswith("inception_v3-Mixed_6b-fp32-cpu-")
    random = graph_key("googlenet", ["conv1"], weights="random", seed=3, precision="fp16")
    assert random.file_name().startswith("googlenet-conv1-random3-fp16-cpu-")


def test_what_makes_another_file_makes_another_name(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"a")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.pth").write_bytes(b"b")
    keys = [
        graph_key("googlenet", ["conv1"]),
        graph_key("googlenet", ["conv2"]),
        graph_key("googlenet", ["conv1", "conv2"]),
        graph_key("inception_v3", ["conv1"]),
        graph_key("googlenet", ["conv1"], precision="fp16"),
        graph_key("googlenet", ["conv1"], form="gpu"),
        graph_key("googlenet", ["conv1"], exporter="another"),
        graph_key("googlenet", ["conv1"], weights="random", seed=0),
        graph_key("googlenet", ["conv1"], weights="random", seed=1),
        graph_key("googlenet", ["conv1"], weights=tmp_path / "a.pth"),
        graph_key("googlenet", ["conv1"], weights=tmp_path / "b" / "a.pth"),
    ]
    assert len({key.file_name() for key in keys}) == len(keys)
    # What is compared is the digest: names are shortened, and what is unlike in them may be cut.
    assert len({key.digest() for key in keys}) == len(keys)
    many = [f"Mixed_{n}" for n in range(5)]
    assert graph_key("a", many).file_name() != graph_key("a", [*many[:4], "Mixed_9"]).file_name()


def test_a_plain_request_is_for_trained_weights_in_float32_on_a_processor():
    plain = graph_key("googlenet", ["conv1"])
    assert plain == KEY
    assert plain == graph_key(
        "googlenet", ["conv1"], weights="auto", precision="fp32", form="cpu", seed=0
    )
    assert plain.file_name().startswith("googlenet-conv1-fp32-cpu-")
    assert plain.file_name().endswith(".onnx")


def test_the_name_shows_three_layers_and_how_many_more():
    names = [graph_key("a", list("bcdef")[:count]).file_name() for count in (3, 4, 5)]
    assert [name.split("-")[1] for name in names] == ["b+c+d", "b+c+d+1", "b+c+d+2"]
    assert "-12345678-" in GraphKey("a", ("b",), weights="1234567890abcdef").file_name()


def test_a_graph_that_is_kept_makes_room_and_one_that_is_forgotten_is_used_no_more(monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0.00001")  # 10 KB
    old = cache_folder("graphs") / "old.onnx"
    old.write_bytes(bytes(8000))
    os.utime(old, (0, 1_000_000_000))
    path = kept()
    assert not old.exists()
    assert in_use(path)
    forget_graph(KEY)
    assert find_graph(KEY) is None
    path.write_bytes(b"another's")
    assert find_graph(KEY) is None
    assert not in_use(path)


def test_what_makes_the_same_file_keeps_the_name(tmp_path):
    first = graph_key("googlenet", ["conv1", "conv2"], seed=0)
    assert first == graph_key("googlenet", ["conv2", "conv1", "conv2"], seed=0)
    # The seed draws random weights and nothing else.
    assert first.digest() == graph_key("googlenet", ["conv1", "conv2"], seed=5).digest()
    (tmp_path / "a.pth").write_bytes(b"same")
    (tmp_path / "b.pth").write_bytes(b"same")
    a, b = (graph_key("googlenet", ["conv1"], weights=tmp_path / f"{n}.pth") for n in "ab")
    assert a.digest() == b.digest()


def test_a_name_fits_a_file_system():
    layers = [f"Mixed_{n}" for n in range(60)]
    name = graph_key("inception_v3", layers, weights="random").file_name()
    assert len(name) < 200
    assert "/" not in GraphKey("../x", ("a/b",), name="c d").file_name()


def test_a_request_that_cannot_be(tmp_path):
    with pytest.raises(UsageError, match="No layer"):
        graph_key("googlenet", [])
    with pytest.raises(LivedreamError, match="do not exist"):
        graph_key("googlenet", ["conv1"], weights=tmp_path / "no.pth")


def kept():
    graph_path(KEY).write_bytes(b"a graph" * 1000)
    return keep_graph(KEY)


def test_a_graph_is_found_as_it_was_kept():
    assert find_graph(KEY) is None
    path = kept()
    assert find_graph(KEY) == path == graph_path(KEY)
    assert find_graph(dataclasses.replace(KEY, form="gpu")) is None


def test_a_name_that_fits_is_not_enough():
    """The whole hash of the key counts, not the part of it that is in the name."""
    path = kept()
    other = dataclasses.replace(KEY, exporter="another")
    shutil.copy(path, graph_path(other))
    shutil.copy(path.with_suffix(".json"), graph_path(other).with_suffix(".json"))
    assert find_graph(other) is None


def a_folder(path):
    path.unlink()
    (path / "full").mkdir(parents=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: path.write_bytes(path.read_bytes().replace(b"a", b"b", 1)),
        lambda path: path.unlink(),
        a_folder,
        lambda path: path.with_suffix(".json").unlink(),
        lambda path: path.with_suffix(".json").write_text("{"),
        lambda path: path.with_suffix(".json").write_text("[" * 100_000),
    ],
    ids=["cut", "emptied", "zeroed", "bit", "gone", "folder", "no note", "half a note", "deep"],
)
def test_what_is_damaged_is_not_found_and_can_be_made_again(damage):
    damage(kept())
    assert find_graph(KEY) is None
    forget_graph(KEY)
    assert list(cache_folder("graphs").iterdir()) == []
    assert find_graph(kept() and KEY) is not None


def test_what_a_killed_exporter_left_goes_with_the_next_one():
    graphs = cache_folder("graphs")
    stem = graph_path(KEY).stem
    for name in (f".{stem}-1a2b3c4d.onnx", f"..{stem}-1a2b3c4d.onnx.x7.part", ".other-1.onnx"):
        (graphs / name).write_bytes(b"half")
    forget_graph(KEY)
    assert [path.name for path in graphs.iterdir()] == [".other-1.onnx"]
