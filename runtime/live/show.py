"""`livedream run`: from a source to the window, or without one."""

from __future__ import annotations

import gc
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from ..choices import Choices
from ..control.desk import Desk
from ..control.folder import Folder
from ..control.player import Player
from ..control.shelf import Looks
from ..control.watching import Watching
from ..ending import ending
from ..errors import UsageError
from ..frame import Frame
from ..gradient.switching import IDLE, Switcher
from ..heartbeat import Heartbeat
from ..presence.models import Models
from ..reuse import keep_memory
from ..safety.processors import compiling
from ..scaling import fit
from ..sinks.formats import GOOD
from ..sinks.named import Places
from ..sinks.outputs import Outputs
from ..sinks.soundtrack import Sound
from ..start import network_of, open_desk, open_dreamer, settings_of
from ..stats import Stats
from ..store.files import check_outputs, write_bytes
from ..threads import share
from ..wording import counted
from .attract import DEMO, open_attract
from .audience import Audience
from .changing import Changer
from .controls import Controls
from .following import playing
from .loop import RESTS, Dreaming
from .masking import Masking
from .notice import Notice
from .opening import first_frame, open_any, opened_source
from .presenter import Presenter
from .rehearsal import rehearse
from .showing import Signs, play, watch
from .sources import Source
from .sources.clip import Clip
from .sources.listed import check_listed, named, slides
from .sources.slides import Slides
from .surfaces import NOBODY, Surfaces, open_surfaces
from .takes import Recordings, Takes
from .window import require_display
from .window.monitors import Monitor, awake, find_monitor, monitors

CLOCKS = {
    False: "host",
    True: "host: the card's work is only queued meanwhile; `livedream bench` has its own times",
}
"""What the times of stages in --stats mean, by whether the engine runs on a card."""


