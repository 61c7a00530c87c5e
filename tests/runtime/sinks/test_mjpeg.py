"""MJPEG over HTTP, read by OpenCV, by a browser, and by those who read slowly or not at all."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import suppress

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks import mjpeg as module
from livedream.runtime.sinks.mjpeg import Mjpeg

from ...patience import PATIENCE, until
from .sinks import picture


@pytest.fixture
def sink():
    sink = Mjpeg(port=0)
    sink.open((64, 48), 30)
    yield sink
    sink.close()


@pytest.fixture
def fed(sink):
    """The sink while pictures with the colours of `field` go in."""
    stop = threading.Event()

    def feed() -> None:
        while not stop.wait(0.01):
            sink.send(field(), 0.0)

    thread = threading.Thread(target=feed)
    thread.start()
    yield sink
    stop.set()
    thread.join()


def field() -> np.ndarray:
    """Blue left, red right, as OpenCV orders colours."""
    image = picture(0)
    image[:, :32, 0] = 255
    image[:, 32:, 2] = 255
    return image


def url(sink: Mjpeg, path: str = "/") -> str:
    return f"http://127.0.0.1:{sink.port}{path}"


def test_opencv_reads_the_stream_in_its_colours(fed):
    reader = cv2.VideoCapture(url(fed, "/stream.mjpg"))
    for _ in range(5):
        good, image = reader.read()
        assert good
    np.testing.assert_allclose(image[24, 8], (255, 0, 0), atol=4)
    np.testing.assert_allclose(image[24, 56], (0, 0, 255), atol=4)
    reader.release()


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_a_browser_draws_the_page(fed, tmp_path):
    """What Chromium drew of the stream, read back from a canvas."""
    page = (
        "<img id=i src=/stream.mjpg><canvas id=c width=64 height=48></canvas><script>"
        "i.onload=()=>{let g=c.getContext('2d');g.drawImage(i,0,0);"
        "document.title=[...g.getImageData(8,24,1,1).data,...g.getImageData(56,24,1,1).data]};"
        "</script>"
    )
    module_page, module.PAGE = module.PAGE, page.encode()
    try:
        dump = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             f"--user-data-dir={tmp_path}", "--timeout=60000", "--dump-dom", url(fed)],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        ).stdout  # fmt: skip
    finally:
        module.PAGE = module_page
    found = re.search("<title>(.*?)</title>", dump)
    assert found, dump[:300]
    values = [int(each) for each in found[1].split(",")]
    np.testing.assert_allclose(values, (0, 0, 255, 255, 255, 0, 0, 255), atol=4)


def test_one_picture_and_the_page(sink):
    sink.send(picture(77), 0.0)
    with urllib.request.urlopen(url(sink, "/frame.jpg"), timeout=PATIENCE) as answer:
        image = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(image, picture(77), atol=2)
    with urllib.request.urlopen(url(sink), timeout=PATIENCE) as answer:
        assert b"/stream.mjpg" in answer.read()


def test_one_who_does_not_read_gets_the_newest_picture_later(sink):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE)
        slow.connect(("127.0.0.1", sink.port))
        slow.sendall(b"GET /stream.mjpg HTTP/1.0\r\n\r\n")
        slow.recv(10)  # It is being served.
        for value in range(0, 240):
            noise[:100] = value
            sink.send(noise.copy(), 0.0)  # Returns at once, whoever reads.
        sink.send(picture(250, 640, 480), 0.0)
        data, last = bytearray(), None
        while last is None:
            data += slow.recv(1 << 20)
            for part in data.split(b"--frame\r\n")[1:-1]:
                image = part.partition(b"\r\n\r\n")[2]
                value = int(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)[5, 5, 0])
                if value > 245:
                    last = len(data)
    assert last < 4_000_000, "a handful of pictures were on their way, not two hundred"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        ("GET /frame.jpg HTTP/1.0\r\nHost: attacker.example:80", b"403"),
        ("GET /frame.jpg HTTP/1.0\r\nHost: localhost:1", b"200"),
        ("GET /../etc/passwd HTTP/1.0", b"404"),
        ("POST / HTTP/1.0", b"501"),
        ("\xff\x00 nonsense", b"400"),
    ],
)
def test_what_is_asked_for_and_by_whom(sink, head, answer):
    sink.send(picture(1), 0.0)
    with socket.create_connection(("127.0.0.1", sink.port), PATIENCE) as client:
        client.sendall(head.encode("latin-1") + b"\r\n\r\n")
        assert answer in client.recv(200)


def test_too_many_are_sent_away_and_let_in_when_others_leave(sink, monkeypatch):
    sink.send(picture(1), 0.0)
    clients = []
    for _ in range(module.VIEWERS):
        client = socket.create_connection(("127.0.0.1", sink.port), PATIENCE)
        client.sendall(b"GET /stream.mjpg HTTP/1.0\r\n\r\n")
        assert b"200" in client.recv(200)
        clients.append(client)
    with pytest.raises(urllib.error.HTTPError, match="Too many"):
        urllib.request.urlopen(url(sink, "/frame.jpg"), timeout=PATIENCE)
    for client in clients:
        client.close()

    def let_in() -> bool:
        sink.send(picture(2), 0.0)
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(url(sink, "/frame.jpg"), timeout=PATIENCE).close()
            return True
        return False

    until(let_in)  # They are noticed at the next pictures.


def test_a_port_that_is_taken_is_told_and_free_again_after_close(sink):
    second = Mjpeg(port=sink.port)
    with pytest.raises(LivedreamError, match=f"Port {sink.port} cannot be listened on"):
        second.open((64, 48), 30)
    sink.close()
    assert second.open((64, 48), 30) == f"http://127.0.0.1:{second.port}/"
    second.close()
