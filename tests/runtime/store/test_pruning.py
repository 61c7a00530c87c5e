import os
import subprocess
import sys

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.pruning import cache_limit, prune, remove
from livedream.runtime.store.usage import in_use, let_go, use

KB = 1000
THEN = 1_000_000_000  # Long before the tests run.


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0.0001")  # 100 KB
    return tmp_path / "cache"


def graph(name, age):
    path = cache_folder("graphs") / f"{name}.onnx"
    path.write_bytes(bytes(40 * KB))
    os.utime(path, (0, THEN - age))
    return path


def engine(name, age):
    folder = cache_folder("engines") / name
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    (folder / "engine").write_bytes(bytes(40 * KB))
    os.utime(folder, (0, THEN - age))
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


def test_what_fits_exactly_stays(monkeypatch):
    for name in "abc":
        graph(name, 100)
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0.00012")
    prune()
    assert left() == ["a", "b", "c"]
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0.000119999")
    prune()
    assert len(left()) == 2


def test_use_makes_young():
    let_go(use(graph("a", 300)))
    graph("b", 200), graph("c", 100)
    prune()
    assert left() == ["a", "c"]


def test_what_this_program_uses_stays_also_when_it_was_made_again():
    old = use(graph("a", 300))
    old.unlink()
    os.utime(use(graph("a", 300)), (0, THEN - 300))
    graph("b", 200), graph("c", 100)
    prune()
    assert left() == ["a", "c"]
    let_go(old)
    graph("d", 0)
    prune()
    assert left() == ["c", "d"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors as Linux does")
def test_use_and_questions_keep_no_files_open():
    path = graph("a", 0)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        assert in_use(use(path))
    let_go(path)
    assert not in_use(path)
    assert not in_use(path.with_name("gone"))
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_goes_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    remove(tmp_path / "link")
    remove(tmp_path / "nothing")
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["mine"]
    assert (tmp_path / "mine" / "photo").exists()
    remove(tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


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
        os.utime(path, (0, THEN - 300 + number))
    prune()
    assert left() == ["a", "b"]
    other.kill()
    other.wait()
    graph("e", 0)
    prune()
    assert left() == ["b", "e"]


def test_what_was_abandoned_goes_and_what_is_being_written_stays():
    graphs, weights, engines = (cache_folder(name) for name in ("graphs", "weights", "engines"))
    names = [
        graphs / ".a-12345678.onnx",
        graphs / "..a.onnx.x.part",
        weights / "w.pth.part",
        engines / ".removed",
    ]
    for path in names:
        path.write_bytes(b"half")
    prune()
    assert all(path.exists() for path in names)
    hour = 3600
    for path in names:
        os.utime(path, (0, path.stat().st_mtime - 23 * hour))
    prune()
    assert all(path.exists() for path in names)
    for path in names:
        os.utime(path, (0, path.stat().st_mtime - 2 * hour))
    prune()
    assert not any(path.exists() for path in names)


def test_the_limit_can_be_set(monkeypatch):
    assert cache_limit() == 100 * KB
    monkeypatch.delenv("LIVEDREAM_CACHE_LIMIT")
    assert cache_limit() == 8e9
    monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", "0")
    assert cache_limit() == 0
    for wrong in ("much", "-1", "nan"):
        monkeypatch.setenv("LIVEDREAM_CACHE_LIMIT", wrong)
        with pytest.raises(UsageError, match=r"LIVEDREAM_CACHE_LIMIT.*gigabytes"):
            cache_limit()
