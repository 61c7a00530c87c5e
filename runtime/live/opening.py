"""Opening the source of a show: the one that was named, or a camera, or the demo; and its first
picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import numpy as np
from rich.console import Console

from ..choices import Choices
from ..errors import LivedreamError, UsageError
from ..heartbeat import Heartbeat
from ..stats import Stats
from .capture import Capture
from .reading import FIRST_FRAME, no_picture
from .sources import NoCamera, Source, open_first_camera, open_source
from .sources.clip import Hear

BOX = (320, 240)
"""Of the demo scene, where no --size is given."""

CAMERA_SIZE = (640, 480)
"""What a camera is asked for at least: its larger pictures, made small, have less noise."""

RETRY = 2.0
"""Seconds between two tries to open the source of an exhibit."""


def open_any(
    name: str | None,
    choices: Choices,
    loop: bool,
    messages: list[str],
    console: Console,
    or_demo: bool = True,
    hear: Hear | None = None,
    controls: Mapping[str, int] = {},
) -> Source:
    """The source that was named; without a name the first camera that gives a picture, or, with
    `or_demo`, the demo where there is none.

    messages: gets a sentence when a camera is lost or comes back. hear, controls: as of
    `open_source`.
    """

    def event(text: str) -> None:
        messages[:] = [text]
        console.print(text)

    size = choices.size or (BOX if name == "demo" else CAMERA_SIZE)
    if name:
        return open_source(
            name, size, seed=choices.seed, loop=loop, on_event=event, hear=hear, controls=controls
        )
    try:
        return open_first_camera(size, on_event=event, say=console.print, controls=controls)
    except NoCamera as error:
        if not or_demo:
            raise
        console.print(f"{error} Playing the demo instead; --source names another picture.")
        return open_source("demo", choices.size or BOX, seed=choices.seed)


def opened_source(
    open_it: Callable[[], Source],
    opened: ExitStack,
    stats: Stats,
    console: Console,
    heartbeat: Heartbeat | None,
) -> Capture:
    """The source, read from here on. In an exhibit one that is not there yet is waited for."""
    told = ""
    while True:
        try:
            with ExitStack() as failed:
                source = open_it()
                console.print(source.describe())
                capture = failed.enter_context(Capture(source, stats))
                if heartbeat:
                    first_frame(capture)
                opened.push(failed.pop_all())
            return capture
        except UsageError:
            raise
        except LivedreamError as error:
            if heartbeat is None:
                raise
            if str(error) != told:
                told = str(error)
                console.print(f"{error} It is waited for.")
            heartbeat.waiting()
            time.sleep(RETRY)


def first_frame(capture: Capture) -> np.ndarray:
    """The first picture, which tells the size; it is left to be dreamt."""
    frame = capture.first(FIRST_FRAME)
    if frame is None:
        raise no_picture(capture.source)
    return frame.image
