import os

import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.store import cache
from livedream.runtime.store.cache import (
    cache_folder,
    cache_root,
    cache_size,
    graph_key,
    graph_path,
    sha256_of,
)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_folder_can_be_chosen(place, monkeypatch):
    assert cache_root() == place
    assert cache_folder("graphs") == place / "graphs"
    assert (place / "graphs").is_dir()
    monkeypatch.delenv("LIVEDREAM_CACHE")
    assert cache_root().name == "livedream"


def test_the_name_tells_what_is_inside():
    name = graph_path(graph_key("inception_v3", ["Mixed_6b"])).name
    assert name.startswith("inception_v3-Mixed_6b-fp32-cpu-")
    assert len(name) == len("inception_v3-Mixed_6b-fp32-cpu-1a2b3c4d.onnx")
    random = graph_key("googlenet", ["conv1"], weights="random", seed=3, precision="fp16")
    assert random.file_name().startswith("googlenet-conv1-random3-fp16-cpu-")


def test_what_makes_another_file_makes_another_name(tmp_path, monkeypatch):
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
        graph_key("googlenet", ["conv1"], weights="random", seed=0),
        graph_key("googlenet", ["conv1"], weights="random", seed=1),
        graph_key("googlenet", ["conv1"], weights=tmp_path / "a.pth"),
        graph_key("googlenet", ["conv1"], weights=tmp_path / "b" / "a.pth"),
    ]
    names = {key.file_name() for key in keys}
    assert len(names) == len(keys)
    monkeypatch.setattr(cache, "livedream_version", lambda: "9.9")
    assert names.isdisjoint(key.file_name() for key in keys)


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
    assert "/" not in cache.GraphKey("../x", ("a/b",), name="c d").file_name()


def test_a_hash_is_remembered_until_the_file_changes(tmp_path, monkeypatch):
    file = tmp_path / "w.pth"
    file.write_bytes(b"one")
    read = []
    hashed = cache._hashed
    monkeypatch.setattr(cache, "_hashed", lambda path: read.append(path) or hashed(path))
    first = sha256_of(file)
    assert first == sha256_of(file)
    assert len(first) == 64
    assert len(read) == 1
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert sha256_of(file) != first
    assert len(read) == 2
    (cache_folder("weights") / "hashes.json").write_text("damaged")
    sha256_of(file)
    assert len(read) == 3


def test_the_size_counts_every_file(place):
    assert cache_size() == 0
    (cache_folder("graphs") / "a").write_bytes(b"12345")
    (cache_folder("engines") / "b").write_bytes(b"123")
    assert cache_size() == 8


def test_errors(place, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="No layer"):
        graph_key("googlenet", [])
    with pytest.raises(LivedreamError, match="do not exist"):
        graph_key("googlenet", ["conv1"], weights=tmp_path / "no.pth")
    place.mkdir()
    (place / "graphs").write_text("in the way")
    with pytest.raises(LivedreamError, match="in the way"):
        cache_folder("graphs")
    monkeypatch.setenv("LIVEDREAM_CACHE", str(place / "graphs"))
    with pytest.raises(LivedreamError, match="LIVEDREAM_CACHE"):
        cache_folder("engines")
