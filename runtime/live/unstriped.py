"""Stripes in what is shown, found beside the show and softened in it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from ..safety.pattern import LASTS, Softening, Stripes, softened, stripes
from ..safety.pixels import Picture, Pixels

Run = Callable[[Callable[[], None]], object]


class Unstriped:
    """Softens stripes that last in a sequence of pictures. It looks for them twice a second, in a
    thread of its own.

    run: does the looking, in place of that thread.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._softening = Softening()
        self._pool: ThreadPoolExecutor | None = None
        self._run = run or self._beside
        self._judged: Future[None] | None = None
        self._due = 0.0

    def softened(
        self, pixels: Pixels[Picture], picture: Picture, time: float, wanted: bool
    ) -> Picture:
        """What to show from `time` on, in seconds, instead of `picture`: the same where it has no
        stripes. Where that is not wanted, what was softened fades back. pixels: does the work on
        pictures, where they lie."""
        if not wanted:
            self._softening.judged(Stripes(0, 0), time)
        elif time >= self._due:
            self._due = time + LASTS
            seen = pixels.small(picture)
            self._run(lambda: self._softening.judged(stripes(seen), time))
        return softened(pixels, picture, self._softening.weight(time))

    def close(self) -> None:
        """End the thread."""
        if self._pool:
            self._pool.shutdown()
            self._pool = None

    def _beside(self, job: Callable[[], None]) -> None:
        if self._judged and not self._judged.done():
            return  # On a busy machine it is looked for less often.
        self._pool = self._pool or ThreadPoolExecutor(1, "stripes")
        self._judged = self._pool.submit(job)
