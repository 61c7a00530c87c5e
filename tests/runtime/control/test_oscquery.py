"""Other programs ask the page's port for OSC addresses, over real sockets."""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPConnection

import cv2
import numpy as np
import pytest

from livedream.runtime.control.addresses import PREFIX, understood
from livedream.runtime.control.desk import Desk
from livedream.runtime.control.oscquery import host_info, node

from ...patience import PATIENCE

pytest.importorskip("websockets", reason="needs the extra `page`")
pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from pythonosc.osc_message import OscMessage
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from livedream.runtime.control.page import Page

OSC = ("127.0.0.1", 9123)


@pytest.fixture
def desk():
    return Desk({"a": 4, "b": 8}, {})


@pytest.fixture
def page(desk, tmp_path):
    picture = tmp_path / "03.jpg"
    cv2.imwrite(str(picture), np.full((60, 80, 3), 200, np.uint8))
    page = Page(desk, port=0, osc=OSC, thumbnail={3: picture}.get)
    yield page
    page.close()


def ask(page: Page, path: str, **headers: str):
    connection = HTTPConnection("127.0.0.1", page.port, timeout=PATIENCE)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, json.loads(body) if answer.getheader("Content-Type", "").endswith(
        "json"
    ) else body


def test_every_address_is_one_that_osc_takes(desk):
    tree = node("/", desk.parameters, desk.base)
    assert tree
    leaves = tree["CONTENTS"]["livedream"]["CONTENTS"]
    assert set(leaves) == set(desk.parameters)
    for name, leaf in leaves.items():
        assert leaf["FULL_PATH"] == PREFIX + name
        understood(leaf["FULL_PATH"], leaf.get("VALUE", []), desk.parameters)
        for below in leaf.get("CONTENTS", {}).values():
            understood(below["FULL_PATH"], below["VALUE"], desk.parameters)


def test_a_node_says_type_range_and_value(desk):
    def at(name: str):
        found = node(PREFIX + name, desk.parameters, desk.base)
        assert found
        return found

    assert at("octaves")["TYPE"] == "i"
    assert at("octaves")["RANGE"] == [{"MIN": 1, "MAX": 12}]
    assert at("step_size")["UNIT"] == ["levels of 255"]
    assert at("layer")["RANGE"] == [{"VALS": ["a", "b"]}]
    assert at("mirror")["TYPE"] == "F"
    assert at("reset") == {
        "FULL_PATH": "/livedream/reset", "TYPE": "I", "ACCESS": 2,
        "DESCRIPTION": desk.parameters["reset"].sentence,
    }  # fmt: skip
    assert at("step_size/norm")["RANGE"] == [{"MIN": 0.0, "MAX": 1.0}]
    for nowhere in ("/x", "/livedream/x", "/livedream/mirror/norm", "/livedream/norm"):
        assert node(nowhere, desk.parameters, desk.base) is None


def test_who_answers_and_where_osc_is(page):
    status, told = ask(page, "/?HOST_INFO")
    assert (status, told) == (200, host_info("livedream", "127.0.0.1", 9123))
    assert told["EXTENSIONS"]["LISTEN"]


def test_the_tree_a_node_and_one_attribute(page, desk):
    assert ask(page, "/")[1] == node("/", desk.parameters, desk.base)
    desk.set("octaves", 7, "key")
    assert ask(page, "/livedream/octaves")[1]["VALUE"] == [7]
    assert ask(page, "/livedream/octaves?VALUE") == (200, {"VALUE": [7]})
    assert ask(page, "/livedream/reset?VALUE")[0] == 204
    assert ask(page, "/livedream/octaves?SHELL")[0] == 400
    assert ask(page, "/livedream/nothing")[0] == 404
    assert ask(page, "/", Host="evil.example")[0] == 421


def test_a_browser_gets_the_page_at_the_same_port(page):
    assert b"<title>livedream</title>" in ask(page, "/", Accept="text/html,*/*")[1]
    status, picture = ask(page, "/preset/3?1", Accept="image/*")
    assert (status, picture[:2]) == (200, b"\xff\xd8")


def test_who_listens_hears_changes_as_osc_and_can_move_nothing(page, desk):
    with connect(f"ws://127.0.0.1:{page.port}/", proxy=None) as client:
        for said in ("x", "[" * 2000, '{"COMMAND":"LISTEN","DATA":"/livedream/nothing"}'):
            client.send(said)
        client.send('{"COMMAND":"LISTEN","DATA":"/livedream/octaves"}')
        client.send('{"set":{"octaves":3}}')
        client.send('{"COMMAND":"LISTEN","DATA":"/livedream/mirror"}')
        client.send('{"COMMAND":"IGNORE","DATA":"/livedream/mirror"}')
        client.send('{"COMMAND":"LISTEN","DATA":"/livedream/freeze"}')
        while True:  # Once the last is heard, what was said before it has been read.
            desk.nudge("freeze", 1, "key")
            with suppress(TimeoutError):
                assert OscMessage(client.recv(0.1)).address == "/livedream/freeze"
                break
        before = desk.base["octaves"]
        desk.set("mirror", True, "key")
        desk.set("octaves", 9, "key")
        heard = OscMessage(client.recv(PATIENCE))
        while heard.address == "/livedream/freeze":
            heard = OscMessage(client.recv(PATIENCE))
    assert before != 3
    assert (heard.address, heard.params) == ("/livedream/octaves", [9])


def test_no_page_from_elsewhere_listens(page):
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{page.port}/", origin="http://evil.example", proxy=None)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("osc", "status"), [(None, 403), (("127.0.0.1", 9000), 403), (("0.0.0.0", 9000), 200)]
)
def test_on_the_network_only_where_osc_is_open_to_it(desk, osc, status):
    page = Page(desk, "0.0.0.0", 0, osc=osc)
    try:
        assert (ask(page, "/livedream/octaves")[0] == 200) is (status == 200)
        assert ask(page, "/")[0] == status
        assert ask(page, "/", Accept="text/html")[0] == 403
    finally:
        page.close()
