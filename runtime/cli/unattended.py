"""`livedream doctor --exhibit`: what would end a show here that nobody looks after for a month.

Facts are gathered by `examine_exhibit` and judged by pure functions; nothing is changed.
"""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..cuda.machine import MISSING, OK, WRONG
from ..exhibit.systemd import unit_path
from ..live.window.kiosk import QuietScreen
from ..store.cache import cache_root
from .finding import Finding

_LEFT = 2e9
"""Bytes; logs and updates fill the rest of a disk that is fuller."""


def examine_exhibit() -> list[Finding]:
    """Everything of an exhibit that can be known here in about a second."""
    user = getpass.getuser()
    return [
        service(
            [path for path in map(unit_path, (False, True)) if Path(path).exists()],
            Path("/var/lib/systemd/linger", user).exists(),
            user,
        ),
        names(_files("/dev", "video*"), _files("/dev/v4l/by-id", "*")),
        autosuspend(_read("/sys/module/usbcore/parameters/autosuspend")),
        upgrades(
            "".join(_read(str(path)) for path in _files("/etc/apt/apt.conf.d", "*auto-upgrades")),
            Path("/proc/driver/nvidia").exists(),
        ),
        screen(_screen()),
        ready(len(_files(str(cache_root()), "**/*.onnx"))),
        room(shutil.disk_usage("/").free),
        swap([line.split()[0] for line in _read("/proc/swaps").splitlines()[1:]]),
        clock(Path("/run/systemd").exists(), Path("/run/systemd/timesync/synchronized").exists()),
    ]


def service(units: Sequence[str], lingers: bool, user: str) -> Finding:
    if not units:
        return Finding(
            MISSING, "service", "nothing starts the show after a power cut",
            "`livedream exhibit install [options]` writes a service.",
        )  # fmt: skip
    if len(units) == 1 and units[0] == unit_path(False) and not lingers:
        return Finding(
            WRONG, "service", f"{units[0]} starts only when {user} logs in",
            f"`sudo loginctl enable-linger {user}`, or let {user} log in by itself.",
        )  # fmt: skip
    if len(units) > 1:
        return Finding(
            WRONG, "service", f"two of them want the camera: {' and '.join(units)}",
            "Disable and delete one of them.",
        )  # fmt: skip
    return Finding(OK, "service", units[0])


def names(devices: Sequence[Path], links: Sequence[Path]) -> Finding:
    if not devices:
        return Finding(MISSING, "camera's name", "no camera is plugged in")
    if not links:
        return Finding(
            MISSING, "camera's name", "no camera has a name that stays (/dev/v4l/by-id)",
            "Name it by a part of its name, as `livedream doctor` lists it: --source \"cam link\".",
        )  # fmt: skip
    return Finding(OK, "camera's name", f"--source {links[0]}")


def autosuspend(seconds: str) -> Finding:
    """seconds: the kernel's parameter; empty where it has none."""
    if not seconds:
        return Finding(OK, "USB power", "the kernel has no autosuspend")
    if int(seconds) < 0:
        return Finding(OK, "USB power", "autosuspend is off")
    return Finding(
        WRONG, "USB power", f"idle devices sleep after {seconds} s; some cameras never wake up",
        "Add usbcore.autosuspend=-1 to the kernel's command line.",
    )  # fmt: skip


def upgrades(configured: str, nvidia: bool) -> Finding:
    """configured: what apt says of automatic upgrades."""
    on = any("Unattended-Upgrade" in line and '"0"' not in line for line in configured.splitlines())
    if not on:
        return Finding(OK, "upgrades", "none happen by themselves")
    if nvidia:
        return Finding(
            WRONG, "upgrades", "a new graphics driver beside the old kernel module ends CUDA",
            "`sudo apt-mark hold` the packages of the driver, or turn automatic upgrades off.",
        )  # fmt: skip
    return Finding(OK, "upgrades", "they happen by themselves; none touches a graphics driver")


def screen(missing: Sequence[str]) -> Finding:
    if not missing:
        return Finding(OK, "quiet screen", "no cursor, no blanking while the show plays")
    return Finding(
        MISSING, "quiet screen", "; ".join(missing),
        "Run this in the session that shows the picture, and `xset s off -dpms` there.",
    )  # fmt: skip


def ready(graphs: int) -> Finding:
    if graphs:
        return Finding(OK, "first start", f"{graphs} written graphs are in the cache")
    return Finding(
        MISSING, "first start", "no graph is written yet: the next start needs torch and time",
        "Start the show once with its options, or write one by `livedream export`.",
    )  # fmt: skip


def room(free: float) -> Finding:
    fact = f"{free / 1e9:.1f} GB free"
    if free < _LEFT:
        return Finding(WRONG, "disk", fact, "Free some: a full disk ends logs and logins.")
    return Finding(OK, "disk", fact)


def swap(places: Sequence[str]) -> Finding:
    """places: where memory may be moved to."""
    disks = [place for place in places if not place.startswith("/dev/zram")]
    if not disks:
        return Finding(OK, "swap", "none on a disk; pictures of visitors stay in memory")
    return Finding(
        MISSING, "swap", f"pictures of visitors may get to {' and '.join(disks)}",
        "`sudo swapoff -a` and its line out of /etc/fstab, unless that disk is encrypted.",
    )  # fmt: skip


def clock(systemd: bool, synchronized: bool) -> Finding:
    if synchronized or not systemd:
        return Finding(OK, "clock", "set by the network" if synchronized else "not looked at")
    return Finding(
        MISSING, "clock", "not set by the network: --opening and --nightly follow it",
        "`sudo timedatectl set-ntp true`, where there is a network.",
    )  # fmt: skip


def _screen() -> list[str]:
    if not os.environ.get("DISPLAY"):
        return ["there is no X display here"]
    quiet = QuietScreen()
    quiet.close()
    return quiet.missing


def _files(folder: str, pattern: str) -> list[Path]:
    with suppress(OSError):
        return sorted(Path(folder).glob(pattern))
    return []


def _read(path: str) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return Path(path).read_text().strip()
    return ""
