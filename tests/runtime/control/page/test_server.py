"""The page over real sockets: those who may, and those who try."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import cv2
import numpy as np
import pytest

from ....patience import PATIENCE

pytest.importorskip("websockets", reason="needs the extra `page`")

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.page import Page
from livedream.runtime.control.page.server import MOST
from livedream.runtime.errors import LivedreamError


@pytest.fixture
def desk():
    return Desk({"a": 4, "b": 8}, {})


@pytest.fixture
def shown():
    return [np.full((240, 320, 3), 90, np.uint8)]


@pytest.fixture
def page(desk, shown):
    page = Page(desk, port=0, newest=lambda: shown[0], status=lambda: {"message": "hello"})
    yield page
    page.close()


@pytest.fixture
def lan(desk):
    page = Page(desk, "0.0.0.0", 0)
    yield page
    page.close()


def key_of(page: Page, level: Any) -> str:
    return page.address(level).partition("key=")[2]


def opened(page: Page, *, cookie: str = "", **headers: str) -> ClientConnection:
    host = f"127.0.0.1:{page.port}"
    more = {"Cookie": f"livedream-{page.port}={cookie}"} if cookie else {}
    return connect(
        f"ws://{host}/socket", additional_headers={**more, **headers}, proxy=None,
        origin=f"http://{host}", close_timeout=1,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def get(page: Page, path: str, method: str = "GET", **headers: str):
    connection = HTTPConnection("127.0.0.1", page.port, timeout=PATIENCE)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def hear(client: ClientConnection, key: str) -> Any:
    """The next message with `key` in it, and what that is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        message = client.recv(PATIENCE)
        if isinstance(message, str) and key in (content := json.loads(message)):
            return content[key]
    raise AssertionError(f"nothing of {key}")


def value_of(client: ClientConnection, name: str) -> Any:
    while True:
        values = hear(client, "values")
        if name in values:
            return values[name]


def ends(client: ClientConnection) -> None:
    """Waits until the other side closes."""
    with suppress(ConnectionClosed):
        for _ in range(1000):
            client.recv(PATIENCE)
        raise AssertionError("it goes on")


def test_who_comes_hears_everything_and_two_hear_each_other(page, desk):
    with opened(page) as one, opened(page) as other:
        for client in (one, other):
            content = json.loads(client.recv(PATIENCE))
            assert content["level"] == "control"
            assert content["values"]["octaves"][0] == desk.base["octaves"]
            assert content["status"] == {"message": "hello"}
        one.send(json.dumps({"set": {"octaves": 5}}))
        assert value_of(other, "octaves")[0] == 5
        assert value_of(one, "octaves")[0] == 5
        desk.set("mirror", True, "key")
        assert value_of(one, "mirror") is True


def test_what_moves_nothing_is_neither_told_nor_taken(desk):
    page = Page(desk, port=0, idle={"out8"})
    try:
        with opened(page) as client:
            content = json.loads(client.recv(PATIENCE))
            names = {each["name"] for group in content["groups"] for each in group["parameters"]}
            assert "out7" in names
            assert "out8" not in {*names, *content["values"]}
            client.send(json.dumps({"set": {"out8": False}}))
            assert "out8" in hear(client, "error")
    finally:
        page.close()


def test_who_comes_back_has_the_full_state(page, desk):
    with opened(page) as client:
        hear(client, "values")
    desk.set("octaves", 7, "key")
    with opened(page) as client:
        assert hear(client, "values")["octaves"][0] == 7


def test_what_cannot_be_is_told_to_who_said_it_alone(page):
    with opened(page) as one, opened(page) as other:
        one.send(json.dumps({"set": {"layer": "nowhere"}}))
        assert "nowhere" in hear(one, "error")
        for _ in range(2):
            assert "error" not in json.loads(other.recv(PATIENCE))


def test_a_picture_comes_when_it_is_asked_for_and_only_a_new_one(page, shown):
    with opened(page) as client:

        def picture() -> np.ndarray:
            while not isinstance(data := client.recv(PATIENCE), bytes):
                pass
            return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

        client.send(json.dumps({"look": 320}))
        assert abs(int(picture().mean()) - 90) < 3
        client.send(json.dumps({"look": 320}))
        for _ in range(3):
            assert isinstance(client.recv(PATIENCE), str)  # Words go on, the same picture does not.
        shown[0] = np.full((480, 1280, 3), 200, np.uint8)
        last = picture()
        assert last.shape == (120, 320, 3)
        assert abs(int(last.mean()) - 200) < 3


