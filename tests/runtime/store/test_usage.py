"""What is used by a program that runs, on disks and systems without locks too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from livedream.runtime.store import usage
from livedream.runtime.store.usage import in_use, let_go, use

from ...patience import PATIENCE


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "graph.onnx"
    path.touch()
    yield path
    let_go(path)


@pytest.fixture(params=["locks", "disk without", "system without"])
def locks(request, monkeypatch):
    if request.param == "disk without":

        def refuse(*_: object) -> None:
            raise OSError("no locks here")

        monkeypatch.setattr(usage.fcntl, "flock", refuse)
    if request.param == "system without":
        monkeypatch.setattr(usage, "fcntl", None)


@pytest.mark.usefixtures("locks")
def test_what_this_program_uses_is_in_use_until_it_lets_go(path):
    assert in_use(path) is False
    assert use(path) == path
    assert in_use(path) is True
    let_go(path)
    let_go(path)
    assert in_use(path) is False


def test_what_is_used_is_not_the_longest_unused(path):
    os.utime(path, (1000, 1000))
    use(path)
    assert path.stat().st_mtime > 1e9


def test_what_is_not_there_is_not_in_use(tmp_path):
    assert in_use(tmp_path / "gone") is False
    assert use(tmp_path / "gone") == tmp_path / "gone"
    assert in_use(tmp_path / "gone") is False


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be removed there")
def test_what_another_program_uses_is_in_use_until_it_ends(path):
    code = (
        "import sys; from pathlib import Path; from livedream.runtime.store.usage import use\n"
        "use(Path(sys.argv[1])); print('used', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == b"used\n"
        assert in_use(path) is True
        other.communicate(timeout=PATIENCE)
        assert in_use(path) is False
    finally:
        other.kill()
        other.wait()
