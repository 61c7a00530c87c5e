"""Words for the person at the terminal. Telling is never in the way of showing.

A terminal may be gone, its reader dead or stopped, the log's disk full: what is told is handed to a
thread of its own, and what cannot be written is given up. No caller waits, none gets an error.
"""

from __future__ import annotations

import io
import os
import queue
import sys
import threading
from contextlib import suppress
from typing import Any

from rich.console import Console

WAITING = 1000
"""Pieces of text that may wait for a slow terminal; further ones are dropped."""


class Told(io.TextIOBase):
    """A text stream onto standard error, whatever that is at the moment of writing."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[str] = queue.Queue(WAITING)
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return getattr(sys.stderr, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        with suppress(OSError, ValueError, AttributeError):
            return sys.stderr.isatty()
        return False

    def fileno(self) -> int:
        """Raises OSError where standard error is no file. The size of a terminal is asked of it."""
        if sys.stderr is None:
            raise OSError("there is no standard error")
        return sys.stderr.fileno()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Returns at once; the text is dropped where WAITING pieces wait already."""
        if _descriptor(sys.stderr) is None:  # in memory, where nothing can be slow
            with suppress(OSError, ValueError):
                _put(text)
            return len(text)
        with suppress(queue.Full):
            self._waiting.put_nowait(text)
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="telling", daemon=True)
                self._writer.start()
        return len(text)

    def drain(self, seconds: float) -> bool:
        """Waits at most so long until everything is written. False where something is left."""
        waiting = self._waiting
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, seconds)

    def _write(self) -> None:
        while True:
            text = self._waiting.get()
            try:
                _put(text)
            except (OSError, ValueError):
                pass  # Nobody can be told that nobody can be told.
            finally:
                self._waiting.task_done()


def _put(text: str) -> None:
    """Past Python's own buffer: what failed would be tried again, and fail, at the very end."""
    stream: Any = sys.stderr
    number = _descriptor(stream)
    if number is None:
        if stream is not None:
            stream.write(text)
            stream.flush()
        return
    content = text.encode(getattr(stream, "encoding", None) or "utf-8", "replace")
    while content:
        content = content[os.write(number, content) :]


def _descriptor(stream: Any) -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        return stream.fileno()
    return None


told = Told()


def harmless(text: str) -> str:
    """`text` with what is no letter, sign or line written as Python writes it: a file's name or a
    server's answer must not move the cursor or change the terminal."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else repr(letter)[1:-1]
        for letter in text
    )


class _Plain(Console):
    """Tells what it is given without obeying it."""

    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(harmless(each) if type(each) is str else each for each in objects), **how)


# Plain text: brackets are extras of pip, and a command that was wrapped cannot be copied.
console = _Plain(file=told, highlight=False, markup=False, soft_wrap=True)  # pyright: ignore[reportArgumentType]
"""Where every command tells what it does."""