def run_show(
    console: Console,
    choices: Choices,
    source: Sequence[str],
    loop: bool,
    outs: Sequence[str],
    headless: bool,
    frames: int | None,
    record: Path | None,
    stats_file: Path | None,
    overwrite: bool,
    begin: Mapping[str, object],
    rate: float | None = None,
    screen: str | None = None,
    quality: str = GOOD,
    record_sound: bool = False,
    surfaces: Surfaces = NOBODY,
    show: Path | None = None,
    given: Collection[str] = (),
    kept: int | None = None,
    attract: str | None = None,
    mask_model: Path | None = None,
    face_model: Path | None = None,
    camera_controls: Sequence[tuple[str, int]] = (),
    build_while_playing: bool = False,
    record_minutes: float | None = None,
    record_gigabytes: float | None = None,
) -> None:
    """Play until the source ends, the person quits, or `frames` are dreamt.

    source: those that it may change between, as `open_source` reads them; the first one begins.
    outs: where the picture goes, as `Places` reads them. rate: pictures a second for sinks and
    recordings. quality: of recordings. record_sound: whether they have sound, of `sound` or else
    of the clip that plays. screen: that the window fills, by place or name.
    begin: how it is shown, by the names of parameters. surfaces: what it is played with. show: the
    folder of a show. given: the options that were said, which hold against it.
    kept: of a show in an exhibit, the pipe to its keeper: keys are locked, the source is waited
    for, flashes are limited, and without `record` no picture is kept. Each time that it starts it
    records under a name of `Episodes` that nobody has, and writes its stats anew.
    attract: what is to be seen while nobody is there, as `open_attract` reads it.
    mask_model, face_model: files in place of the official models. camera_controls: names and values
    that a camera is told whenever it is opened. build_while_playing: at full rate; else it plays
    slowly while an engine is timed. record_minutes: of each file of the recording.
    record_gigabytes: of all of them, the oldest are deleted.
    A signal is a way to quit too, see `ending`: everything is closed and written, and once the
    picture plays nothing is raised. Raises LivedreamError for whatever cannot be opened.
    """
    keep_memory()
    share()
    places = Places.of(outs, headless, record)
    replaces = overwrite or kept is not None
    check_outputs([places.file, stats_file], [*source, *choices.files], replaces)
    recordings = Recordings(
        places.file, quality, rate, record_sound, record_minutes, record_gigabytes
    )
    with ExitStack() as calm:
        # Made now, a wrong name is told before the work.
        recorder = recordings.first(overwrite, again=kept is not None)
        if recorder:  # Where nothing comes to play, its name is free again.
            calm.callback(recorder.close)
        monitor: Monitor | None = None
        if places.window:
            require_display()
            monitor = find_monitor(screen, monitors()) if screen else None
        heartbeat = Heartbeat(kept) if kept is not None else None
        network = network_of(choices, console.print)
        folder: Folder | None = None
        sources = named(source, {})
        if show:
            folder, network, choices, begin, surfaces, sources = rehearse(
                show, network, choices, begin, surfaces, source, given
            )
        if heartbeat and begin.get("flash_limit") == "off":
            raise UsageError("An exhibit limits flashes: say --flash-limit strict or standard.")
        check_listed(sources, () if heartbeat else source, console.print)
        network.objective(choices.layers)
        stats = Stats()
        box = choices.size or network.box
        with ExitStack() as opened:
            opened.callback(compiling().join)
            messages: list[str] = []
            desk: Desk | None = None
            playing_source = str(begin.get("source") or next(iter(sources)))

            takes: Takes | None = None
            of_clips = record_sound and not surfaces.sound

            def heard(clip: Clip, sound: Sound) -> None:
                if takes and capture.source is clip:
                    takes.hear(sound)

            def open_named(name: str) -> Source:
                found = open_any(
                    sources[name], choices, loop, messages, console, heartbeat is None,
                    heard if of_clips else None, dict(camera_controls),
                )  # fmt: skip
                if isinstance(found, Slides):
                    found.pace = lambda: (said()["slide_seconds"], said()["slide_fade"])
                return found

            def said() -> Mapping[str, Any]:
                return desk.base if desk else begin

            capture = opened_source(
                lambda: open_named(playing_source), opened, stats, console, heartbeat
            )
            first = first_frame(capture)
            if of_clips and not isinstance(capture.source, Clip):
                console.print("Nothing is heard: the source is no clip; --sound names an input.")
            planned = folder.plan.attract if folder and not attract else None
            attracting = open_attract(
                planned or attract or DEMO,
                first.shape[1::-1],
                choices.seed,
                folder.path if folder and planned else None,
            )
            opened.callback(attracting.close)
            width, height = fit(first.shape[1], first.shape[0], box)
            dreamer, engines = open_dreamer(
                choices, network, (height, width), console, stats, ahead=1, reopens=False
            )
            notice = Notice(console)
            switcher = Switcher(engines, playing(dreamer, (height, width)), notice, ahead=IDLE)
            models = Models(mask_model, face_model, notice)
            models.check()
            desk = open_desk(network, dreamer, choices.recipe, box, tuple(sources), **begin)
            if heartbeat:
                desk.forbid("flash_limit", "off")
            audience = Audience(desk, attracting, models, stats, say=notice)
            masking = Masking(desk, models, stats, notice, audience.share)
            player = Player(
                desk,
                folder or Looks(network.layers),
                notice,
                ahead=lambda: stats.usual_dream_age,
            ).start()
            opened.callback(player.close)
            dreaming = Dreaming(
                capture,
                dreamer,
                switcher,
                desk,
                stats,
                size=(height, width),
                frames=frames,
                notify=notice,
                where=masking.laid(),
                rest=0.0 if build_while_playing else RESTS,
                coming=lambda: player.coming,
            )
            if folder:
                for problem in folder.problems:
                    notice(problem)
                opened.callback(Watching(folder, player, desk, notice).start().close)
            presenter = Presenter(
                capture.shown,
                dreaming.output,
                desk,
                stats,
                notice,
                audience.amount,
                masking.laid(),
            )
            outputs = Outputs(places.sinks, notice, rate=rate)
            takes = Takes(desk, notice, recordings.begin, recorder, recordings.episodes)
            opened.callback(takes.close)
            controls = Controls(desk, dreaming, presenter, player, outputs, takes, messages, notice)
            controls.audience = audience
            controls.slides = slides(sources)
            controls.stores = heartbeat is None or recorder is not None
            audience.newest = lambda: controls.newest
            if monitor:
                desk.fade({"fullscreen": True, "hud": False}, "start", 0)
            opened.enter_context(
                open_surfaces(surfaces, desk, controls, player, stats, console, notice)
            )
            opened.callback(outputs.close)
            opened.callback(switcher.close)
            opened.callback(presenter.stop)
            opened.callback(dreaming.stop)
            opened.callback(audience.stop)
            opened.callback(masking.stop)
            changer = Changer(capture, desk, tuple(sources), playing_source, open_named, notice)
            opened.callback(changer.close)
            missed = capture.slot.dropped
            asked = calm.enter_context(ending.gently())
            # What is there now stays. A collection that looks at all of it stops every thread for
            # 10 ms and more.
            gc.freeze()
            attracting.start()
            audience.start()
            masking.start()

            def through(frame: Frame) -> Frame:
                masking.offer(frame)
                return audience.through(frame)

            capture.through = through
            dreaming.start()
            presenter.start()
            switcher.improve()
            signs = Signs(stats, capture, heartbeat, notice)
            calm.enter_context(awake())
            if places.window:
                play(presenter, controls, signs, asked, monitor)
            else:
                watch(presenter, controls, signs, asked)
            if asked.is_set():
                console.print("Stopped.")
            sent = controls.sent()
        # Frames that passed while the engine was opened were nobody's.
        stats.dropped = capture.slot.dropped - missed
        report(console, stats)
        if stats_file:
            text = stats.text(
                source=capture.source.describe(),
                size=[width, height],
                settings=settings_of(dreamer, str(desk.base["recipe"])),
                stages_clock=CLOCKS[dreamer.engine.provider.on_card],
                sinks=sent,
                visits=audience.visits,
            )
            write_bytes(stats_file, text.encode())
        if takes.trouble:
            raise takes.trouble


def report(console: Console, stats: Stats) -> None:
    """One line at the end: how fast it was."""
    summary: dict[str, Any] = stats.report()
    stages = summary["stages_ms"]
    gradient = stages.get("gradient", {}).get("p50")
    if not summary["frames"]:
        console.print("No frame was dreamt.")
        return
    console.print(
        f"{counted(summary['frames'], 'frame')}, {summary['fps']:.1f} fps, "
        f"{summary['dropped']} dropped, {summary['shown']} shown at {summary['shown_fps']:.1f} fps"
        + (f", gradient {gradient:.1f} ms" if gradient else "")
    )
