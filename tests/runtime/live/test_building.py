"""What a show would open, made ahead."""

from __future__ import annotations

import re

from livedream.runtime.choices import Choices
from livedream.runtime.cli.main import commands
from livedream.runtime.control.presets import Preset
from livedream.runtime.gradient.network import Network, Request
from livedream.runtime.live.building import time_left, wanted_by

CHOICES = Choices(
    "efficientnet_lite0", "block5", None, "random", "live", "cpu", "auto", (64, 48), 0, None,
    {"octaves": 2},
)  # fmt: skip


def test_each_file_on_each_of_its_octaves_once():
    network = Network("efficientnet_lite0", {"block5": 112, "block9": 192}, None, Request())
    presets = [
        Preset("steered", {"layers": "block9"}),  # The bank's file holds both.
        Preset("other octaves", {"octaves": 3}),
        Preset("the same", {"layers": "block5", "octaves": 3}),
        Preset("as it is", {"strength": 0.2}),
    ]
    wanted = list(wanted_by(network, CHOICES, (1280, 720), presets))
    assert [each.octaves for each in wanted] == [2, 3]
    assert {each.size for each in wanted} == {(36, 64)}


def test_time_left():
    assert time_left(3, 0.5) == time_left(60, 0.01) == ""
    assert time_left(60, 0.25) == ", 3:00 left"


def test_what_is_built_lies_there(exported, capsys):
    """The command, on a given file and the processor's own kernels."""
    graph = exported("block4", "fp32", "cpu")
    size = ["--size", "64x48", "--octaves", "1", "--source-size", "64x48"]
    asked = ["build", "--graph", str(graph), "--layers", "block4", "--provider", "cpu", *size]
    commands.main(asked, standalone_mode=False)
    assert re.search(r"block4 at 64x48 on cpu: ready after \d+ s", capsys.readouterr().err)
