"""The keeper: a small parent that starts a show, watches it, ends it when it hangs, and starts it
again. It opens no window and no network, and computes nothing."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from datetime import time as Time
from typing import Literal, NamedTuple

from ..errors import TRY_LATER
from .hours import Hours, passed
from .systemd import Notify

LOOK = 0.2
"""Seconds between two looks at the show."""

WAIT = 1.0
"""Seconds between two looks at what is in the way of a show."""

STEPS: tuple[tuple[str, ...], ...] = (
    (),
    ("--provider", "cpu"),
    ("--provider", "cpu", "--size", "160x120"),
)
"""What is added to the options at each step down; of an option said twice the last one holds."""

FAILURES = 3
"""In SPAN seconds; then the next step down."""

SPAN = 600.0

USAGE = 2
"""The exit code of a show whose options are wrong: starting again cannot help."""


@dataclass(frozen=True)
class Limits:
    """Seconds. opening: to the first picture. picture: between two pictures. source: without one
    from the source, in a show that works. ending, hanging: from being asked to end until killed, of
    a show that works and of one that hangs. pause: before a new start, at most. silence: without a
    picture, after which systemd is left to start everything anew."""

    opening: float = 300.0
    picture: float = 10.0
    source: float = 600.0
    ending: float = 5.0
    hanging: float = 1.0
    pause: float = 5.0
    silence: float = 900.0


class Keeper:
    """Keeps one show running until it is asked to end.

    command: starts a show; `--kept N` is added, N being the pipe that it tells of pictures through,
    and one of STEPS. say: hears one line for each change of state. opening: when the show plays;
    None is always. nightly: when it starts anew. cover: hears what lies over the screen from now
    on, as `cover.Cover.say`. obstacle: why no show can start now, as the middle of a sentence; that
    is waited for, and is no failure of the show.
    """

    def __init__(
        self,
        command: Sequence[str],
        say: Callable[[str], None],
        notify: Notify,
        *,
        opening: Hours | None = None,
        nightly: Time | None = None,
        limits: Limits | None = None,
        now: Callable[[], datetime] = datetime.now,
        cover: Callable[[str], None] = lambda word: None,
        obstacle: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._command = list(command)
        self._say, self._notify = say, notify
        self._opening, self._nightly = opening, nightly
        self._limits = limits or Limits()
        self._now = now
        self._cover, self._obstacle = cover, obstacle
        self._failures: deque[float] = deque()
        self._step = 0
        self._played = False
        self._last_picture = time.monotonic()
        self._looked = now()

    def run(self, asked: threading.Event) -> int:
        """Until `asked`, or until somebody quits the show. Returns the exit code."""
        try:
            while not asked.is_set():
                if self._closed():
                    self._cover("black")
                    self._tell(f"Closed until {self._opening and f'{self._opening.begin:%H:%M}'}.")
                    while self._closed() and not asked.wait(LOOK):
                        self._last_picture = time.monotonic()
                        self._notify.ready()
                        self._notify.alive()
                    continue
                if not self._clear(asked):
                    continue
                code = self._play(asked)
                if code is not None:
                    return code
            return 0
        finally:
            self._notify.stopping()

    def _clear(self, asked: threading.Event) -> bool:
        """Waits while something is in the way, but not beyond the hour of closing. Returns whether
        a show can start."""
        told = ""
        while problem := self._obstacle():
            if problem != told:
                told = problem
                self._tell(f"It waits: {problem}.")
            self._notify.alive()
            if asked.wait(WAIT) or self._closed():
                return False
        return True

    def _play(self, asked: threading.Event) -> int | None:
        """One show from its start to its end; the exit code where that is the end of it all."""
        self._cover("over")
        show = _Show([*self._command, *STEPS[self._step]])
        try:
            trouble = self._watch(show, asked)
            if trouble is None:
                show.end(self._limits.ending)
                return 0 if asked.is_set() else None
            if trouble:
                self._tell(f"{trouble.text} It is ended.")
                limits = self._limits
                how = show.end(limits.hanging if trouble.hangs else limits.ending)
                self._say(f"The show {how}.")
            elif show.code == 0:
                self._tell("The show was ended by hand.")
                return 0
            elif show.code == USAGE and not self._played:
                return USAGE
            else:
                self._tell(f"The show {_told(show.code)}.")
        finally:
            self._cover("over")
            show.close()
        if show.code == TRY_LATER:
            asked.wait(WAIT)
        elif not self._obstacle():
            asked.wait(self._failed())
        return None

    def _watch(self, show: _Show, asked: threading.Event) -> _Trouble | Literal[False] | None:
        """Until there is trouble with the show, or False where it ended by itself, or None where
        it is to end."""
        limits, began = self._limits, time.monotonic()
        picture = sign = 0.0  # When the last picture was shown, and the last sign of life came.
        waiting = False
        while True:
            for line in show.lines(LOOK):
                word, *rest = line.split()
                sign = time.monotonic()
                if word == "shown":
                    if not picture:
                        self._cover("under")
                    if not picture or waiting:
                        self._tell("A picture is shown.")
                    picture = self._last_picture = sign
                    waiting, self._played = False, True
                    self._notify.ready()
                    self._notify.figures(f"{rest[0]} pictures a second, {rest[1]} ms old")
                elif (
                    word == "waiting" and not waiting and sign - (picture or sign) > limits.picture
                ):
                    waiting = True
                    self._tell("The source gives no picture.")
            now = time.monotonic()
            if now - self._last_picture < limits.silence:
                self._notify.alive()
            if asked.is_set():
                return None
            if show.code is not None:
                return False
            if self._closed():
                self._fresh()
                return None
            if self._night():
                self._tell("It starts anew, as every night.")
                self._fresh()
                return None
            # Without a picture yet it may have waited for its source, and opens the rest only now.
            if not picture and now - (sign or began) > limits.opening:
                return _Trouble(f"No picture came within {limits.opening:.0f} seconds.", True)
            if picture and now - sign > limits.picture:
                return _Trouble(f"No picture was shown for {limits.picture:.0f} seconds.", True)
            if sign and now - (picture or began) > limits.source:
                silence = f"The source has given no picture for {limits.source:.0f} seconds."
                return _Trouble(silence, False)

    def _failed(self) -> float:
        """Takes note of a failure. Returns the seconds to wait before the next start."""
        now = time.monotonic()
        self._failures.append(now)
        while now - self._failures[0] > SPAN:
            self._failures.popleft()
        count = len(self._failures)
        if count >= FAILURES and self._step < len(STEPS) - 1:
            self._step += 1
            self._failures.clear()
            self._tell(
                f"It failed {count} times in {SPAN / 60:.0f} minutes: from now on with "
                f"{' '.join(STEPS[self._step])}, until it starts anew at night."
            )
        return min(self._limits.pause, 2.0 ** (count - 3)) if count > 1 else 0.0

    def _fresh(self) -> None:
        self._step = 0
        self._failures.clear()

    def _closed(self) -> bool:
        return self._opening is not None and not self._opening.open(self._now().time())

    def _night(self) -> bool:
        before, self._looked = self._looked, self._now()
        return self._nightly is not None and passed(self._nightly, before, self._looked)

    def _tell(self, text: str) -> None:
        self._say(text)
        self._notify.status(text)


class _Trouble(NamedTuple):
    """Why a show is ended, in a sentence, and whether it hangs: one that works can finish what it
    writes."""

    text: str
    hangs: bool


FRUGAL = {"MALLOC_ARENA_MAX": "2"}
"""What glibc reads as a process starts: of how many places threads take memory; else eight for each
core, and what lies free in one is of no use to the others."""


class _Show:
    """A show in a process group of its own, and the pipe that it tells of pictures through."""

    def __init__(self, command: list[str]) -> None:
        self._reader, writer = os.pipe()
        environment = {**FRUGAL, **os.environ}
        environment.pop("NOTIFY_SOCKET", None)
        try:
            self._process = subprocess.Popen(
                [*command, "--kept", str(writer)],
                pass_fds=[writer], stdin=subprocess.DEVNULL, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            os.close(self._reader)
            raise
        finally:
            os.close(writer)
        self._rest = ""

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.poll()

    def lines(self, seconds: float) -> list[str]:
        """What it tells; waits for that at most so long."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        content = os.read(self._reader, 65536) if ready else b""
        if ready and not content:  # Closed: it ends, or did.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        *whole, self._rest = (self._rest + content.decode("ascii", "replace")).split("\n")
        return [line for line in whole if line.strip()]

    def end(self, seconds: float) -> str:
        """Ask it to end, and kill it where it has not after so long. Returns how it ended."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
            return "did not answer and was killed"
        return _told(self._process.returncode)

    def close(self) -> None:
        """Whatever it has left behind goes too."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._reader)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _told(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
