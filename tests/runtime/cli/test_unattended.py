"""The checklist of an exhibit: what is judged of which facts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from livedream.runtime.cli import unattended
from livedream.runtime.cli.doctor import run_doctor
from livedream.runtime.cuda.machine import MISSING, OK, WRONG
from livedream.runtime.exhibit.systemd import unit_path

OWN, SYSTEM = unit_path(False), unit_path(True)


@pytest.mark.parametrize(
    ("finding", "state", "says"),
    [
        (unattended.service([], False, "ann"), MISSING, "exhibit install"),
        (unattended.service([OWN], False, "ann"), WRONG, "enable-linger ann"),
        (unattended.service([OWN], True, "ann"), OK, OWN),
        (unattended.service([SYSTEM], False, "ann"), OK, SYSTEM),
        (unattended.service([OWN, SYSTEM], True, "ann"), WRONG, "one of them"),
        (unattended.names([], []), MISSING, "plugged"),
        (unattended.names([Path("/dev/video0")], []), MISSING, "--source"),
        (unattended.names([Path("/dev/video0")], [Path("/dev/v4l/by-id/a")]), OK, "by-id/a"),
        (unattended.autosuspend("2"), WRONG, "usbcore.autosuspend=-1"),
        (unattended.autosuspend("-1"), OK, "off"),
        (unattended.autosuspend(""), OK, "no autosuspend"),
        (unattended.upgrades('APT::Periodic::Unattended-Upgrade "1";', True), WRONG, "hold"),
        (unattended.upgrades('APT::Periodic::Unattended-Upgrade "1";', False), OK, "driver"),
        (unattended.upgrades('APT::Periodic::Unattended-Upgrade "0";', True), OK, "none"),
        (unattended.screen(["the cursor stays"]), MISSING, "xset"),
        (unattended.screen([]), OK, "no cursor"),
        (unattended.ready(0), MISSING, "export"),
        (unattended.ready(2), OK, "2 written"),
        (unattended.room(1e9), WRONG, "Free some"),
        (unattended.room(9e9), OK, "9.0 GB"),
        (unattended.swap([]), OK, "in memory"),
        (unattended.swap(["/dev/zram0"]), OK, "in memory"),
        (unattended.swap(["/dev/zram0", "/swapfile"]), MISSING, "may get to /swapfile"),
        (unattended.clock(True, False), MISSING, "timedatectl"),
        (unattended.clock(True, True), OK, "network"),
        (unattended.clock(False, False), OK, "not looked at"),
    ],
)
def test_facts_are_judged(finding, state, says):
    assert finding.state == state
    assert says in f"{finding.fact} {finding.advice}"
    assert bool(finding.advice) == (state != OK) or says == "plugged"


def test_the_command_adds_it_to_the_rest():
    heard = io.StringIO()
    run_doctor(Console(file=heard, width=200), exhibit=True)
    assert all(word in heard.getvalue() for word in ("onnxruntime", "USB power", "quiet screen"))
