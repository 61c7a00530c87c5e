"""The real program goes from one source to another because a controller says so."""

from __future__ import annotations

import json
import socket

import av
import cv2
import numpy as np
import pytest

from ..conftest import plays

pytest.importorskip("pythonosc", reason="needs the extra `osc`")

from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket


def test_listed_sources_are_played_and_others_are_not(start, tmp_path):
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 160, 3), (30, 60, 200), np.uint8))
    (tmp_path / "gone.mp4").touch()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
        controller.bind(("127.0.0.1", 0))
        port = controller.getsockname()[1]
    child = start("--osc", f":{port}", "--source", "wall.png", "--source", "gone.mp4")
    plays(child)
    (tmp_path / "gone.mp4").unlink()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as controller:
        controller.connect(("127.0.0.1", port))
        controller.settimeout(20)

        def say(address: str, *arguments: object) -> None:
            made = OscMessageBuilder(address)
            for argument in arguments:
                made.add_arg(argument)
            controller.send(made.build().dgram)

        def hears(value: str) -> None:
            heard = []
            while heard[-1:] != [value]:
                (packet,) = OscPacket(controller.recv(65535)).messages
                if packet.message.address == "/livedream/source":
                    heard += packet.message.params

        def tells(words: str) -> None:
            assert child.stderr
            assert any(words in line for line in child.stderr)

        say("/livedream/source", "?")
        hears("demo")
        say("/livedream/source", str(tmp_path / "wall.png"))  # It is listed by its name alone.
        say("/livedream/source", "wall.png", 0.2)
        tells("There is no source")
        hears("wall.png")
        say("/livedream/source", "gone.mp4")
        tells("There is no file gone.mp4")
        hears("wall.png")  # The desk goes back to what plays.
        say("/livedream/quit")
    assert child.wait(20) == 0
    assert json.loads((tmp_path / "stats.json").read_text())["source"] == "picture wall.png: 160x90"
    with av.open(str(tmp_path / "take.mp4")) as video:
        sizes = {(frame.width, frame.height) for frame in video.decode(video=0)}
    assert len(sizes) == 1, "another size closes no recording"
