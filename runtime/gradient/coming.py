"""What will be wanted next is opened before it is: the next cue of a show."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..progress import silent
from .attempts import attempted
from .selection import Engines, Opening
from .wanted import Ready, Wanted


class Coming:
    """Has `engines` open what is foreseen. `ready` is it, once it is; `over` says that nothing more
    is done for it. cancel: to be set where it will not come."""

    def __init__(self, wanted: Wanted, engines: Engines) -> None:
        self.wanted, self.engines = wanted, engines
        self.ready: Ready | None = None
        self.over = False
        self.cancel = threading.Event()

    def open(self, say: Callable[[str], None]) -> None:
        """Takes as long as that; `say` hears why it was in vain."""
        wanted = self.wanted
        opening = Opening(silent, say, background=True, cancel=self.cancel, patient=True)
        engine, trouble = attempted(
            lambda: self.engines.quick(wanted.objective, wanted.sizes, opening)
        )
        self.ready = Ready(engine, wanted) if engine else None
        self.over = True
        if trouble and not self.cancel.is_set():
            say(f"What comes next cannot be opened yet: {trouble}")
