"""The real program, played from the page."""

from __future__ import annotations

import json
import re

import pytest

from ....patience import PATIENCE
from ...conftest import plays

pytest.importorskip("websockets", reason="needs the extra `page`")

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ..remote import free_port


def test_what_the_page_says_is_what_runs_and_it_sees_the_picture(start, tmp_path):
    port = free_port()
    child = start("--page", f":{port}", "--out", f"mjpeg:{free_port()}")
    plays(child)
    host = f"127.0.0.1:{port}"
    with connect(
        f"ws://{host}/socket", origin=f"http://{host}", proxy=None, open_timeout=PATIENCE
    ) as page:  # pyright: ignore[reportArgumentType]

        def hear(kind: type) -> str | bytes:
            while not isinstance(message := page.recv(PATIENCE), kind):
                pass
            return message

        page.send(json.dumps({"set": {"step_size": 7.5, "layers": "a:2"}, "seconds": 0}))
        page.send(json.dumps({"look": 320}))
        assert bytes(hear(bytes)).startswith(b"\xff\xd8\xff")  # As every JPEG.
        status = {}
        while not (status.get("fps") and status["layer"] == "a:2"):
            status = json.loads(hear(str)).get("status", status)
        assert status["recording"] > 0
        while [each.split()[0] for each in status["sinks"]] != ["take.mp4", "mjpeg"]:
            status = json.loads(hear(str)).get("status", status)
        page.send(json.dumps({"set": {"out1": 0}}))
        while [each.split()[0] for each in status["sinks"]] != ["take.mp4"]:
            status = json.loads(hear(str)).get("status", status)
        page.send(json.dumps({"set": {"record": 0}}))
        while not re.search("frames|pictures|take.mp4", status.get("message", "")):
            status = json.loads(hear(str)).get("status", status)
        child.terminate()
        with pytest.raises(ConnectionClosed, match="1001"):  # noqa: PT012
            while True:
                page.recv(PATIENCE)
    assert child.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "stats.json").read_text())["settings"]["step_size"] == 7.5
