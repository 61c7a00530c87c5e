"""A controller plays the real program over a socket."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress

import pytest

from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def test_a_value_that_is_said_is_what_runs_and_the_show_can_be_ended(start, tmp_path):
    port, web = free_port(), free_port()
    child = start("--osc", f":{port}", "--out", f"mjpeg:{web}")
    plays(child)

    def until(listens: bool) -> None:
        end = time.monotonic() + 20
        while answers(web) != listens:
            assert time.monotonic() < end
            time.sleep(0.02)

    until(True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
        controller.connect(("127.0.0.1", port))
        controller.settimeout(10)

        def say(address: str, *arguments: object) -> None:
            made = OscMessageBuilder(address)
            for argument in arguments:
                made.add_arg(argument)
            controller.send(made.build().dgram)

        say("/livedream/step_size", 7.5, 0.0)
        say("/livedream/step_size", "?")
        answer = ""
        while answer != "/livedream/step_size":
            (heard,) = OscPacket(controller.recv(65535)).messages
            answer = heard.message.address
        assert heard.message.params == [7.5]
        say("/livedream/out1", 0)
        until(False)
        say("/livedream/out1", 1)
        until(True)
        say("/livedream/layers", "a:2", 0.0)
        time.sleep(0.3)
        say("/livedream/quit")
    assert child.wait(10) == 0
    settings = json.loads((tmp_path / "stats.json").read_text())["settings"]
    assert settings["step_size"] == 7.5
    assert settings["layers"] == "a:2"
