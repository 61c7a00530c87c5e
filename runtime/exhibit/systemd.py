"""systemd: the lines that a service sends it, and the unit that makes the keeper a service."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

ALIVE = 1.0
"""Seconds between two signs of life, at least."""

FIGURES = 10.0
"""Seconds between two statuses of figures, at least: each is told to the whole session."""


class Notify:
    """Tells systemd how the service is; without one it does nothing."""

    def __init__(self, address: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        """address: of NOTIFY_SOCKET; a leading @ stands for the abstract namespace."""
        self._clock = clock
        self._alive = self._figures = -FIGURES
        self._address = address and ("\0" + address[1:] if address.startswith("@") else address)
        self._socket: socket.socket | None = None
        self._ready = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Notify:
        return cls(environment.get("NOTIFY_SOCKET"))

    def ready(self) -> None:
        """The first picture is shown; told once."""
        if not self._ready:
            self._ready = True
            self._send("READY=1")

    def alive(self) -> None:
        """May be said as often as one likes."""
        now = self._clock()
        if now - self._alive >= ALIVE:
            self._alive = now
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """A change of state."""
        self._send(f"STATUS={text}")

    def figures(self, text: str) -> None:
        """How it goes on; may be said as often as one likes."""
        now = self._clock()
        if now - self._figures >= FIGURES:
            self._figures = now
            self.status(text)

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, line: str) -> None:
        if not self._address:
            return
        with suppress(OSError):  # A manager that is gone or busy changes nothing about the show.
            if self._socket is None:
                self._socket = socket.socket(
                    socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
                )
                self._socket.setblocking(False)
            self._socket.sendto(line.encode(), self._address)


KEPT = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "LIVEDREAM_CACHE", "LIVEDREAM_CACHE_LIMIT")
"""Of the environment: what the show needs and a service does not inherit."""

_UNIT = """[Unit]
Description=livedream: a picture that dreams, kept running
After={after}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={folder}
TimeoutStartSec=infinity
TimeoutStopSec=10
WatchdogSec=20
WatchdogSignal=SIGKILL
Restart=always
RestartSec=5
{environment}NoNewPrivileges=yes
{hardening}
[Install]
WantedBy={wanted}
"""

_HARDENING = """User={user}
StateDirectory=livedream
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
BindReadOnlyPaths=-/tmp/.X11-unix
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectClock=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
CapabilityBoundingSet=
DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-drm rw
DeviceAllow=char-nvidia rw
DeviceAllow=char-nvidia-uvm rw
DeviceAllow=char-alsa rw
SupplementaryGroups=video render audio
"""


def unit(
    command: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    *,
    user: str | None = None,
    network: bool = True,
    writes: Sequence[str] = (),
) -> str:
    """The text of a unit that keeps `command` running in `folder`.

    environment: as `os.environ`; what KEPT names of it is written down. user: of a system unit,
    which is closed off from the machine; None is a unit of the person's own manager. network:
    whether the show may use it; a unit of one's own cannot forbid it. writes: folders that a
    system unit may write to, besides its cache.
    """
    kept = {name: environment[name] for name in KEPT if environment.get(name)}
    hardening = ""
    if user is not None:
        kept.setdefault("LIVEDREAM_CACHE", "/var/lib/livedream")
        hardening = _HARDENING.format(user=user)
        if not network:
            hardening += "IPAddressDeny=any\n"
        if writes:
            hardening += f"ReadWritePaths={' '.join(map(_quoted, writes))}\n"
    return _UNIT.format(
        after="graphical-session.target" if user is None else "graphical.target",
        command=" ".join(_quoted(word) for word in command),
        folder=folder.replace("%", "%%"),
        environment="".join(
            f"Environment={_quoted(f'{name}={value}')}\n" for name, value in kept.items()
        ),
        hardening=hardening,
        wanted="default.target" if user is None else "graphical.target",
    )


def unit_path(system: bool) -> str:
    """Where the unit belongs."""
    if system:
        return "/etc/systemd/system/livedream.service"
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return f"{config}/systemd/user/livedream.service"


def _quoted(word: str) -> str:
    """As systemd reads it back: no specifier, no variable, no escape."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    text = text.replace("\n", "\\n")
    return text if text and all(letter not in " \t'\";" for letter in text) else f'"{text}"'
