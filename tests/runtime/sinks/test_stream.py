"""Streams to real servers: what arrives, in which colours, and what servers do that are unkind."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.pauses import Pauses
from livedream.runtime.sinks import stream
from livedream.runtime.sinks.outlet import Outlet
from livedream.runtime.sinks.stream import Stream, has_srt

from ...patience import PATIENCE, until
from .sinks import Told, picture

LEFT, RIGHT = (230, 40, 20), (30, 60, 200)
COUNT = 12
BT709, LIMITED = 1, 1


def image(width: int = 64, height: int = 48) -> np.ndarray:
    made = picture(0, width, height)
    made[:, : width // 2], made[:, width // 2 :] = LEFT, RIGHT
    return made


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """On a busy machine a process takes long to start."""
    monkeypatch.setattr(stream, "STARTING", PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listener(url: str, options: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("listener.py")), url]
    return subprocess.Popen(
        [*command, json.dumps(options), str(COUNT)], stdout=subprocess.PIPE, text=True
    )


def test_pictures_arrive_in_their_colours_at_a_steady_rate():
    """The sink is opened before anybody listens: it is tried again until somebody does."""
    url, told = f"rtmp://127.0.0.1:{free_port()}/live/key", Told()
    outlet = Outlet(Stream(url), told, rate=25, pauses=Pauses(0.2, 0.5))
    outlet.put(image(), time.monotonic())
    assert "key" not in told.wait("It is tried again"), "it may be a secret"
    reader = listener(url, {"listen": "1"})
    sizes = iter([(64, 48), (32, 48), (80, 20), (64, 48)])
    stop = threading.Event()

    def feed() -> None:
        while not stop.wait(0.02):
            width, height = next(sizes, (64, 48))
            outlet.put(image(width, height), time.monotonic())

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        out, _ = reader.communicate(timeout=PATIENCE)
    finally:
        stop.set()
        feeder.join()
        reader.kill()
    assert outlet.close(PATIENCE)
    frames = [json.loads(line) for line in out.splitlines()]
    assert len(frames) == COUNT
    assert {tuple(each["size"]) for each in frames} == {(64, 48)}
    assert {(each["matrix"], each["range"]) for each in frames} == {(BT709, LIMITED)}
    np.testing.assert_allclose(frames[-1]["halves"], (LEFT, RIGHT), atol=6)
    times = np.array([each["time"] for each in frames])
    assert np.diff(times).min() > 0.038
    assert times[-1] - times[0] >= (COUNT - 1) / 25 - 0.01


class Server:
    """Accepts, reads, and answers each request by `answer`, which may say nothing."""

    def __init__(self) -> None:
        self.came = bytearray()
        self.answer: Callable[[bytes], bytes] = lambda request: b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listening.accept()
                with client:
                    while data := client.recv(1 << 16):
                        self.came.extend(data)
                        if said := self.answer(data):
                            client.sendall(said)
        except OSError:
            return


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def test_a_server_that_never_answers_is_given_up_and_holds_up_nobody(server):
    """FFmpeg waits for it with Python's lock in its hand: a clock here must tick on."""
    sink, ticks = Stream(f"rtmp://127.0.0.1:{server.port}/live/x", patience=1), []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.01):
            ticks.append(time.monotonic())

    clock = threading.Thread(target=tick)
    clock.start()
    try:
        with pytest.raises(LivedreamError, match="does not answer within"):
            sink.open((64, 48), 30)
    finally:
        done.set()
        clock.join()
        sink.close()
    assert server.came, "it was spoken to"
    assert len(ticks) > 5


def test_whip_offers_its_picture_and_tells_of_a_refusal(server):
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server.answer = lambda request: refusal if b"m=video" in request else b""
    sink = Stream(f"http://127.0.0.1:{server.port}/whip?token=secret", patience=PATIENCE)
    sink.check()
    with pytest.raises(LivedreamError) as told:
        sink.open((64, 48), 30)
    sink.close()
    assert b"POST /whip?token=secret" in server.came
    assert b"H264/90000" in server.came
    assert "orbidden" in str(told.value)
    assert "secret" not in str(told.value) + sink.name


def test_rtsp_announces_sets_up_and_sends_packets(server):
    def answer(request: bytes) -> bytes:
        if (found := re.search(rb"CSeq: (\d+)", request)) is None:
            return b""
        more = re.search(rb"Transport: [^\r]*", request)
        head = b"RTSP/1.0 200 OK\r\nCSeq: " + found[1] + b"\r\nSession: 7\r\n"
        return head + (more[0] + b"\r\n" if more else b"") + b"\r\n"

    server.answer = answer
    sink = Stream(f"rtsp://127.0.0.1:{server.port}/live")
    sink.open((64, 48), 30)
    for number in range(5):
        sink.send(image(), number / 30)
    sink.close()
    assert b"ANNOUNCE" in server.came
    assert b"RECORD" in server.came
    packets = server.came.count(b"$\x00")  # Channel 0 in one connection with the requests.
    assert packets >= 5


def test_a_server_that_goes_away_in_the_middle_is_told():
    url = f"rtmp://127.0.0.1:{free_port()}/live/key"
    reader, sink = listener(url, {"listen": "1"}), Stream(url)

    def opened() -> bool:
        try:
            return bool(sink.open((64, 48), 30))
        except LivedreamError:
            sink.close()
            return False

    until(opened)
    sink.send(image(), 0)
    reader.kill()
    reader.wait()

    def go_on() -> None:
        for number in range(1, 2000):
            sink.send(image(), number / 30)

    with pytest.raises(LivedreamError, match="the connection failed"):
        go_on()
    sink.close()
    sink.close()


@pytest.mark.parametrize("address", ["rtmp://", "rtmp://[::1/x", "rtsp:///path"])
def test_an_address_without_a_host(address):
    with pytest.raises(UsageError, match="host"):
        Stream(address)


@pytest.mark.skipif(has_srt(), reason="this PyAV speaks SRT")
def test_without_srt_it_says_what_to_install():
    sink = Stream("srt://127.0.0.1:9000")
    assert not sink.is_available()
    with pytest.raises(LivedreamError, match=r'pip install "av>=15,<16"'):
        sink.check()


def test_the_process_for_a_server_that_says_nothing_ends_with_the_show():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stream = Stream(f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/key")
        outlet = Outlet(stream, Told())
        outlet.put(image(), time.monotonic())
        silent.settimeout(PATIENCE)
        connection, _ = silent.accept()
        with connection:
            process = stream._process
            assert process
            assert not outlet.close(timeout=0.1)
            assert process.wait(PATIENCE) != 0
