"""How the program ends: what signals do, and what cannot be ended.

The first Ctrl-C (SIGINT, SIGTERM, SIGHUP, Windows' break) asks to finish. Further ones are ignored
until the files are whole, but a third within two seconds ends the program at once.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from .telling import console, told

SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)

IMPATIENT = 3
"""Signals that end the program at once where they come within PATIENCE seconds."""

PATIENCE = 2.0

LAST_WORDS = 0.5
"""Seconds that the end waits for a slow terminal."""


class Ending:
    """Counts signals. Outside of `gently` the first one raises KeyboardInterrupt in the main
    thread; inside it only sets `asked`, and the code there looks at that."""

    def __init__(self, leave: Callable[[int], None] = os._exit) -> None:
        self.asked = threading.Event()
        self._leave = leave
        self._gentle = self._held_back = False
        self._interrupted = False
        self._times: deque[float] = deque(maxlen=IMPATIENT)
        self._unfinished: dict[Path, Path] = {}

    @contextmanager
    def gently(self) -> Iterator[threading.Event]:
        """While inside, a signal interrupts nothing: it sets the event that is yielded. One that
        came before has raised already, or raises when this is left."""
        self._gentle = True
        try:
            yield self.asked
        finally:
            self._gentle = False

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What the main thread does inside is done or not begun: a signal that comes meanwhile
        interrupts it at the end. For moments, such as those in which a process starts."""
        if self._gentle or threading.current_thread() is not threading.main_thread():
            yield
            return
        self._gentle, self._held_back = True, False
        try:
            yield
        finally:
            self._gentle = False
        if self._held_back:
            self.interrupt()

    @contextmanager
    def unfinished(self, target: Path, temporary: Path) -> Iterator[None]:
        """`target` is being written, as `temporary`: what an end at once loses."""
        self._unfinished[temporary] = target
        try:
            yield
        finally:
            self._unfinished.pop(temporary, None)

    def interrupt(self, *_: object) -> None:
        """The handler that Python calls in the main thread."""
        self._held_back = True
        if not self._gentle and not self._interrupted:
            self._interrupted = True
            raise KeyboardInterrupt

    def count(self, now: float) -> None:
        """One more signal, at `now` seconds. Called also while the main thread is in a library."""
        self._times.append(now)
        self.asked.set()
        if len(self._times) == IMPATIENT and now - self._times[0] <= PATIENCE:
            console.print(self.loss())
            told.drain(LAST_WORDS)
            self._leave(1)

    def loss(self) -> str:
        """One sentence: which files are lost by an end at once."""
        lost = [
            f"{target} (what was written of it is in {temporary})"
            for temporary, target in list(self._unfinished.items())
            if temporary.exists()
        ]
        if not lost:
            return "Ended at once."
        return f"Ended at once; not finished: {', '.join(lost)}."

    def listen(self) -> None:
        """Take over the signals, from the main thread. One that the parent had this process ignore
        stays ignored, as `nohup` wants it."""
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                signal.signal(number, self.interrupt)

        def watch() -> None:
            while numbers := reader.recv(64):
                for number in numbers:
                    if number in SIGNALS:
                        self.count(time.monotonic())

        # The writing end must live as long as the process.
        self._writer = writer
        threading.Thread(target=watch, name="signals", daemon=True).start()

    def end(self, code: int) -> NoReturn:
        """End the process with `code`, without what Python does at an ordinary end: a thread that
        is inside a library then (a session that opens, a camera that hangs) would abort it."""
        told.drain(LAST_WORDS)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        self._leave(code)
        raise SystemExit(code)


ending = Ending()
"""The program's own."""
