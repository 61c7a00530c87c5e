"""`livedream exhibit`: a show that is kept running, and the service that keeps the keeper."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import click

from ..ending import ending
from ..errors import LivedreamError, UsageError
from ..exhibit.hours import parse_hours, parse_time
from ..exhibit.keeper import Keeper, Limits
from ..exhibit.systemd import Notify, unit, unit_path
from ..store.files import write_bytes
from ..telling import console

PROGRAM = (sys.executable, "-m", "livedream.runtime")
PUBLIC = ("--fullscreen", "--no-hud", "--loop")
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
    keeper = Keeper(
        [*PROGRAM, "run", *PUBLIC, *arguments],
        lambda text: console.print(f"exhibit: {text}"),
        Notify.of(os.environ),
        opening=hours,
        nightly=night,
        limits=Limits(picture=patience),
    )
    with ending.gently() as asked:
        code = keeper.run(asked)
    sys.exit(code)


def install(arguments: list[str], system: bool, only: bool) -> None:
    """Writes the unit that keeps `livedream exhibit` with these arguments, and says what to do
    next."""
    network = any(word in argument for argument in arguments for word in NETWORK)
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    text = unit(
        [*PROGRAM, "exhibit", *arguments],
        str(Path.cwd()),
        os.environ,
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
