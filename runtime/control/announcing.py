"""Tells the network what is listened for here: OSC and where its addresses are described, OS2L."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable

OSC = "_osc._udp.local."
OSCQUERY = "_oscjson._tcp.local."
"""What TouchOSC and others look for; some take an address only where both are told."""

OS2L = "_os2l._tcp.local."
"""What VirtualDJ looks for."""

NEEDED = 'Other programs find {} by themselves with `pip install "livedream[discovery]"`.'


class Announcement:
    """Says so until `close`. services: kind of service -> port. host: the address, of this machine.
    what: is told, for a person.

    Telling takes seconds, in a thread of its own. say: hears what is missing.
    """

    def __init__(
        self,
        services: dict[str, int],
        host: str,
        what: str = "this OSC",
        *,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._services, self._host, self._what, self._say = services, host, what, say
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="announcing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Takes it back, as far as that is done within a second. May be called twice."""
        self._ended.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        try:
            from zeroconf import Error, ServiceInfo, Zeroconf
        except ModuleNotFoundError:
            self._say(NEEDED.format(self._what))
            return
        own = socket.gethostname().partition(".")[0]
        try:
            with Zeroconf(interfaces=[self._host]) as zeroconf:
                for kind, port in self._services.items():
                    info = ServiceInfo(
                        kind,
                        f"livedream on {own}.{kind}",
                        port,
                        addresses=[ipaddress.ip_address(self._host).packed],
                        server=f"{own}.local.",
                    )
                    zeroconf.register_service(info, allow_name_change=True)
                    if self._ended.is_set():
                        break
                self._ended.wait()
        except (OSError, Error) as error:
            self._say(f"Other programs cannot find {self._what} by themselves: {error}.")
