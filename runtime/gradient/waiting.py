"""How a session's process begins: it ends with its program, gives way to what shows the picture,
gets what it needs, and serves."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from .serving import Server, serve
from .session import warm
from .yielding import take_long_turns


def end_with(parent: int) -> None:
    """Have this process killed when its parent dies, also while it is inside of a library."""
    for number in (signal.SIGINT, signal.SIGTERM):  # They are for the program, which ends this.
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        death_signal = 1
        ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # It was too late for that.
            os._exit(1)


def main(arguments: dict[str, Any]) -> None:
    """arguments: those that `child.Child` gives. A spare one also opens a first session of its
    provider, which is the slowest of a process."""
    end_with(arguments["parent"])
    take_long_turns()
    if sys.platform == "win32":
        import msvcrt
        from multiprocessing.connection import PipeConnection

        connection: Any = PipeConnection(arguments["connection"])
        file = msvcrt.open_osfhandle(arguments["file"], os.O_RDWR)
    else:
        connection, file = Connection(arguments["connection"]), arguments["file"]
    if arguments["spare"]:
        with suppress(Exception):  # Whoever opens a graph will hear of it.
            warm(arguments["spare"])
    serve(connection, Server(file))
    os._exit(0)  # Libraries that are still at work abort an ordinary end.


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
