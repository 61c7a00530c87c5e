"""`livedream exhibit`: a show that is kept running, and the service that keeps the keeper."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ..ending import ending
from ..errors import LivedreamError, UsageError
from ..exhibit.cover import Cover
from ..exhibit.hours import parse_hours, parse_time
from ..exhibit.keeper import Keeper, Limits
from ..exhibit.systemd import Notify, unit, unit_path
from ..live.window import display_problem
from ..live.window.monitors import find_monitor, monitors
from ..sinks.named import WINDOW
from ..store.files import write_bytes
from ..telling import console

PROGRAM = (sys.executable, "-m", "livedream.runtime")
PUBLIC = ("--fullscreen", "--no-hud", "--loop", "--flash-limit", "strict")
"""What a show for the public begins with."""

NETWORK = ("--osc", "--page", "--dmx", "--clock", "://")
"""Words of options that need the network."""


@click.command(
    context_settings={"ignore_unknown_options": True},
    options_metavar="[OPTIONS]",
)
@click.option("--opening", metavar="10:00-18:00", help="The show plays then, every day.")
@click.option(
    "--nightly",
    default="4:00",
    show_default=True,
    metavar="TIME|never",
    help="When the show starts anew.",
)
@click.option(
    "--patience",
    type=click.FloatRange(2, 600),
    default=Limits().picture,
    show_default=True,
    help="Seconds without a picture after which the show counts as hung.",
)
@click.option("--system", is_flag=True, help="Of `install`: a service of the machine, not of you.")
@click.option("--print", "only", is_flag=True, help="Of `install`: show the unit, write nothing.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[install] [OPTIONS OF run]")
def exhibit(
    opening: str | None,
    nightly: str,
    patience: float,
    system: bool,
    only: bool,
    arguments: tuple[str, ...],
) -> None:
    """Keep a show running in front of the public.

    The show begins in full screen; when it
    ends or hangs it starts again, and after failures with less. Keys are locked (typing `chimp`
    opens them for a minute), the source is waited for, flashes are limited.

    `livedream exhibit install` writes a systemd service that does all this from boot on.
    """
    if sys.platform == "win32":
        raise UsageError("`livedream exhibit` needs Linux or macOS.")
    hours = parse_hours(opening) if opening else None
    night = None if nightly == "never" else parse_time(nightly)
    if arguments[:1] == ("install",):
        own = [f"--patience={patience:g}", f"--nightly={nightly}"]
        own += [f"--opening={opening}"] if opening else []
        install([*own, *arguments[1:]], system, only)
        return
    if system or only:
        raise UsageError("--system and --print belong to `livedream exhibit install`.")
    windowed, cover = _seen(arguments)
    keeper = Keeper(
        [*PROGRAM, "run", *PUBLIC, *arguments],
        lambda text: console.print(f"exhibit: {text}"),
        Notify.of(os.environ),
        opening=hours,
        nightly=night,
        limits=Limits(picture=patience),
        cover=cover.say if cover else lambda word: None,
        obstacle=display_problem if windowed else lambda: None,
    )
    try:
        with ending.gently() as asked:
            code = keeper.run(asked)
    finally:
        if cover:
            cover.close()
    sys.exit(code)


def _seen(arguments: Sequence[str]) -> tuple[bool, Cover | None]:
    """Whether the show has a window, and what lies over the screen between two shows, where there
    is such a thing. Raises UsageError for a screen that is not there."""
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    options.add_argument("--out", action="append", default=[])
    options.add_argument("--headless", action="store_true")
    options.add_argument("--screen")
    given, _ = options.parse_known_args(arguments)
    windowed = not given.headless and (WINDOW in given.out or not given.out)
    if not (windowed and sys.platform == "linux" and os.environ.get("DISPLAY")):
        return windowed, None
    if not given.screen:
        return windowed, Cover()
    monitor = find_monitor(given.screen, monitors())
    return windowed, Cover((monitor.left, monitor.top, monitor.width, monitor.height))


def session_of(user: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the person who said sudo, as far as their screen needs it: sudo may have
    taken it away."""
    kept = {"DISPLAY": ":0", **environment}
    cookie = Path(f"~{user}/.Xauthority").expanduser()
    if cookie.exists():
        kept.setdefault("XAUTHORITY", str(cookie))
    return kept


def install(arguments: list[str], system: bool, only: bool) -> None:
    """Writes the unit that keeps `livedream exhibit` with these arguments, and says what to do
    next."""
    network = any(word in argument for argument in arguments for word in NETWORK)
    sudoer = os.environ.get("SUDO_USER")
    if sudoer and not (system or only):
        raise UsageError(
            "A service of your own is installed without sudo; with it, say --system for one of the "
            "machine."
        )
    user = sudoer or getpass.getuser()
    text = unit(
        [*PROGRAM, "exhibit", *arguments],
        str(Path.cwd()),
        session_of(sudoer, os.environ) if sudoer else os.environ,
        user=user if system else None,
        network=network,
    )
    if only:
        click.echo(text, nl=False)
        return
    path = Path(unit_path(system))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode())
    except OSError as error:
        raise LivedreamError(
            f"{path} cannot be written ({error.strerror}); run it with sudo, or leave --system out."
        ) from error
    systemctl = "sudo systemctl" if system else "systemctl --user"
    console.print(f"Wrote {path}; it runs as {user}, in {Path.cwd()}. Now:")
    console.print(f"  {systemctl} daemon-reload && {systemctl} enable --now livedream")
    if not system:
        console.print(f"  sudo loginctl enable-linger {user}   # from boot on, without a login")
    own = "" if system else "--user "
    console.print(f"  journalctl {own}-fu livedream   # what it says")
