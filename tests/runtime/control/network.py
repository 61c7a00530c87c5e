"""A network of the test's own, whose only link is the loopback."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

_READY = "ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && exec "


def run_inside(script: str) -> str:
    """What `script`, Python, prints in there; it must not fail. Skips where none can be made."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("no network namespace can be made")
    inside = ["unshare", "-rn", "sh", "-c"]
    if subprocess.run([*inside, _READY + "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made")
    child = subprocess.run(
        [*inside, _READY + '"$0" -c "$1"', sys.executable, script],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.strip()
