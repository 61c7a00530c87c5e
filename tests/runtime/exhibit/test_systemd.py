import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from livedream.runtime.exhibit.systemd import Notify, unit


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="abstract sockets are Linux's")
@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_ready_once(tmp_path, abstract):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = f"@livedream-{os.getpid()}" if abstract else str(tmp_path / "notify")
    manager.bind("\0" + address[1:] if abstract else address)
    notify = Notify.of({"NOTIFY_SOCKET": address})
    notify.ready()
    notify.ready()
    notify.alive()
    assert [manager.recv(100) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
    manager.close()
    notify.status("nobody listens")
    Notify.of({}).ready()


def test_the_manager_is_not_told_the_same_all_day(tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.setblocking(False)
    clock, heard = [0.0], []
    notify = Notify(str(tmp_path / "notify"), lambda: clock[0])
    notify.status("A picture is shown.")
    for tick in range(1, 101):  # Twenty seconds.
        clock[0] = tick / 5
        notify.alive()
        notify.figures(f"picture {tick}")
        with suppress(BlockingIOError):
            while True:
                heard.append(manager.recv(100).decode())
    manager.close()
    assert heard.count("WATCHDOG=1") == 20
    assert [each for each in heard if "STATUS" in each] == [
        "STATUS=A picture is shown.", "STATUS=picture 1", "STATUS=picture 51"
    ]  # fmt: skip


@pytest.mark.parametrize("user", [None, "root"])
def test_systemd_takes_the_unit(tmp_path, user):
    odd = 'a b"c\\d%e$f'
    command = ["/bin/true", "exhibit", "--source", odd]
    text = unit(command, "/tmp", {"DISPLAY": ":0"}, user=user, writes=["/srv/a b"])
    assert ('ReadWritePaths="/srv/a b"\n' in text) == (user is not None)
    assert "Environment=DISPLAY=:0\n" in text
    assert "WatchdogSec=20\n" in text
    assert ("ProtectSystem=strict" in text) == (user is not None)
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    (tmp_path / "livedream.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "livedream.service")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert not [line for line in done.stderr.splitlines() if "livedream.service" in line]


def test_no_network_where_no_option_needs_one():
    words = (["livedream"], "/", {})
    assert "IPAddressDeny=any" in unit(*words, user="u", network=False)
    assert "IPAddressDeny" not in unit(*words, user="u")
