"""A scripted performance: the real program, and everything that may happen to it at once.

A controller moves a fader a hundred times a second, a page looks and another one vanishes, another
program's clock leads and presets come on its bars, files are edited, saved half and mended, and
packets that mean nothing flood the port. In the end what plays is what the script says.

LIVEDREAM_PERFORMANCE=60 is the long form. It judges the picture's gaps too, in what was recorded:
that takes a machine with nothing else to do.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from ..patience import PATIENCE, until

pytest.importorskip("pythonosc", reason="needs the extra `osc`")
pytest.importorskip("websockets", reason="needs the extra `page`")

import av
from pythonosc.udp_client import SimpleUDPClient
from websockets.sync.client import ClientConnection, connect

from .conftest import plays
from .control.remote import free_port

SHORT, LONG = 4.0, 60.0
BPM = 240
RATE = 30
"""Pictures a second of the demo."""
PRESETS = {1: ("calm", 6.0, "a"), 2: ("wild", 40.0, "a:1*0.5+a:3"), 3: ("odd", 20.0, "a:2")}


def write(path: Path, name: str, strength: float, layers: str) -> None:
    path.write_text(
        f'name = "{name}"\nfade = 0.2\n[values]\nstrength = {strength}\nlayers = "{layers}"\n'
        '[[move]]\nof = "blur"\nbeats = 2\ndepth = 0.1\n'
    )


def on_page(port: int) -> ClientConnection:
    host = f"127.0.0.1:{port}"
    return connect(
        f"ws://{host}/socket",
        origin=f"http://{host}",
        proxy=None,
        open_timeout=PATIENCE,
        close_timeout=1,
    )  # pyright: ignore[reportArgumentType]


def flood(osc: int, over: threading.Event) -> None:
    """Packets that mean nothing, from a fixed seed."""
    draw = random.Random(3)
    whole = b"/livedream/strength\0\0,f\0\0\x41\x20\0\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not over.is_set():
            packet = bytearray(whole if draw.random() < 0.5 else draw.randbytes(40))
            packet[draw.randrange(len(packet))] = draw.randrange(256)
            if packet[:20] != whole[:20] or packet[20:24] != whole[20:24]:
                sender.sendto(bytes(packet), ("127.0.0.1", osc))
            time.sleep(0.001)


def turn(osc: int, over: threading.Event) -> None:
    """A fader of another controller."""
    client = SimpleUDPClient("127.0.0.1", osc)
    for number in range(10**9):
        client.send_message("/livedream/step_size", 1 + number % 100 / 50)
        if over.wait(0.01):
            return


def look(page: int, over: threading.Event) -> None:
    """A phone that asks for one picture after the other."""
    with on_page(page) as phone:
        while not over.is_set():
            phone.send(json.dumps({"look": 320}))
            try:
                phone.recv(0.2)
            except TimeoutError:
                continue


def beat(clock: int, over: threading.Event) -> None:
    """A DJ's program."""
    with socket.create_connection(("127.0.0.1", clock)) as program:
        begun = time.monotonic()
        for number in range(10**9):
            said = {"evt": "beat", "change": False, "pos": number, "bpm": BPM, "strength": 0.5}
            program.sendall(json.dumps(said).encode())
            if over.wait(max(0.0, begun + (number + 1) * 60 / BPM - time.monotonic())):
                return


def told(page: int, values: dict[str, float], layer: str) -> bool:
    """Waits until the page has told these values, and that `layer` is dreamt with."""
    missing, playing = dict(values), ""
    with on_page(page) as phone:
        while missing or playing != layer:
            said = phone.recv(PATIENCE)
            state = json.loads(said) if isinstance(said, str) else {}
            now = state.get("values", {})
            playing = state.get("status", {}).get("layer", playing)
            missing = {
                name: value
                for name, value in missing.items()
                if name not in now or float(now[name][0]) != value
            }
    return True


def longest_gap(recording: Path) -> float:
    """Seconds between two pictures, after the first second."""
    with av.open(str(recording)) as opened:
        packets = [each for each in opened.demux(video=0) if each.pts is not None]
        times = sorted(float(each.pts * each.time_base) for each in packets)
    return max(after - before for before, after in pairwise(times) if before > times[0] + 1)


def test_a_performance_ends_as_its_script_says(start, tmp_path):
    seconds = float(os.environ.get("LIVEDREAM_PERFORMANCE", SHORT))
    folder, osc = tmp_path / "friday", free_port(socket.SOCK_DGRAM)
    page, clock = free_port(), free_port()
    (folder / "presets").mkdir(parents=True)
    files = {number: folder / "presets" / f"{number:02d}.toml" for number in PRESETS}
    for number, path in files.items():
        write(path, *PRESETS[number])
    (folder / "show.toml").write_text('[values]\nwait = "bar"\n')
    child = start(
        "--show", str(folder), "--osc", f":{osc}", "--page", f":{page}", "--clock", f"os2l:{clock}",
        "--overwrite", stdout=None,
    )  # fmt: skip
    plays(child)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.extend(child.stderr or ()))
    reader.start()
    over = threading.Event()
    clients = [
        threading.Thread(target=client, args=arguments)
        for client, arguments in (
            (flood, (osc, over)),
            (turn, (osc, over)),
            (look, (page, over)),
            (beat, (clock, over)),
        )
    ]
    for client in clients:
        client.start()
    controller = SimpleUDPClient("127.0.0.1", osc)
    process, memory = psutil.Process(child.pid), []
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        controller.send_message("/livedream/preset", 1 + number % 3)
        time.sleep(1.2)  # A bar and more.
        files[1].write_text("name = " if number % 2 else files[2].read_text())
        with on_page(page) as gone:
            gone.send(json.dumps({"set": {"amount": 0.5}}))
            gone.socket.close()  # Without a word.
        memory.append(process.memory_info().rss)
    write(files[3], "odd", 33.0, "a:2*0.5")
    files[1].write_text("name = ")
    over.set()
    for client in clients:
        client.join(PATIENCE)
    controller.send_message("/livedream/step_size", 2.5)
    controller.send_message("/livedream/preset", [3, 0.0])
    assert told(page, {"tempo": BPM, "step_size": 2.5, "strength": 33.0}, "a:2*0.5")
    until(lambda: any("01.toml cannot be read" in line for line in said))
    child.send_signal(signal.SIGTERM)
    assert child.wait(PATIENCE) == 0
    reader.join(PATIENCE)
    stats = json.loads((tmp_path / "stats.json").read_text())
    settings = stats["settings"]
    assert (settings["strength"], settings["layers"]) == (33, "a:2*0.5")
    assert settings["step_size"] == 2.5
    assert not any("Traceback" in line for line in said), said
    assert stats["shown"] > seconds  # It went on, however busy the machine is.
    assert memory[-1] - memory[len(memory) // 2] < 20e6, memory
    if seconds >= LONG:
        assert longest_gap(tmp_path / "take.mp4") < 3.5 / RATE
