"""Every picture is shown, or taken without a window, until the show is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext

from ..errors import Gone
from ..heartbeat import Heartbeat
from ..slot import Closed
from ..stats import Stats
from .capture import Capture
from .controls import Controls
from .presenter import Presenter, Shown
from .window import Window, told_at_its_end
from .window.kiosk import Lock, QuietScreen
from .window.monitors import Monitor

LOOK = 0.1
"""Seconds between two looks at whether the end is asked for, without a window."""

SILENT = 2.0
"""Seconds without a frame after which a source gives nothing."""

POLL = 0.02
"""Seconds the window waits for a new frame between two looks at the keys."""


class Signs:
    """Takes note of what is shown, and tells the keeper of an exhibit that the show lives."""

    def __init__(
        self,
        stats: Stats,
        capture: Capture,
        heartbeat: Heartbeat | None,
        say: Callable[[str], None],
    ) -> None:
        self.stats = stats
        self.say = say
        self.kept = heartbeat is not None
        self._capture, self._heartbeat = capture, heartbeat

    def seen(self, shown: Shown | None) -> None:
        """Once a look: the picture that was just shown, or None where no new one came."""
        now = time.monotonic()
        if shown:
            self.stats.shown(now - shown.time, now - shown.dreamt)
        if self._heartbeat is None:
            return
        if shown:
            self._heartbeat.shown(self.stats.recent_shown_fps, self.stats.recent_age)
        elif now - self._capture.heard > SILENT:
            self._heartbeat.waiting()


def watch(presenter: Presenter, controls: Controls, signs: Signs, asked: threading.Event) -> None:
    """Take every picture without showing it until it is over or the end is asked for. Raises what
    ended the dream."""
    while not (controls.quitting or asked.is_set()):
        controls.attend()
        try:
            fresh = presenter.output.take(LOOK)
        except Closed:
            return
        if fresh:
            controls.picture(fresh)
        signs.seen(fresh)


def play(
    presenter: Presenter,
    controls: Controls,
    signs: Signs,
    asked: threading.Event,
    monitor: Monitor | None = None,
) -> None:
    """Show every picture and answer the keys until the person quits, the end is asked for, or the
    source ends."""
    newest: Shown | None = None
    stats = signs.stats
    lock = Lock() if signs.kept else None
    with told_at_its_end(), ExitStack() as opened:
        window: Window | None = None
        while not (controls.quitting or asked.is_set()):
            try:
                fresh = presenter.output.take(POLL)
            except Closed:
                return
            newest = fresh or newest
            if newest is None:
                continue
            if window is None:
                height, width = newest.dream.shape[:2]
                window = opened.enter_context(Window(image_size=(width, height), monitor=monitor))
                controls.window = window
                quiet = QuietScreen(cursor=not signs.kept)  # On a monitor the window hides its own.
                opened.callback(quiet.close)
                for problem in quiet.missing if signs.kept or monitor else ():
                    signs.say(f"Of the screen: {problem}.")
            controls.attend()
            with stats.stage("present") if fresh else nullcontext():
                # The public reads no messages; the keeper's journal has them.
                told = lock is None or lock.open
                window.show(
                    controls.picture(newest),
                    lambda canvas, told=told: controls.overlay(canvas, stats, told),
                )
                binding = window.poll()
            signs.seen(fresh)
            if lock and window.closed:
                raise Gone("The window was closed.")  # The keeper opens another one.
            if binding and (lock is None or lock.lets(binding)):
                controls.press(binding)
