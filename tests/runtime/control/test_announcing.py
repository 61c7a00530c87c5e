"""Announced and found in a network of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

pytest.importorskip("zeroconf", reason="needs the extra `discovery`")

NETWORK = "ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "
SCRIPT = """
import threading
from zeroconf import ServiceBrowser, Zeroconf
from livedream.runtime.control.announcing import OSC, OSCQUERY, Announcement

found, both, gone = {}, threading.Event(), threading.Event()

class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name)
        found[kind] = (info.port, info.parsed_addresses())
        if len(found) == 2:
            both.set()
    def update_service(self, *what): pass
    def remove_service(self, zeroconf, kind, name):
        del found[kind]
        if not found:
            gone.set()

told = Announcement({OSC: 9001, OSCQUERY: 9002}, "127.0.0.1", say=print)
with Zeroconf(interfaces=["127.0.0.1"]) as zeroconf:
    ServiceBrowser(zeroconf, [OSC, OSCQUERY], Listener())
    assert both.wait(20), found
    assert found == {OSC: (9001, ["127.0.0.1"]), OSCQUERY: (9002, ["127.0.0.1"])}
    told.close()
    assert gone.wait(20)
print("done")
"""


def test_other_programs_find_osc_and_its_addresses_and_their_end():
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("no network namespace can be made")
    inside = ["unshare", "-rn", "sh", "-c"]
    if subprocess.run([*inside, NETWORK + "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made")
    child = subprocess.run(
        [*inside, NETWORK + '"$0" -c "$1"', sys.executable, SCRIPT], capture_output=True, text=True
    )
    assert child.stdout.strip() == "done", child.stderr
