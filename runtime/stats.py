"""How long each stage takes, how old frames are when shown, and how many were missed."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

WINDOW = 18_000  # Newest samples kept of each stage: ten minutes at 30 fps.
RECENT = 2.0  # Seconds that the rate in the display looks back.

USUAL = 30
"""Samples that what is usual follows."""

STANDS = 1.0
"""Seconds; a picture that is older stands still, and tells nothing of those that will come."""


class Stats:
    """Counts and times, from any thread. About 2 microseconds a stage.

    Memory stays constant however long it runs: of each stage the newest `window` samples are
    kept, and percentiles are those of them. Counts and the overall rate cover everything.
    """

    def __init__(
        self, window: int = WINDOW, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.dropped = 0  # Frames that the source gave and nobody dreamt. Set by the owner.
        self.skipped = 0  # Frames that could not be dreamt. Counted by the thread that dreams.
        self.unshown = 0  # Pictures that could not be made. Counted by the thread that makes them.
        self._clock = clock
        self._window = window
        self._lock = threading.Lock()
        self._stages: dict[str, Samples] = {}
        self._parts: dict[str, float] = {}  # Of the frame at hand: stage -> seconds so far.
        self._ages = Samples(window)
        self._dream_ages = Samples(window)
        self._dreams, self._pictures = _Rate(), _Rate()
        self._notes: deque[tuple[float, str]] = deque(maxlen=100)

    def stage(self, name: str) -> _Timing:
        """Times a block: `with stats.stage("flow"): ...`. A block that raises is not counted.

        A stage may have several blocks: one sample is what a whole frame, until `frame`, spent in
        it.
        """
        return _Timing(self, name)

    def record(self, name: str, seconds: float) -> None:
        """One more run of stage `name` that took `seconds`, a sample of its own."""
        with self._lock:
            self._sample(name, seconds)

    def frame(self) -> None:
        """One more frame is finished: the rate counts these, and its stages are complete."""
        now = self._clock()
        with self._lock:
            self._complete()
            self._dreams.add(now)

    def shown(self, age: float, dream_age: float | None = None) -> None:
        """One more picture was shown, `age` seconds after the camera took its frame, with a dream
        of a frame that was taken `dream_age` seconds before."""
        now = self._clock()
        with self._lock:
            self._pictures.add(now)
            self._ages.add(age)
            if dream_age is not None:
                self._dream_ages.add(dream_age)

    def note(self, what: str) -> None:
        """Something that the numbers from now on are to be seen with."""
        now = self._clock()
        with self._lock:
            self._notes.append((now, what))

    @property
    def frames(self) -> int:
        """Dreamt so far."""
        return self._dreams.count

    @property
    def fps(self) -> float:
        """Dreams a second from the first to the newest; 0 before there are two."""
        with self._lock:
            return self._dreams.whole

    @property
    def recent_fps(self) -> float:
        """Dreams a second, of the last two seconds; falls to 0 when none come."""
        return self._lately(self._dreams)

    @property
    def recent_shown_fps(self) -> float:
        """Pictures shown a second, of the last two seconds; falls to 0 when none come."""
        return self._lately(self._pictures)

    @property
    def recent_dream_age(self) -> float:
        """Age in seconds of the dream in the newest shown picture; 0 before there is one."""
        return self._dream_ages.newest

    @property
    def recent_age(self) -> float:
        """Age in seconds of the newest shown picture; 0 before there is one."""
        return self._ages.newest

    @property
    def usual_age(self) -> float:
        """How old a picture usually is when it is shown, in seconds; 0 before there is one."""
        return self._ages.usual

    @property
    def usual_dream_age(self) -> float:
        """How old a dream usually is while it is shown, in seconds; 0 before there is one."""
        return self._dream_ages.usual

    def report(self, **facts: Any) -> dict[str, Any]:
        """Everything as plain numbers; times in milliseconds. `facts` come first, as given."""
        with self._lock:
            self._complete()  # What was shown of the last frame since.
            stages = {name: samples.copy() for name, samples in self._stages.items()}
            ages, dream_ages = self._ages.copy(), self._dream_ages.copy()
            dreams, pictures = self._dreams, self._pictures
            notes = [{"at": round(at - dreams.first, 3), "what": what} for at, what in self._notes]
            facts |= {
                "frames": dreams.count,
                "seconds": round(dreams.seconds, 3),
                "fps": round(dreams.whole, 2),
                "dropped": self.dropped,
                "skipped": self.skipped,
                "unshown": self.unshown,
                "shown": pictures.count,
                "shown_fps": round(pictures.whole, 2),
            }
        return {
            **facts,
            "age_ms": ages.summary(),
            "dream_age_ms": dream_ages.summary(),
            **({"notes": notes} if notes else {}),
            "stages_ms": {name: samples.summary() for name, samples in stages.items()},
        }

    def text(self, **facts: Any) -> str:
        """The report as JSON, `facts` first."""
        return json.dumps(self.report(**facts), indent=2) + "\n"

    def _lately(self, rate: _Rate) -> float:
        now = self._clock()
        with self._lock:
            return rate.lately(now)

    def _part(self, name: str, seconds: float) -> None:
        with self._lock:
            self._parts[name] = self._parts.get(name, 0.0) + seconds

    def _complete(self) -> None:
        for name, seconds in self._parts.items():
            self._sample(name, seconds)
        self._parts.clear()

    def _sample(self, name: str, seconds: float) -> None:
        samples = self._stages.get(name)
        if samples is None:
            samples = self._stages[name] = Samples(self._window)
        samples.add(seconds)


class _Rate:
    """How many came, and how fast: over all, and of late."""

    __slots__ = ("_first", "_last", "_recent", "count")

    def __init__(self) -> None:
        self.count = 0
        self._first = self._last = 0.0
        self._recent: deque[float] = deque(maxlen=1000)

    def add(self, now: float) -> None:
        if not self.count:
            self._first = now
        self.count += 1
        self._last = now
        self._recent.append(now)

    @property
    def first(self) -> float:
        """When the first came, by the clock; 0 before it."""
        return self._first

    @property
    def seconds(self) -> float:
        """From the first to the newest."""
        return self._last - self._first

    @property
    def whole(self) -> float:
        """A second, over all; 0 before there are two."""
        return _rate(self.count, self.seconds)

    def lately(self, now: float) -> float:
        recent = self._recent
        while recent and now - recent[0] > RECENT:
            recent.popleft()
        if len(recent) < 2:
            return 0.0
        # One that is overdue already counts against the rate.
        interval = (recent[-1] - recent[0]) / (len(recent) - 1)
        overdue = max(0.0, now - recent[-1] - interval)
        return _rate(len(recent), recent[-1] - recent[0] + overdue)


class Samples:
    """The newest of many durations, in seconds."""

    __slots__ = ("_kept", "count", "newest", "usual")

    def __init__(self, window: int) -> None:
        self._kept: deque[float] = deque(maxlen=window)
        self.count = 0
        self.newest = self.usual = 0.0

    def add(self, seconds: float) -> None:
        self._kept.append(seconds)
        self.count += 1
        self.newest = seconds
        self.usual += (min(seconds, STANDS) - self.usual) / min(self.count, USUAL)

    def copy(self) -> Samples:
        other = Samples(self._kept.maxlen or 0)
        other._kept.extend(self._kept)
        other.count, other.newest, other.usual = self.count, self.newest, self.usual
        return other

    def summary(self) -> dict[str, float]:
        """count, and of the kept samples mean, p50, p95, p99 and max in milliseconds."""
        if not self._kept:
            return {"count": 0}
        values = np.array(self._kept) * 1000
        p50, p95, p99 = np.percentile(values, [50, 95, 99])
        named = {
            "mean": values.mean(), "p50": p50, "p95": p95, "p99": p99, "max": values.max()
        }  # fmt: skip
        return {
            "count": self.count,
            **{name: round(float(value), 3) for name, value in named.items()},
        }


class _Timing:
    __slots__ = ("_name", "_start", "_stats")

    def __init__(self, stats: Stats, name: str) -> None:
        self._stats = stats
        self._name = name

    def __enter__(self) -> None:
        self._start = self._stats._clock()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._stats._part(self._name, self._stats._clock() - self._start)


def _rate(frames: int, seconds: float) -> float:
    return (frames - 1) / seconds if frames > 1 and seconds > 0 else 0.0
