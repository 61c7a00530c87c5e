"""What the keys do while it plays."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console

from ..declared import declared
from ..dream.values import Dream
from ..errors import LivedreamError
from ..sinks.recording import Recorder, new_recording
from ..sinks.snapshot import save_snapshot
from ..stats import Stats
from .loop import Dreaming, Dreamt
from .window import (
    BY_ACTION,
    Action,
    Status,
    Window,
    compare,
    draw_help,
    draw_hud,
    draw_message,
)

NOTICE = 4.0
"""Seconds that a message about something done stays on screen."""

STALE = 1.0
"""Seconds without a frame after which the last word of the source is shown."""


class Notice:
    """The last word to the person: printed, and a while on screen. From any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text, self._until = "", 0.0

    def __call__(self, text: str) -> None:
        self._text, self._until = text, time.monotonic() + NOTICE
        self._console.print(text)

    @property
    def text(self) -> str:
        """Empty once it was there long enough."""
        return self._text if time.monotonic() < self._until else ""


class Controls:
    """The state of one show that keys change. Belongs to the main thread.

    settings: what made the picture on screen. messages: of the source; the last one is shown.
    """

    def __init__(
        self,
        dreaming: Dreaming,
        settings: Callable[[], dict[str, Any]],
        messages: list[str],
        notice: Notice,
    ) -> None:
        self.quitting = False
        self.trouble: LivedreamError | None = None  # Of a recording; the show went on without it.
        self.window: Window | None = None
        self._dreaming = dreaming
        self._settings = settings
        self._messages = messages
        self._notice = notice
        self._recorder: Recorder | None = None
        self._hud = True
        self._help = False
        self._compare = False
        self._newest: Dreamt | None = None
        self._compared: tuple[Dreamt, np.ndarray] | None = None

    def picture(self, newest: Dreamt) -> np.ndarray:
        """What to show of it."""
        self._newest = newest
        if not self._compare:
            return newest.dream
        if self._compared is None or self._compared[0] is not newest:
            self._compared = (newest, compare(newest.picture, newest.dream))
        return self._compared[1]  # The same array again: the window need not draw it again.

    def overlay(self, canvas: np.ndarray, stats: Stats) -> np.ndarray:
        """The numbers, messages and help over the picture at window size."""
        if self._help:
            return draw_help(canvas)
        if self._hud:
            canvas = draw_hud(canvas, self._status(stats))
        return draw_message(canvas, self._message())

    def act(self, action: Action) -> None:
        """Do what a key asked for."""
        binding = BY_ACTION[action]
        if binding.parameter:
            self._move(binding.parameter, binding.direction)
            return
        match action:
            case Action.QUIT:
                self.quitting = True
            case Action.FULLSCREEN if self.window:
                self.window.toggle_fullscreen()
            case Action.MIRROR:
                self._dreaming.mirror = not self._dreaming.mirror
                self._dreaming.reset()
            case Action.FREEZE:
                self._dreaming.frozen = not self._dreaming.frozen
            case Action.COMPARE:
                self._compare = not self._compare
            case Action.HUD:
                self._hud = not self._hud
            case Action.HELP:
                self._help = not self._help
            case Action.RESET:
                self._dreaming.reset()
            case Action.NEXT_LAYER | Action.PREVIOUS_LAYER:
                self._switch(1 if action is Action.NEXT_LAYER else -1)
            case Action.SNAPSHOT:
                self._snapshot()
            case Action.RECORD:
                self._toggle_recording()

    @property
    def recorder(self) -> Recorder | None:
        """Takes every dream while it is set."""
        return self._recorder

    @recorder.setter
    def recorder(self, recorder: Recorder | None) -> None:
        self._recorder = recorder
        self._dreaming.listener = self._record if recorder else None

    def close(self) -> None:
        """Finish what is being recorded."""
        if self._recorder:
            self._toggle_recording()

    def _message(self) -> str:
        if self._notice.text:
            return self._notice.text
        newest = self._newest
        if self._messages and newest and time.monotonic() - newest.time > STALE:
            return self._messages[-1]
        return self._dreaming.switcher.message

    def _status(self, stats: Stats) -> Status:
        switcher = self._dreaming.switcher
        runs = self._dreaming.dreamer.engine.describe()
        height, width = self._dreaming.size
        dream = switcher.dream
        return Status(
            fps=stats.recent_fps,
            age=stats.recent_age,
            layer=runs["layers"],
            provider=runs["provider"],
            size=(width, height),
            recording=self._recorder.seconds if self._recorder else None,
            frozen=self._dreaming.frozen,
            details=(f"step {dream.step_size:g}  octaves {dream.octaves}",),
        )

    def _move(self, name: str, direction: int) -> None:
        switcher = self._dreaming.switcher
        (parameter,) = (each for each in declared(Dream) if each.name == name)
        value = getattr(switcher.dream, name)
        moved = parameter.moved(value, direction)
        if moved == value:
            self._notice(f"{parameter.label} is at the end of its range.")
            return
        dream = replace(switcher.dream, **{name: moved})
        switcher.request(switcher.objective, dream, self._dreaming.size)

    def _switch(self, step: int) -> None:
        switcher = self._dreaming.switcher
        switcher.request(switcher.neighbour(step), switcher.dream, self._dreaming.size)

    def _snapshot(self) -> None:
        if self._newest is None:
            return
        try:
            path = save_snapshot(self._newest.dream, self._settings())
        except LivedreamError as error:
            self._notice(str(error))
        else:
            self._notice(f"Saved {path}")

    def _record(self, dreamt: Dreamt) -> None:
        """In the dreaming thread: a recording that fails must not end the show."""
        recorder = self._recorder
        if recorder is None:
            return
        try:
            recorder.write(dreamt.result, dreamt.time)
        except LivedreamError as error:
            self.recorder, self.trouble = None, error
            self._notice(str(error))

    def _toggle_recording(self) -> None:
        recorder, self.recorder = self._recorder, None
        try:
            if recorder is None:
                self.recorder = recorder = new_recording()
                self._notice(f"Recording {recorder.path}")
                return
            recorder.close()
        except LivedreamError as error:
            self.trouble = error
            self._notice(str(error))
            return
        self._notice(recorder.summary)
