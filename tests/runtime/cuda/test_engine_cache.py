"""Processes that build the same engine at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from livedream.runtime.cuda.engine_cache import EngineFolder, EngineKey
from livedream.runtime.store.usage import in_use, let_go

from ...patience import PATIENCE

KEY = EngineKey("1", (20, 24), "fp32", "tensorrt 10", "a card", "580")

BUILD = """
import sys, time
from pathlib import Path
from livedream.runtime.cuda.engine_cache import EngineFolder, EngineKey

root, number = Path(sys.argv[1]), sys.argv[2]
key = EngineKey("1", (20, 24), "fp32", "tensorrt 10", "a card", "580")
print("ready", flush=True)
sys.stdin.readline()
for turn in range(20):
    folder = EngineFolder(root, key)
    if folder.built:
        try:
            text = (folder.path / "toy.engine").read_text()
        except FileNotFoundError:  # thrown away meanwhile
            continue
        assert len(set(text.split())) == 1, "parts of two builds"
        if turn % 5 == 4:  # as when it does not load here
            folder.discard()
        continue
    with open(folder.path / "toy.engine", "w") as file:
        for _ in range(200):
            file.write(f"{number}-{turn} ")
            file.flush()
    folder.publish()
"""


def test_two_processes_do_not_mix(tmp_path):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD, str(tmp_path), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(3)
    ]  # fmt: skip
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    ended = []
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        _, error = process.communicate(timeout=PATIENCE)
        ended.append((process.returncode, error))
    assert [code for code, _ in ended] == [0, 0, 0], ended
    EngineFolder(tmp_path, KEY).publish()  # where the last act was to discard
    assert all(path.name == KEY.name() for path in Path(tmp_path).iterdir())


def test_an_engine_is_in_use_from_its_build_or_its_finding_on(tmp_path):
    built = EngineFolder(tmp_path, KEY)
    (built.path / "toy.engine").write_text("built")
    built.publish()
    target = tmp_path / KEY.name()
    assert in_use(target)
    let_go(target)
    assert not in_use(target)
    assert EngineFolder(tmp_path, KEY).path == target
    assert in_use(target)
    let_go(target)
