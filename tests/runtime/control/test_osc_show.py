"""A controller plays the real program over a socket."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from socket import SOCK_DGRAM

import pytest

from ...patience import PATIENCE, until
from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from .remote import Remote, free_port


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def test_a_value_that_is_said_is_what_runs_and_the_show_can_be_ended(start, tmp_path):
    port, web = free_port(SOCK_DGRAM), free_port()
    child = start("--osc", f":{port}", "--out", f"mjpeg:{web}")
    plays(child)
    until(lambda: answers(web))
    with Remote(port) as remote:
        remote.say("step_size", 7.5, 0.0)
        remote.hears("step_size", 7.5)
        remote.say("out1", 0)
        until(lambda: not answers(web))
        remote.say("out1", 1)
        until(lambda: answers(web))
        remote.say("layers", "a:2", 0.0)
        remote.hears("layers", "a:2")
        time.sleep(0.3)  # Until it is dreamt with.
        remote.say("quit")
    assert child.wait(PATIENCE) == 0
    settings = json.loads((tmp_path / "stats.json").read_text())["settings"]
    assert settings["step_size"] == 7.5
    assert settings["layers"] == "a:2"
