from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest
from rich.console import Console

from livedream.runtime.cli.option_types import Surface
from livedream.runtime.cli.osc_table import as_json, as_markdown, lines, print_addresses
from livedream.runtime.errors import UsageError

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_what_the_command_prints():
    assert (DOCS / "osc.md").read_text() == as_markdown("efficientnet_lite0")


@pytest.mark.parametrize("columns", [60, 80, 119, 120, 200])
def test_nothing_is_cut_off_however_narrow_the_terminal(columns):
    printed = io.StringIO()
    print_addresses(Console(file=printed, width=columns), "efficientnet_lite0", "table")
    text = " ".join(printed.getvalue().split())
    assert "…" not in text
    for line in lines("efficientnet_lite0"):
        assert line.address in text
    for line in printed.getvalue().splitlines():
        assert len(line) <= columns


def test_other_programs_read_the_addresses():
    lines = {line["address"]: line for line in json.loads(as_json("googlenet"))}
    assert lines["/livedream/octaves"]["takes"] == "1..12"
    with pytest.raises(UsageError, match="googlenet"):
        as_json("googlnet")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("lan", ("0.0.0.0", 8642)), (":9000", ("127.0.0.1", 9000)), ("lan:9000", ("0.0.0.0", 9000)),
        ("10.0.0.2", ("10.0.0.2", 8642)), ("stage:1", ("stage", 1)),
    ],
)  # fmt: skip
def test_surfaces_listen_on_the_loopback_unless_told(said, address):
    assert Surface("osc").convert(said, None, None) == address


@pytest.mark.parametrize("said", [":0", ":65536", "lan:osc", ":-1", ":\u0661"])
def test_what_is_no_port_is_told(said):
    with pytest.raises(click.BadParameter, match="1 to 65535"):
        Surface("osc").convert(said, None, None)


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ("lan:link", ("link", "0.0.0.0", 9996)), ("os2l", ("os2l", "127.0.0.1", 9996)),
        ("lan:os2l:8000", ("os2l", "0.0.0.0", 8000)),
    ],
)  # fmt: skip
def test_clocks_listen_on_the_loopback_unless_told(said, clock):
    assert Surface("clock").convert(said, None, None) == clock


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("link", "lan:link"), ("tap", "is no clock"), ("lan:link:1", "is no clock"),
        ("os2l:0", "65535"),
    ],
)  # fmt: skip
def test_what_is_no_clock_is_told(said, told):
    with pytest.raises(click.BadParameter, match=told):
        Surface("clock").convert(said, None, None)
