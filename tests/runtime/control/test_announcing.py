"""Announced and found in a network of its own."""

from __future__ import annotations

import pytest

from .network import run_inside

pytest.importorskip("zeroconf", reason="needs the extra `discovery`")

SCRIPT = """
import threading
from zeroconf import ServiceBrowser, Zeroconf
from livedream.runtime.control.announcing import OSC, OSCQUERY, Announcement

found, both, gone = {}, threading.Event(), threading.Event()

class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, 60_000)
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
    assert both.wait(60), found
    assert found == {OSC: (9001, ["127.0.0.1"]), OSCQUERY: (9002, ["127.0.0.1"])}
    told.close()
    assert gone.wait(60)
print("done")
"""


def test_other_programs_find_osc_and_its_addresses_and_their_end():
    assert run_inside(SCRIPT) == "done"
