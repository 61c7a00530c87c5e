"""What is on screen besides the dream, and the deeds of triggers and toggles."""

from __future__ import annotations

import time
from dataclasses import asdict, astuple, fields
from typing import Any

import numpy as np

from ..control.desk import Desk
from ..control.keys import LEARN, STORE, Binding
from ..control.parameters import Outs, Show
from ..control.player import Player
from ..errors import LivedreamError
from ..sinks.outputs import Outputs
from ..sinks.sent import fact
from ..sinks.snapshot import save_snapshot
from ..stats import Stats
from .audience import Audience
from .governor import FINER, LADDER
from .loop import Dreaming
from .notice import Notice
from .presenter import Presenter, Shown
from .takes import Takes
from .window import Status, Window, draw_code, draw_help, draw_hud, draw_message

STALE = 1.0
"""Seconds without a frame after which the last word of the source is shown."""


SLIDES = frozenset({"slide_seconds", "slide_fade"})
"""Parameters of a folder of pictures."""


class Controls:
    """Shows what the desk says of the show, and does what it asks for. Belongs to the main thread.

    player: of the presets. messages: of the source; the last one is shown.
    """

    def __init__(
        self,
        desk: Desk,
        dreaming: Dreaming,
        presenter: Presenter,
        player: Player,
        outputs: Outputs,
        takes: Takes,
        messages: list[str],
        notice: Notice,
    ) -> None:
        self.quitting = False
        self.window: Window | None = None
        self.audience: Audience | None = None
        self.slides = False  # Whether a folder of pictures may play.
        self.stores = True  # Pictures, where somebody asks for it.
        self.code: np.ndarray | None = None  # Of the page's address, bool [n, n]; where it is open.
        self._desk = desk
        self._dreaming = dreaming
        presenter.listener = self._hear
        self._player = player
        self.takes, self._outputs = takes, outputs
        self._storing = False
        self._pressed: Binding | None = None
        self._messages = messages
        self._notice = notice
        self._newest: Shown | None = None

    @property
    def _show(self) -> Show:
        return self._desk.base.of(Show)

    @property
    def idle(self) -> frozenset[str]:
        """Parameters that move nothing here: those of outputs and folders that nobody named."""
        outs = frozenset(each.name for each in fields(Outs)[len(self._outputs.specs) :])
        return outs if self.slides else outs | SLIDES

    def picture(self, newest: Shown) -> np.ndarray:
        """What to show of it."""
        self._newest = newest
        return newest.seen

    def overlay(self, canvas: np.ndarray, stats: Stats, messages: bool = True) -> np.ndarray:
        """The numbers, messages and help over the picture at window size. messages: also where the
        numbers are not shown."""
        show = self._show
        if show.help:
            return draw_help(canvas)
        if show.code and self.code is not None:
            return draw_code(canvas, self.code)
        if show.hud and self._newest:
            canvas = draw_hud(canvas, self._status(self._newest, stats))
        return draw_message(canvas, self.message) if messages or show.hud else canvas

    @property
    def newest(self) -> np.ndarray | None:
        """The picture that is shown, uint8 BGR; from any thread."""
        newest = self._newest
        return newest.seen if newest else None

    def told(self, stats: Stats) -> dict[str, Any]:
        """What the overlay tells, by name; from any thread."""
        newest = self._newest
        facts = asdict(self._status(newest, stats)) if newest else {}
        return {**facts, "message": self.message}

    def press(self, binding: Binding) -> None:
        """A key was pressed."""
        storing, self._storing = self._storing, binding == STORE
        if self._storing:
            self._notice("Store as which preset, 1 to 9?")
            return
        if binding == LEARN:
            self._learn()
            return
        self._pressed = binding
        if binding.value is not None:
            self._desk.set("store" if storing else binding.name, binding.value, "key")
            return
        parameter, before = self._desk.parameters[binding.name], self._desk.base
        self._desk.nudge(binding.name, binding.direction, "key")
        if parameter.kind == "number" and self._desk.base[binding.name] == before[binding.name]:
            self._notice(f"{parameter.label} is at the end of its range.")
        if parameter.kind == "choice" and len(parameter.choices) == 1:
            self._notice(f"There is no other {parameter.label}.")

    def attend(self) -> None:
        """Do what the desk asks for, whoever said it. Once a look at the window."""
        show = self._show
        self._player.attend(self._newest.dream if self._newest and self.stores else None)
        if self._desk.take("quit"):
            self.quitting = True
        if show.code and self.code is None:
            self._desk.set("code", False, "window")
            self._notice("There is no page; `--page lan` opens one.")
        snapshot = self._desk.take("snapshot")
        if (snapshot or show.record) and not self.stores:
            self._desk.set("record", False, "exhibit")
            self._notice("An exhibit keeps no picture; `--record` at its start lets it.")
        elif snapshot:
            self._snapshot()
        self.takes.attend(show.record and self.stores)
        for number, on in enumerate(astuple(self._desk.base.of(Outs))):
            self._outputs.switch(number, on)
        self._outputs.look()
        if self.window and show.fullscreen != self.window.fullscreen:
            self.window.toggle_fullscreen()

    @property
    def message(self) -> str:
        """What a person should know now; empty for nothing."""
        if self._notice.text:
            return self._notice.text
        newest = self._newest
        if self._messages and newest and time.monotonic() - newest.time > STALE:
            return self._messages[-1]
        return self._dreaming.switcher.message

    def _status(self, shown: Shown, stats: Stats) -> Status:
        """Of the picture on screen: what its dream was made with, not what is wanted."""
        made_with, recorder = shown.settings, self.takes.recorder
        rung = self._dreaming.governor.rung
        height, width = shown.picture.shape[:2]
        dreams = f"dream {stats.recent_fps:.1f}/s  {stats.recent_dream_age * 1000:.0f} ms"
        return Status(
            fps=stats.recent_shown_fps,
            age=stats.recent_age,
            layer=made_with["layers"],
            provider=made_with["provider"],
            size=(width, height),
            recording=recorder.seconds if recorder else None,
            frozen=self._show.freeze,
            held="" if rung in (FINER, LADDER[0]) else str(rung),
            details=(
                *((self._player.title,) if self._player.title else ()),
                f"{dreams}  {made_with['size']}",
                *((self.audience.told,) if self.audience and self.audience.told else ()),
                f"step {made_with['step_size']:.4g}  octaves {made_with['octaves']}",
            ),
            sinks=(*((fact(recorder),) if recorder else ()), *self._outputs.lines()),
        )

    def sent(self) -> list[dict[str, Any]]:
        """What became of each place where the picture goes at present, but the window."""
        recorder = self.takes.recorder
        return [*([recorder.report()] if recorder else []), *self._outputs.report()]

    def _learn(self) -> None:
        """Have a controller learn what the last key did."""
        last = self._pressed
        if last is None:
            self._notice("First press the key that a control shall take over.")
        elif last.value is None:
            self._desk.set("learn", last.name, "key")
        else:
            self._desk.set("learn", f"{last.name} {last.value}", "key")

    def _snapshot(self) -> None:
        if self._newest is None:
            return
        try:
            path = save_snapshot(self._newest.dream, dict(self._newest.settings))
        except LivedreamError as error:
            self._notice(str(error))
        else:
            self._notice(f"Saved {path}")

    def _hear(self, shown: Shown) -> None:
        """In the presenter's thread: one more picture goes out."""
        self.takes.write(shown)
        self._outputs.put(shown.dream, shown.time)
