"""What happens to a camera, a disk and a machine in a year, one at a time.

Each fault is done to the show that is given, and tells what the show has to say of it: a pattern
that its messages hold one after the other; empty where nothing needs to be said.
"""

from __future__ import annotations

import random
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from .camera import SIZES
from .switches import Switch

if TYPE_CHECKING:
    from .show_process import ShowProcess

Fault = Callable[["ShowProcess", random.Random], str]
LOST = r"is lost, retrying"
BACK = r"is lost, retrying.*is back"


def unplugged(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.PLUGGED] = 0
    show.until_said(LOST)
    time.sleep(chance.uniform(0, 0.3))
    show.held[Switch.PLUGGED] = 1
    return BACK


def stalled(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.STALLED] = 1
    show.until_said(LOST)
    time.sleep(chance.uniform(0, 0.3))
    show.held[Switch.STALLED] = 0
    return BACK


def renumbered(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.NUMBER] = (show.held[Switch.NUMBER] + chance.randint(1, 3)) % 5
    return BACK


def busy(show: ShowProcess, chance: random.Random) -> str:
    """Unplugged, and back in another program's hands."""
    show.held[Switch.BUSY], show.held[Switch.PLUGGED] = 1, 0
    show.until_said(LOST)
    show.held[Switch.PLUGGED] = 1
    time.sleep(chance.uniform(0.1, 0.5))
    show.held[Switch.BUSY] = 0
    return BACK


def of_another_size(show: ShowProcess, chance: random.Random) -> str:
    size = show.held[Switch.SIZE]
    show.held[Switch.SIZE] = (size + chance.randint(1, len(SIZES) - 1)) % len(SIZES)
    return ""


def corrupt(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.CORRUPT] = chance.randint(1, 6)
    return ""  # Each reason is told once, and some pictures are odd and no error.


def provider_throws(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.THROWS] = chance.randint(1, 5)
    return ""


def gradient_is_nan(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.NANS] = chance.randint(1, 5)
    return ""


def child_killed(show: ShowProcess, chance: random.Random) -> str:
    children = show.seen.children()
    for child in chance.sample(children, chance.randint(1, len(children))) if children else ():
        with suppress(psutil.NoSuchProcess):
            child.kill()
    return ""  # One that only waited is nobody's loss.


def disk_full(show: ShowProcess, chance: random.Random) -> str:
    """Of the room that a recording has: files of this process end after so many bytes."""
    ended = "cannot be|is kept|grew over"
    show.say("record", 1)
    show.until_said("Recording ")
    _, most = resource.prlimit(show.seen.pid, resource.RLIMIT_FSIZE)
    try:
        resource.prlimit(show.seen.pid, resource.RLIMIT_FSIZE, (chance.randint(0, 30_000), most))
        show.until_said(ended, 20)
    finally:
        resource.prlimit(show.seen.pid, resource.RLIMIT_FSIZE, (most, most))
    show.say("record", 0)
    return f"Recording .*({ended})"


def recorded(show: ShowProcess, chance: random.Random) -> str:
    show.say("record", 1)
    time.sleep(chance.uniform(0.5, 2))
    show.say("record", 0)
    return "Recording .*Recorded .*s"


def preset_recalled(show: ShowProcess, chance: random.Random) -> str:
    show.say("preset", chance.randint(0, 9), chance.uniform(0, 1))
    return ""


def values_said(show: ShowProcess, chance: random.Random) -> str:
    for _ in range(20):
        show.say(
            *chance.choice(
                [("mirror", chance.randint(0, 1)), ("amount", chance.random()),
                 ("step_size", chance.uniform(0, 32)), ("compare", chance.randint(0, 1)),
                 ("strength", chance.uniform(0, 128)), ("half_life", chance.uniform(0, 60)),
                 ("fluid", chance.randint(0, 1)), ("light", chance.uniform(0.2, 1)),
                 ("size", chance.choice(["64x48", "96x64", "80x60"])), ("reset", 1),
                 ("octaves", chance.randint(1, 2)), ("freeze", 0), ("zoom", chance.uniform(0.3, 3)),
                 ("flash_limit", "off"), ("nonsense", "x"), ("layers", "nothing*1e99")],
            )
        )  # fmt: skip
    return ""


def clock_stepped(show: ShowProcess, chance: random.Random) -> str:
    show.held[Switch.CLOCK] = chance.choice([-86_400 * 365, -3600, 0, 3600, 86_400 * 365])
    show.say("snapshot", 1)
    return "Saved "


def stopped(show: ShowProcess, chance: random.Random) -> str:
    show.seen.send_signal(signal.SIGSTOP)
    time.sleep(chance.choice([0.1, 0.3, 2.5]))
    show.seen.send_signal(signal.SIGCONT)
    return ""


def out_of_descriptors(show: ShowProcess, chance: random.Random) -> str:
    """And everything that needs one is asked for."""
    pid = show.seen.pid
    soft, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (show.seen.num_fds(), most))
        show.say("snapshot", 1)
        show.say("record", 1)
        child_killed(show, chance)
        time.sleep(chance.uniform(0.5, 2))
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, most))
    show.say("record", 0)
    return ""


FAULTS: dict[str, Fault] = {
    each.__name__: each
    for each in (
        unplugged, stalled, renumbered, busy, of_another_size, corrupt, provider_throws,
        gradient_is_nan, child_killed, disk_full, recorded, preset_recalled, values_said,
        clock_stepped, stopped, out_of_descriptors,
    )
}  # fmt: skip
