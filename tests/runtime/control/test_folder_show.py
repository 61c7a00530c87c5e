"""The real program plays a folder that is edited meanwhile."""

from __future__ import annotations

import json
import signal
import time

import pytest

from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from pythonosc.udp_client import SimpleUDPClient

from .test_osc_show import free_port


def test_presets_are_recalled_edited_and_stored(start, tmp_path):
    folder, port = tmp_path / "friday", free_port()
    presets = folder / "presets"
    presets.mkdir(parents=True)
    (folder / "show.toml").write_text(f'osc = ":{port}"\n[values]\nstep_size = 2\nblur = 3\n')
    first = presets / "01 first.toml"
    first.write_text('name = "first"\nfade = 0\n[values]\nstep_size = 5\nlayers = "a:2"\n')
    child = start("--show", str(folder), "--blur", "0.5", "--overwrite")
    plays(child)
    controller = SimpleUDPClient("127.0.0.1", port)
    controller.send_message("/livedream/preset", 1)
    time.sleep(0.3)
    first.write_text('name = "first"\nfade = 0\n[values]\nstep_size = 6\nlayers = "a:2"\n')
    time.sleep(1.5)
    controller.send_message("/livedream/store", 4)
    time.sleep(1)
    first.write_text("name = ")
    time.sleep(1)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=20)
    assert child.returncode == 0
    settings = json.loads((tmp_path / "stats.json").read_text())["settings"]
    assert (settings["step_size"], settings["layers"]) == (6, "a:2")
    assert settings["blur"] == 0.5  # The command line holds against the file.
    assert "step_size = 6" in (presets / "04 look 4.toml").read_text()
    assert (presets / "04 look 4.jpg").stat().st_size > 500
    assert "01 first.toml cannot be read" in said
    assert "line 1, column 8" in said