def test_a_flood_leaves_the_last_value_and_others_in_peace(page, desk):
    with opened(page) as flood, opened(page) as other:
        for number in range(600):
            flood.send(json.dumps({"share": {"step_size": number / 600}}))
        flood.send(json.dumps({"set": {"step_size": 7.25}}))
        other.send(json.dumps({"set": {"octaves": 9}}))
        while value_of(other, "octaves")[0] != 9:
            pass
        while value_of(flood, "step_size")[0] != 7.25:
            pass
    assert desk.base["step_size"] == 7.25


def test_what_is_too_long_ends_the_connection(page, desk):
    with opened(page) as client:
        client.send(json.dumps({"set": {"layers": "a" * 5000}}))
        ends(client)
    assert desk.base["layers"] == "a"


def test_a_stranger_on_this_machine_gets_the_page_and_nothing_else(page):
    host = f"127.0.0.1:{page.port}"
    status, headers, body = get(page, "/")
    assert status == 200
    assert b"<title>livedream</title>" in body
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src 'sha256-" in headers["Content-Security-Policy"]
    assert f"ws://{host}" in headers["Content-Security-Policy"]
    for path in ("/../server.py", "/page.html", "/etc/passwd", "//etc/passwd", "/%2e%2e/", "/x?/"):
        assert get(page, path)[0] == 404
    assert get(page, "/", Host="evil.example")[0] == 421
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        with suppress(OSError):  # Older libraries hang up.
            assert get(page, "/", method)[0] == 405


def test_a_cards_picture_is_found_by_its_number_alone(page, lan):
    for path in ("/preset/", "/preset/x", "/preset/1/..", "/preset/%31", "/preset/1"):
        assert get(page, path)[0] == 404
    assert get(lan, "/preset/1")[0] == 403


def test_no_other_page_reaches_the_socket(page):
    host = f"127.0.0.1:{page.port}"
    for origin in (None, "http://evil.example", "null", f"https://{host}"):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://{host}/socket", origin=origin, proxy=None)  # pyright: ignore[reportArgumentType]
    assert get(page, "/socket", Origin=f"http://{host}")[0] == 426


def test_on_the_network_nothing_without_the_token(lan):
    assert get(lan, "/")[0] == 403
    assert get(lan, "/?key=")[0] == 403
    assert get(lan, "/?key=guess")[0] == 403
    assert b"frame-ancestors" not in get(lan, "/")[2]
    for cookie in ("", "guess", key_of(lan, "control")[:-1]):
        with pytest.raises(InvalidStatus, match="403"):
            opened(lan, cookie=cookie)
    name = f"livedream-{lan.port}"
    status, headers, _ = get(lan, f"/?key={key_of(lan, 'control')}")
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert cookie.startswith(f"{name}=")
    assert get(lan, "/", Cookie=cookie)[0] == 200


def test_who_may_look_may_not_play(lan, desk):
    with opened(lan, cookie=key_of(lan, "look")) as client:
        assert json.loads(client.recv(PATIENCE))["level"] == "look"
        for wish in ({"set": {"octaves": 9}}, {"nudge": ["octaves", 1]}, {"set": {"snapshot": 1}}):
            client.send(json.dumps(wish))
            assert "look, not play" in hear(client, "error")
    assert desk.base["octaves"] != 9
    assert not desk.take("snapshot")
    with opened(lan, cookie=key_of(lan, "control")) as client:
        client.send(json.dumps({"set": {"octaves": 9}}))
        assert value_of(client, "octaves")


def test_those_who_say_nothing_do_not_keep_others_out_for_ever(page):
    idle = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(MOST + 5)]
    try:
        assert threading.active_count() < 3 * MOST + 10
        idle[-1].settimeout(PATIENCE)
        assert idle[-1].recv(1) == b""  # One too many is closed at once.
    finally:
        for each in idle:
            each.close()
    end = time.monotonic() + PATIENCE
    while True:
        try:
            assert get(page, "/")[0] == 200
            break
        except OSError:
            assert time.monotonic() < end


def test_mangled_requests_leave_it_alive(page):
    random = np.random.default_rng(7)
    good = f"GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode()
    for _ in range(200):
        data = bytearray(good)
        for place in random.integers(0, len(data), 4):
            data[place] = random.integers(0, 256)
        with socket.create_connection(("127.0.0.1", page.port)) as client:
            client.sendall(data)
    with opened(page) as client:
        assert hear(client, "values")


def test_the_end_ends_every_connection_and_thread(desk):
    before = set(threading.enumerate())
    page = Page(desk, port=0)
    with opened(page) as client:
        hear(client, "values")
        page.close()
        page.close()
        ends(client)
    left = [each for each in set(threading.enumerate()) - before if each.name.startswith("page")]
    for thread in left:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_taken_port_is_told(page, desk):
    with pytest.raises(LivedreamError, match="name another port"):
        Page(desk, port=page.port)
