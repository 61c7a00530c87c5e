import os
import subprocess
import sys

import pytest

from livedream.runtime.store import hashes
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.hashes import sha256_of
from livedream.runtime.store.memory import Memory

from ...patience import PATIENCE


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def read(monkeypatch):
    """The files that were read to be hashed."""
    paths = []
    real = hashes.content_hash
    monkeypatch.setattr(hashes, "content_hash", lambda path: paths.append(path) or real(path))
    return paths


def test_a_hash_is_remembered_until_the_file_changes(tmp_path, read):
    file = tmp_path / "w.pth"
    file.write_bytes(b"one")
    first, times = sha256_of(file), (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    assert first == sha256_of(file)
    assert len(first) == 64
    assert len(read) == 1
    # Of the same size and with the same time, as a copying tool leaves it.
    file.write_bytes(b"two")
    os.utime(file, ns=times)
    assert sha256_of(file) != first
    assert len(read) == 2


@pytest.mark.parametrize("content", ["damaged", "", "{", "[]", '{"a": 1}'])
def test_a_damaged_memory_is_none(tmp_path, read, content):
    (tmp_path / "w.pth").write_bytes(b"one")
    sha256_of(tmp_path / "w.pth")
    (cache_folder("weights") / "hashes.json").write_text(content)
    sha256_of(tmp_path / "w.pth")
    sha256_of(tmp_path / "w.pth")
    assert len(read) == 2


def test_without_a_memory_it_only_takes_longer(tmp_path, read):
    (tmp_path / "w.pth").write_bytes(b"one")
    (cache_folder("weights") / "hashes.json").mkdir()
    assert sha256_of(tmp_path / "w.pth") == sha256_of(tmp_path / "w.pth")
    assert len(read) == 2


def test_the_memory_does_not_grow_for_ever(tmp_path, read, monkeypatch):
    monkeypatch.setattr(hashes, "HASHES", Memory("weights", "hashes.json", limit=2))
    files = [tmp_path / f"{n}.pth" for n in range(3)]
    for file in files:
        file.write_bytes(b"one")
        sha256_of(file)
    sha256_of(files[2])
    assert len(read) == 3
    sha256_of(files[0])
    assert len(read) == 4


def test_programs_that_hash_at_once_lose_nothing(tmp_path, read):
    files = [tmp_path / f"{n}.pth" for n in range(12)]
    for file in files:
        file.write_bytes(file.name.encode())
    code = (
        "import sys; from pathlib import Path\n"
        "from livedream.runtime.store.hashes import sha256_of\n"
        "sys.stdin.readline()\n"
        "for name in sys.argv[1:]: sha256_of(Path(name))"
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", code, *files[n::3]], stdin=subprocess.PIPE)
        for n in range(3)
    ]
    for program in programs:
        program.stdin.write(b"\n")
        program.stdin.flush()
    assert [program.wait(PATIENCE) for program in programs] == [0, 0, 0]
    for file in files:
        sha256_of(file)
    assert read == []
