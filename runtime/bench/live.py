"""The live loop at real pace: from the camera's frame to the thread that shows it."""

from __future__ import annotations

import time

import numpy as np

from ..errors import LivedreamError
from ..gradient.switching import Switcher
from ..live.capture import Capture
from ..live.following import playing
from ..live.loop import Dreaming
from ..slot import Closed
from ..start import open_desk
from ..stats import Stats
from . import statistics
from .opened import Opened
from .results import distribution, measured, rounded
from .sampling import Ended, cut
from .schema import Live
from .synthetic_camera import SyntheticCamera, Unpaced

PATIENCE = 30.0
"""Seconds after which a loop that shows nothing has failed."""


def measure_live(
    opened: Opened, pictures: np.ndarray, fps: float | None, seconds: float, raw: bool
) -> Live:
    """The loop of `livedream run` without a window, fed at `fps`, or unpaced where that is None.

    At least 4 frames. Ctrl-C ends it with what there is. Raises LivedreamError where no frame comes
    out or something was given up to go on, and whatever ended the dream.
    """
    camera = SyntheticCamera(pictures, fps)
    capture = Unpaced(camera) if fps is None else Capture(camera)
    stats = Stats()
    given_up: list[str] = []
    dreamer, (height, width) = opened.dreamer(stats.stage), opened.size
    dreaming = Dreaming(
        capture,
        dreamer,
        Switcher(opened.engines, playing(dreamer, opened.size), lambda text: None),
        open_desk(opened.network, dreamer, opened.choices.recipe, (width, height)),
        stats,
        size=opened.size,
        notify=given_up.append,
    )
    shown: list[float] = []
    ages: list[float] = []
    ended: Ended = "time"
    needed = statistics.samples_needed(99)
    with capture:
        dreaming.start()
        start = last = time.monotonic()
        try:
            while last - start < seconds or len(shown) < 4:
                dreamt = dreaming.output.take(PATIENCE)
                if dreamt is None:
                    raise LivedreamError(
                        f"The live loop showed no frame for {PATIENCE:.0f} seconds."
                    )
                _ = dreamt.dream  # From a card it may still be on its way.
                last = time.monotonic()
                shown.append(last)
                ages.append(last - dreamt.time)
                if len(shown) > needed + 50 and last - start > min(seconds, 10.0):
                    ended = "samples"
                    break
        except KeyboardInterrupt:
            if len(shown) < 4:
                raise
            ended = "interrupted"
        except Closed as error:
            raise LivedreamError("The live loop ended by itself.") from error
        finally:
            dropped = capture.slot.dropped + dreaming.output.dropped
            dreaming.stop()
    if given_up:
        raise LivedreamError(f"The live loop went on with less than it began with: {given_up[0]}")
    sampling = cut(ages, statistics.steady(ages), ended, last - start)
    intervals = list(np.diff(shown))[sampling.warmup :]
    rate = len(intervals) / sum(intervals)
    return Live(
        camera_fps=fps,
        seconds=rounded(last - start),
        frames=len(sampling.samples),
        fps=rounded(rate),
        dropped=dropped,
        age=measured(sampling, raw),
        interval=distribution(intervals, raw),
        jitter_ms=rounded(statistics.jitter(intervals) * 1000),
        megapixel_steps_per_second=rounded(opened.megapixel_steps * rate),
    )
