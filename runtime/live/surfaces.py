"""What plays the show beside the keys: opened where it was asked for, and nowhere else.

Each surface is imported only when it is wanted: nobody else needs its library.
"""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from rich.console import Console

from ..control.conductor import Conductor
from ..control.desk import Desk
from ..control.listening import Clock, Place
from ..control.player import Player
from ..errors import UsageError
from ..sinks.soundtrack import Sound
from ..stats import Stats
from .controls import Controls
from .notice import Notice
from .takes import Takes

if TYPE_CHECKING:
    from ..control.dmx import Patch
    from ..control.page import Page


@dataclass(frozen=True)
class Surfaces:
    """Those that were asked for. osc, page: (host, port) to listen on. osc_to: of those who
    hear by OSC what changes and need not have spoken. midi: the devices to listen to. learned:
    the folder of what they were taught; None is the user's own. dmx: which lighting desk to listen
    to. sound: the input whose sound moves values. clock: whose beat is followed."""

    osc: Place | None = None
    osc_to: tuple[Place, ...] | None = None
    page: Place | None = None
    midi: str | None = None
    learned: Path | None = None
    dmx: Patch | None = None
    sound: str | None = None
    clock: Clock | None = None


NOBODY = Surfaces()


def open_surfaces(
    wanted: Surfaces,
    desk: Desk,
    controls: Controls,
    player: Player,
    stats: Stats,
    console: Console,
    notice: Notice,
) -> ExitStack:
    """Opens them and says how to reach them. What is returned closes them again.

    Raises LivedreamError where one cannot be opened; the others are closed then.
    """
    with ExitStack() as opened:
        osc = None
        if wanted.midi:
            open_midi(desk, player.conductor, wanted.midi, wanted.learned, notice, opened)
        if wanted.osc_to and not wanted.osc:
            raise UsageError("Who is told by OSC what changes may answer; say `--osc` as well.")
        if wanted.osc:
            osc = open_osc(desk, wanted.osc, wanted.osc_to or (), notice, opened)
        if wanted.page:
            page = open_page(desk, wanted, controls, player, stats, console, osc)
            opened.callback(page.close)
            if osc:
                announce(osc, page, notice, opened)
        if wanted.dmx:
            open_dmx(desk, wanted.dmx, notice, opened)
        if wanted.sound:
            open_sound(desk, controls.takes, player.conductor, wanted.sound, notice, opened)
        if wanted.clock:
            open_clock(player.conductor, wanted.clock, notice, opened)
        return opened.pop_all()


def open_midi(
    desk: Desk,
    conductor: Conductor,
    wanted: str,
    learned: Path | None,
    notice: Notice,
    opened: ExitStack,
) -> None:
    """Listens to the controllers whose names hold `wanted`."""
    from ..control.midi.controllers import Midi

    folder = learned or platformdirs.user_config_path("livedream") / "midi"
    opened.callback(Midi(desk, conductor, wanted, folder, notice).close)


def open_osc(
    desk: Desk, place: Place, targets: tuple[Place, ...], notice: Notice, opened: ExitStack
) -> Place:
    """Listens for OSC at `place`, and returns where that is. targets: of `Osc`."""
    from ..control.osc import Osc

    surface = Osc(desk, *place, targets=targets, say=notice)
    opened.callback(surface.close)
    notice("OSC on {}:{}; `livedream osc` lists the addresses".format(*surface.address))
    return surface.address


def open_dmx(desk: Desk, patch: Patch, notice: Notice, opened: ExitStack) -> None:
    """Listens for a lighting desk as `patch` says."""
    from ..control.dmx import Dmx

    opened.callback(Dmx(desk, patch, say=notice).close)
    notice(f"DMX by {patch}, on {patch.host}; docs/dmx.md lists the channels")


def open_sound(
    desk: Desk,
    takes: Takes,
    conductor: Conductor,
    wanted: str,
    notice: Notice,
    opened: ExitStack,
) -> None:
    """Listens to the input whose name holds `wanted`."""
    from ..control.audio.hearing import Hearing

    hearing = Hearing(
        desk, conductor, wanted, say=notice, whole=lambda *sound: takes.hear(Sound(*sound))
    )
    opened.callback(hearing.close)
    notice(f"Sound from {hearing.name}")


def open_clock(conductor: Conductor, wanted: Clock, notice: Notice, opened: ExitStack) -> None:
    """Follows the beat of other programs; OS2L that is open to the network is told there."""
    if wanted.kind == "link":
        from ..control.link_clock import LinkClock

        opened.callback(LinkClock(conductor, notice).close)
        notice("Ableton Link on the whole network")
        return
    from ..control.os2l import Os2l

    server = Os2l(conductor, wanted.host, wanted.port, say=notice)
    opened.callback(server.close)
    notice("OS2L on {}:{}".format(*server.address))
    if not ipaddress.ip_address(wanted.host).is_loopback:
        from ..control import announcing
        from ..control.page.access import own_address

        told = {announcing.OS2L: server.address[1]}
        opened.callback(announcing.Announcement(told, own_address(), "this OS2L", say=notice).close)


def open_page(
    desk: Desk,
    wanted: Surfaces,
    controls: Controls,
    player: Player,
    stats: Stats,
    console: Console,
    osc: Place | None,
) -> Page:
    """Serves the page where it is wanted, and prints how to come in. osc: where OSC listens."""
    from ..control.page import Page
    from ..control.page.qr import as_blocks, code_of

    assert wanted.page
    page = Page(
        desk,
        *wanted.page,
        newest=lambda: controls.newest,
        status=lambda: controls.told(stats),
        presets=lambda: player.shelf.presets,
        thumbnail=lambda number: player.shelf.thumbnail(number),
        learns=wanted.midi is not None,
        idle=controls.idle,
        osc=osc,
    )
    console.print(f"Page on {page.address()}", soft_wrap=True)
    if page.open_to_others:
        console.print(f"To look without playing: {page.address('look')}", soft_wrap=True)
    controls.code = code_of(page.address())
    if page.open_to_others and console.is_terminal:
        console.print(as_blocks(controls.code), style="black on bright_white")
    return page


def announce(osc: Place, page: Page, notice: Notice, opened: ExitStack) -> None:
    """Lets other programs on the network find OSC and its addresses, where both are open to it."""
    from ..control import announcing
    from ..control.page.access import own_address

    if page.open_to_others and not ipaddress.ip_address(osc[0]).is_loopback:
        services = {announcing.OSCQUERY: page.port, announcing.OSC: osc[1]}
        host = own_address() if osc[0] == "0.0.0.0" else osc[0]
        opened.callback(announcing.Announcement(services, host, say=notice).close)
