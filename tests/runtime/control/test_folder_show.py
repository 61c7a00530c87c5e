"""The real program plays a folder that is edited meanwhile."""

from __future__ import annotations

import json
import signal
import time
import tomllib
from socket import SOCK_DGRAM

import pytest

from ...patience import PATIENCE, until
from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from .remote import Remote, free_port


def test_presets_are_recalled_edited_and_stored(start, tmp_path):
    folder, port = tmp_path / "friday", free_port(SOCK_DGRAM)
    presets = folder / "presets"
    presets.mkdir(parents=True)
    (folder / "show.toml").write_text(f'osc = ":{port}"\n[values]\nstep_size = 2\nblur = 3\n')
    first = presets / "01 first.toml"
    first.write_text('name = "first"\nfade = 0\n[values]\nstep_size = 5\nlayers = "a:2"\n')
    child = start("--show", str(folder), "--blur", "0.5", "--overwrite")
    plays(child)
    with Remote(port) as remote:
        remote.say("preset", 1)
        remote.hears("step_size", 5)
        first.write_text('name = "first"\nfade = 0\n[values]\nstep_size = 6\nlayers = "a:2"\n')
        remote.hears("step_size", 6)
        remote.hears("layers", "a:2")

        kept = presets / "04 look 4.toml"

        def stored() -> bool:
            """Of what is played, which gets there within a while."""
            remote.say("store", 4)
            time.sleep(0.1)
            return kept.exists() and tomllib.loads(kept.read_text())["values"]["step_size"] == 6

        until(stored)
    first.write_text("name = ")
    assert child.stderr
    said = next(line for line in child.stderr if "01 first.toml cannot be read" in line)
    time.sleep(0.3)  # Until what was stored is dreamt with.
    child.send_signal(signal.SIGTERM)
    said += child.communicate(timeout=PATIENCE)[1]
    assert child.returncode == 0
    settings = json.loads((tmp_path / "stats.json").read_text())["settings"]
    assert (settings["step_size"], settings["layers"]) == (6, "a:2")
    assert settings["blur"] == 0.5  # The command line holds against the file.
    assert (presets / "04 look 4.jpg").stat().st_size > 500
    assert "01 first.toml cannot be read" in said
    assert "line 1, column 8" in said
