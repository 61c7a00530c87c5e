"""`livedream exhibit`: a show that is kept running, and the service that keeps the keeper."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..ending import ending
from ..errors import LivedreamError, UsageError
from ..exhibit.cover import Cover
from ..exhibit.hours import parse_hours, parse_time
from ..exhibit.keeper import Keeper, Limits
from ..exhibit.systemd import Notify, unit, unit_path
from ..live.window import display_problem
from ..live.window.monitors import find_monitor, monitors
from ..presence.kinds import OF_PEOPLE
from ..sinks.named import WINDOW
from ..store.files import write_bytes
from ..telling import console

PROGRAM = (sys.executable, "-m", "livedream.runtime")
PUBLIC = ("--fullscreen", "--no-hud", "--loop", "--flash-limit", "strict")
"""What a show for the public begins with."""

LISTENING = ("osc", "page", "dmx", "clock", "show")
"""Options of `run` that need the network, or may: a show's folder says what it listens to."""


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
    words = list(arguments)
    if installs := words[:1] == ["install"]:
        del words[0]
    chosen = checked(click.get_current_context(), words)
    if installs:
        own = [f"--patience={patience:g}", f"--nightly={nightly}"]
        own += [f"--opening={opening}"] if opening else []
        install([*own, *words], chosen, system, only)
        return
    if system or only:
        raise UsageError("--system and --print belong to `livedream exhibit install`.")
    keep_no_core()
    windowed = has_window(chosen)
    cover = _cover(chosen["screen"]) if windowed else None
    keeper = Keeper(
        [*PROGRAM, "run", *PUBLIC, *words],
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


def checked(context: click.Context, words: Sequence[str]) -> dict[str, Any]:
    """What the show is told by these options of `run`, so that a wrong one is said before anything
    is started or written. Raises what `run` would for it."""
    commands = context.find_root().command
    assert isinstance(commands, click.Group)
    run = commands.commands["run"]
    chosen = run.make_context("run", [*PUBLIC, *words], context.find_root()).params
    if chosen["flash_limit"] == "off":
        raise UsageError("An exhibit limits flashes: say --flash-limit strict or standard.")
    return chosen


def keep_no_core() -> None:
    """Has nothing that this process starts leave its memory in a file when it dies: pictures of
    visitors are in it."""
    import resource  # Windows has none.

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def has_window(chosen: Mapping[str, Any]) -> bool:
    outs = chosen["outs"]
    return not chosen["headless"] and (WINDOW in outs or not outs)


def needs_network(chosen: Mapping[str, Any]) -> bool:
    """Whether the show listens, sends, plays from afar, or may have to download something."""
    places = (*chosen["source"], *chosen["outs"])
    finds_faces = chosen["presence"] == "face" and not chosen["face_model"]
    finds_people = chosen["presence"] == "person" or chosen["mask"] in OF_PEOPLE
    return (
        any(chosen[name] for name in LISTENING)
        or any("://" in place or place.startswith(("ndi", "mjpeg")) for place in places)
        or not chosen["graph"]
        or finds_faces
        or (finds_people and not chosen["mask_model"])
    )


def written_folders(chosen: Mapping[str, Any]) -> list[Path]:
    """Where the show writes, besides its cache."""
    files = [chosen[name] for name in ("record", "stats_file") if chosen[name]]
    folders = [Path(file).expanduser().absolute().parent for file in files]
    return folders + ([chosen["show"].expanduser().absolute()] if chosen["show"] else [])


def _cover(screen: str | None) -> Cover | None:
    """What lies over that screen between two shows, where there is such a thing. Raises UsageError
    for a screen that is not there."""
    if sys.platform != "linux" or not os.environ.get("DISPLAY"):
        return None
    if not screen:
        return Cover()
    monitor = find_monitor(screen, monitors())
    return Cover((monitor.left, monitor.top, monitor.width, monitor.height))


def session_of(user: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of that person, as far as their screen needs it: sudo may have taken it away,
    and who is logged in from afar has none."""
    kept = {"DISPLAY": ":0", **environment}
    cookie = Path(f"~{user}/.Xauthority").expanduser()
    if cookie.exists():
        kept.setdefault("XAUTHORITY", str(cookie))
    return kept


def install(arguments: list[str], chosen: Mapping[str, Any], system: bool, only: bool) -> None:
    """Writes the unit that keeps `livedream exhibit` with these arguments, and says what to do
    next. chosen: what `checked` found in them."""
    sudoer = os.environ.get("SUDO_USER")
    if sudoer and not (system or only):
        raise UsageError(
            "A service of your own is installed without sudo; with it, say --system for one of the "
            "machine."
        )
    user = sudoer or getpass.getuser()
    session = session_of(user, os.environ) if has_window(chosen) else os.environ
    text = unit(
        [*PROGRAM, "exhibit", *arguments],
        str(Path.cwd()),
        session,
        user=user if system else None,
        network=needs_network(chosen),
        writes=[str(folder) for folder in written_folders(chosen)],
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
    place = f" on display {session['DISPLAY']}," if has_window(chosen) else ""
    console.print(f"Wrote {path}; it runs as {user},{place} in {Path.cwd()}. Now:")
    console.print(f"  {systemctl} daemon-reload && {systemctl} enable --now livedream")
    if not system:
        console.print(f"  sudo loginctl enable-linger {user}   # from boot on, without a login")
    own = "" if system else "--user "
    console.print(f"  journalctl {own}-fu livedream   # what it says")
