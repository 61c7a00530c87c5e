import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.store.cache import alone, cache_folder, cache_root, cache_size

from ...patience import PATIENCE


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


def test_the_size_counts_every_file(place):
    assert cache_size() == 0
    (cache_folder("graphs") / "a").write_bytes(b"12345")
    (cache_folder("engines") / "b").write_bytes(b"123")
    assert cache_size() == 8


def test_a_file_in_the_way_is_named(place, monkeypatch):
    place.mkdir()
    (place / "graphs").write_text("mine")
    with pytest.raises(
        LivedreamError, match=r"^A file is in the way of .*graphs; .*LIVEDREAM_CACHE"
    ):
        cache_folder("graphs")
    monkeypatch.setenv("LIVEDREAM_CACHE", str(place / "graphs"))
    with pytest.raises(LivedreamError, match=r"^A file is in the way of .*LIVEDREAM_CACHE"):
        cache_folder("engines")


def test_a_lock_keeps_other_programs_out_and_can_be_given_up(place):
    code = (
        "import sys\nfrom livedream.runtime.store.cache import alone\n"
        "with alone('x'):\n    print('mine', flush=True); sys.stdin.readline()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    other = subprocess.Popen([sys.executable, "-c", code], **pipes)
    assert other.stdout.readline() == "mine\n"

    def give_up():
        raise TimeoutError

    with pytest.raises(TimeoutError), alone("x", give_up):
        pass
    other.kill()  # A program that dies holds nothing.
    other.wait()
    with alone("x", give_up):
        pass


# A cache on a disk of its own, in a process that may mount one.
DISK = """
    mount -t tmpfs -o size={size} none "$1"
    mkdir "$1/graphs" "$1/weights" "$1/locks"
    echo old > "$1/graphs/old.onnx"
    echo > "$1/locks/old.lock"
    {then}
    TMPDIR="$2" "$3" -c "$4"
"""
CODE = """
    from livedream.runtime.store.cache import alone, cache_folder
    from livedream.runtime.store.files import write_bytes
    from livedream.runtime.store.hashes import sha256_of
    from livedream.runtime.telling import told
    import pathlib, sys

    graphs = cache_folder("graphs")
    write_bytes(graphs / "new.onnx", bytes(3_000_000))
    assert (graphs / "old.onnx").read_text() == "old\\n"
    assert len(sha256_of(pathlib.Path(sys.executable))) == 64
    with alone("old"):
        cache_folder("weights")
    told.drain(5)
    print(graphs)
"""


@pytest.mark.parametrize(
    ("size", "then", "says"),
    [
        ("1g", 'mount -o remount,ro none "$1"', "cannot be written (Read-only file system)"),
        ("2m", ":", "has 2 MB left"),
        ("1m", 'cat /dev/zero > "$1/fill" || true', "has 0 MB left"),
    ],
)
def test_a_disk_that_takes_nothing_is_stood_in_for(tmp_path, monkeypatch, size, then, says):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "cache").mkdir()
    command = [
        "unshare", "--map-root-user", "--mount", "sh", "-e", "-c",
        textwrap.dedent(DISK.format(size=size, then=then)), "sh",
        tmp_path / "cache", temporary, sys.executable, textwrap.dedent(CODE),
    ]  # fmt: skip
    try:
        subprocess.run([*command[:3], "mount", "-t", "tmpfs", "none", tmp_path], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount disks")
    # Of a program that was killed; nobody uses it.
    (temporary / "livedream-cache-dead" / "graphs").mkdir(parents=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "LIVEDREAM_CACHE" in line]
    assert len(told) == 1  # Once, however often it is asked for.
    assert says in told[0]
    assert str(temporary) in done.stdout
    assert list(temporary.iterdir()) == []  # Gone with the program.


def test_where_nothing_can_be_written_at_all_the_way_out_is_named(place, monkeypatch):
    if Path("/proc/sys").is_dir():
        monkeypatch.setenv("LIVEDREAM_CACHE", "/proc/sys/livedream")
        monkeypatch.setattr(tempfile, "tempdir", "/proc/sys")
        with pytest.raises(LivedreamError, match=r"cannot be written.*LIVEDREAM_CACHE"):
            cache_folder("graphs")
