from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture
def display():
    """The name of an X server of the test's own, without a window manager."""
    needed = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if needed:
        pytest.skip(f"not installed: {', '.join(needed)}")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x700x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as numbers:
        number = numbers.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)
