import os
import subprocess
import sys

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.pruning import ABANDONED, cache_limit, prune
from livedream.runtime.store.usage import use

KB = 1000
NOW = 2_000_000_000  # Later than anything here is made.


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0.0001")  # 100 KB
    return tmp_path / "cache"


def graph(name, age):
    path = cache_folder("graphs") / f"{name}.onnx"
    path.write_bytes(bytes(40 * KB))
    os.utime(path, (0, NOW - age))
    return path


def engine(name, age):
    folder = cache_folder("engines") / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (folder / "engine").write_bytes(bytes(40 * KB))
    os.utime(folder, (0, NOW - age))
    return folder


def left():
    return sorted(
        path.stem for name in ("graphs", "engines") for path in cache_folder(name).iterdir()
    )


def test_what_was_unused_longest_makes_room():
    graph("a", 300), engine("b", 200), graph("c", 100), engine("d", 50)
    prune()
    assert left() == ["c", "d"]
    prune()
    assert left() == ["c", "d"]


def test_use_makes_young():
    old = graph("a", 300)
    graph("b", 200), graph("c", 100)
    use(old)
    os.utime(old, (0, NOW))
    prune()
    assert left() == ["a", "c"]


def test_what_another_program_plays_from_stays_until_it_ends():
    paths = [graph("a", 300), engine("b", 250), graph("c", 200), graph("d", 100)]
    code = (
        "import sys; from pathlib import Path\n"
        "from livedream.runtime.store.usage import use\n"
        "for name in sys.argv[1:]: use(Path(name))\n"
        "print('used', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, *paths[:2]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout.readline() == "used\n"
    for number, path in enumerate(paths):  # As a program that runs since long.
        os.utime(path, (0, NOW - 300 + number))
    prune()
    assert left() == ["a", "b"]
    other.kill()
    other.wait()
    graph("e", 0)
    prune()
    assert left() == ["b", "e"]


def test_what_was_abandoned_goes_and_what_is_being_written_stays():
    graphs, weights = cache_folder("graphs"), cache_folder("weights")
    names = [graphs / ".a-12345678.onnx", graphs / "..a.onnx.x.part", weights / "w.pth.part"]
    for path in names:
        path.write_bytes(b"half")
    prune()
    assert all(path.exists() for path in names)
    for path in names:
        os.utime(path, (0, path.stat().st_mtime - ABANDONED - 10))
    prune()
    assert not any(path.exists() for path in names)


def test_the_limit_can_be_set(monkeypatch):
    assert cache_limit() == 100 * KB
    monkeypatch.delenv("LIVEDREAM_CACHE_LIMIT")
    assert cache_limit() == 8e9
    for wrong in ("much", "-1", "nan"):
        monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", wrong)
        with pytest.raises(UsageError, match=r"LIVEDREAM_CACHE_LIMIT.*gigabytes"):
            cache_limit()
