"""The real library over JACK's dummy driver: a virtual controller, heard, lit and unplugged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ....patience import PATIENCE

pytest.importorskip("rtmidi2", reason="needs the extra `midi`")

PLAY = """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, sys.argv[1])
    import rtmidi2
    from livedream.runtime.control.desk import Desk
    from livedream.runtime.control.midi import controllers
    from livedream.runtime.control.midi.ports import Rtmidi
    from livedream.runtime.control.player import Player
    from livedream.runtime.control.shelf import Looks

    api = rtmidi2.API_UNIX_JACK
    out = rtmidi2.MidiOut("pads", api=api)
    out.open_virtual_port("knobs")
    desk = Desk({"a": 4}, {"recipe": "live", "layers": "a"})
    player = Player(desk, Looks({"a": 4}), print)
    Path("midi").mkdir()
    tell = lambda text: print(text, flush=True)
    knob = '[[bind]]\\ncontrol = "cc 21"\\nname = "amount"\\nhow = "jump"'
    Path("midi/pads knobs.toml").write_text(knob)
    midi = controllers.Midi(desk, player.conductor, "pads", Path("midi"), tell)

    def until(condition):
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    until(lambda: out.send_raw(0xB0, 21, 64) or abs(desk.base["amount"] - 64 / 127) < 1e-9)
    out.send_raw(0xC0, 4)
    until(lambda: desk.base["preset"] == 5)
    begin = time.monotonic()
    for tick in range(72):
        out.send_raw(0xF8)
        time.sleep(max(0.0, begin + (tick + 1) / 40 - time.monotonic()))
    until(lambda: desk.base["tempo"] != 120)  # How exactly is for the pure test.
    out.close_port()
    del out
    until(lambda: midi._devices["pads:knobs"].port is None)
    back = rtmidi2.MidiOut("pads", api=api)
    back.open_virtual_port("knobs")
    until(lambda: midi._devices["pads:knobs"].port is not None)
    # What is sent before the server has joined the ports is lost.
    until(lambda: back.send_raw(0xB0, 21, 127) or desk.base["amount"] == 1)
    midi.close()
    print("done", flush=True)
"""


@pytest.fixture
def jack(tmp_path):
    for tool in ("jackd", "jack_wait"):
        if shutil.which(tool) is None:
            pytest.skip(f"not installed: {tool}")
    name = f"livedream-{os.getpid()}"
    log = (tmp_path / "jackd.log").open("w+")
    server = subprocess.Popen(
        ["jackd", "--name", name, "--no-realtime", "-d", "dummy", "-p", "256"],
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    subprocess.run(
        ["jack_wait", "--wait", "--server", name], check=True, capture_output=True, timeout=PATIENCE
    )
    yield name
    server.terminate()
    server.wait(PATIENCE)


def test_a_virtual_controller_plays_and_is_unplugged_and_comes_back(jack, tmp_path):
    # The library that rtmidi2 brings speaks an older language than the server.
    environment = {**os.environ, "JACK_DEFAULT_SERVER": jack, "LD_PRELOAD": "libjack.so.0"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PLAY), str(Path(__file__).parents[4])],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert "done" in done.stdout, done.stdout + done.stderr
    assert "pads:knobs is unplugged" in done.stdout
