"""The report for the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .schema import (
    Baseline,
    Case,
    Distribution,
    Floor,
    Live,
    Machine,
    Picture,
    Report,
    Spread,
    Stage,
    Turns,
)
from .statistics import FEWEST_FOR_BOUNDS

COLUMNS = ("p50", "p90", "p95", "p99", "max")


def print_report(console: Console, report: Report) -> None:
    """Machine, then a table for each case, then what was not measured, and the headlines last."""

    def say(line: str, style: str = "") -> None:
        # In a terminal lines break between words; in a file they are whole.
        console.print(Text(line, style=style), soft_wrap=not console.is_terminal)

    for line in machine_lines(report.machine, report.floor):
        say(line)
    for case in report.cases:
        console.print()
        say(case.title, "bold")
        if (table := case_table(case)).row_count:
            console.print(table)
        if case.effects:
            console.print(effects_table(case))
        for line in case_lines(case):
            say(line)
    if any(unsure(case) for case in report.cases):
        say("~ a guess: too few samples for this percentile (64 for p90, 662 for p99).", "dim")
    console.print()
    if (text := busy_text(report.machine)) is not None:
        say(f"{text}: the figures are slower and wider than its own.", "yellow")
    if report.partial:
        say(PARTIAL, "bold red")
    for failure in report.failures:
        say(f"Not measured: {failure}", "red")
    for case in report.cases:
        if text := headline(case):
            say(text, "bold")


PARTIAL = "Partial: it ended before everything was measured."


def headline(case: Case) -> str:
    """What was measured, in one line; empty where nothing was."""
    told = []
    if case.frame:
        told += [f"{number(case.frame.ms.p50)} ms/frame", f"{case.frame.fps:.3g} fps"]
    elif case.step:
        told.append(f"{number(case.step.ms.p50)} ms/step")
    if measure := case.frame or case.step:
        told.append(f"{measure.megapixel_steps_per_second:.3g} Mpx-steps/s")
    if case.picture:
        told.append(f"{picture_name(case.picture)} {number(case.picture.ms.p50)} ms")
    if case.live:
        told.append(f"age {number(case.live[0].age.p50)} ms")
    title = f"{case.layers} {case.size[0]}x{case.size[1]} {case.provider} {case.precision}"
    return f"{title}: {', '.join(told)}" if told else ""


def machine_lines(machine: Machine, floor: Floor | None) -> list[str]:
    """What it ran on."""
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    lines = [f"{machine.cpu}, {machine.cores} cores{memory}, {machine.system}"]
    lines += [
        f"{gpu.name}, driver {gpu.driver}"
        + (f", limit {gpu.power_limit_watts:g} W" if gpu.power_limit_watts else "")
        + (f", throttling {gpu.before.throttling}" if gpu.before.throttling else "")
        for gpu in machine.gpus
    ]
    if floor:
        copies = ", ".join(
            f"{rate.gb_per_second:.0f} GB/s of {rate.bytes / 2**20:g} MiB" for rate in floor.copies
        )
        lines.append(f"At best {floor.gflops:.0f} GFLOP/s in float32; copies {copies} a core")
    return lines


BUSY = 0.1
"""Cores that others may use before a machine counts as busy."""


def busy_text(machine: Machine) -> str | None:
    """What else the machine did, where that was enough to matter."""
    if machine.others is None or machine.others <= BUSY:
        return None
    return f"The machine was busy: other programs used {machine.others:g} of {machine.cores} cores"


def case_table(case: Case) -> Table:
    """Milliseconds by measure and stage, in 80 columns."""
    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("ms", no_wrap=True)
    for name in (*COLUMNS, "n", "share", "floor"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("ended", no_wrap=True)
    if case.step:
        floor = percent(case.step.floor_share)
        table.add_row("step", *figures(case.step.ms), "", floor, case.step.ms.ended, style="bold")
    if case.frame:
        ended = case.frame.ms.ended
        table.add_row("frame", *figures(case.frame.ms), "", "", ended, style="bold")
        for stage in case.frame.stages:
            shares = percent(stage.share), percent(stage.floor_share)
            table.add_row(f" {stage_name(stage)}", *figures(stage.ms), *shares)
    if case.picture:
        table.add_row(
            picture_name(case.picture), *figures(case.picture.ms), "", "", case.picture.ms.ended,
            style="bold",
        )  # fmt: skip
        for stage in case.picture.stages:
            shares = percent(stage.share), percent(stage.floor_share)
            table.add_row(f" {stage_name(stage)}", *figures(stage.ms), *shares)
        if finer := case.picture.finer:
            table.add_row(FINER, *figures(finer), "", "", finer.ended)
    for live in case.live:
        table.add_row(f"age {pace(live)}", *figures(live.age), "", "", live.age.ended, style="bold")
        table.add_row(" interval", *figures(live.interval))
    for baseline in case.baselines:
        for what, turns in sides(baseline):
            name = f"{baseline.name.removeprefix('torch ')} {what}"
            table.add_row(name, *figures(turns.baseline), "", "", turns.ended, style="bold")
            table.add_row(" ours in turns", *figures(turns.ours))
    return table


EFFECTS = ("with", "takes", "10th to 90th", "pairs", "adds ms", "of a frame")


def effects_table(case: Case) -> Table:
    """How many times as long a frame or a shown picture takes with each effect."""
    table = Table(box=SIMPLE_HEAD, padding=0)
    for place, name in enumerate(EFFECTS):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in effect_rows(case):
        table.add_row(*row)
    return table


def effect_rows(case: Case) -> list[tuple[str, ...]]:
    """The cells of each effect, below `EFFECTS`. What it adds as a share of the dreamt frame is
    left out where that was not measured."""
    frame = case.frame.ms.p50 if case.frame else None
    return [
        (
            f"{each.name}, {each.of}",
            f"{each.ratio.median:.3f}x",
            f"{each.ratio.low:.3f} to {each.ratio.high:.3f}",
            str(each.ratio.count),
            f"{each.adds_ms:+.2f}",
            f"{each.adds_ms / frame:+.1%}" if frame else "",
        )
        for each in case.effects
    ]


def stage_name(stage: Stage) -> str:
    """With the clock where that is the device's own."""
    return stage.name if stage.clock == "host" else f"{stage.name} ({stage.clock})"


def picture_name(picture: Picture) -> str:
    """`shown 1280x720`"""
    return "shown {}x{}".format(*picture.size)


FINER = "finer, a dream"
"""The row of what a dream takes longer with finer detail."""


def sides(baseline: Baseline) -> list[tuple[str, Turns]]:
    """What was measured in turns, by name."""
    both = (("step", baseline.step), ("frame", baseline.frame))
    return [(what, turns) for what, turns in both if turns]


def case_lines(case: Case) -> list[str]:
    """What does not fit into columns."""
    lines = []
    if case.step:
        work = ""
        if case.step.operations and case.step.bytes:
            counted = case.step.operations / 1e9, case.step.bytes / 1e6
            work = f"; counted {number(counted[0])} billion operations, {number(counted[1])} MB"
        lines.append(f"step: {case.step.megapixel_steps_per_second:.3g} megapixel-steps/s{work}")
    if case.frame:
        lines.append(
            f"frame: {case.frame.megapixel_steps_per_second:.3g} megapixel-steps/s, "
            f"{case.frame.fps:.3g} fps possible; stages explain {case.frame.covered:.1%} of it"
        )
        if case.frame.overhead:
            lines.append(f"measuring costs {cost_text(case.frame.overhead.ratio)}")
    if case.picture:
        cores = case.picture.processor_ms * 30 / 1000
        lines.append(
            f"{picture_name(case.picture)}: {case.picture.fps:.3g} fps possible, "
            f"{number(case.picture.processor_ms)} ms of processor time each, which at 30 fps is "
            f"{cores:.2g} of a core; one picture in {case.picture.pictures_a_dream} brings a new "
            "dream"
        )
    lines += [
        f"live, {pace(live)}: {live.fps:.3g} fps shown, {live.dropped} dropped, jitter "
        f"{number(live.jitter_ms)} ms, {live.megapixel_steps_per_second:.3g} megapixel-steps/s"
        for live in case.live
    ]
    if case.parity:
        lines.append(
            f"against the CPU provider: cosine {case.parity.cosine:.6f}, relative error "
            f"{case.parity.relative_l2:.2g}"
        )
    lines += [line for baseline in case.baselines for line in baseline_lines(baseline)]
    for name, measure in (
        ("step", case.step and case.step.ms),
        ("frame", case.frame and case.frame.ms),
        ("shown", case.picture and case.picture.ms),
        *((f"live, {pace(live)}", live.age) for live in case.live),
    ):
        if measure and not measure.stable:
            lines.append(f"{name}: never became steady; the machine may be busy or too hot.")
    return lines + case.notes


def baseline_lines(baseline: Baseline) -> list[str]:
    """How many times faster, pair by pair."""
    return [
        f"{baseline.name} takes {times_text(turns.speedup)} our time for a {what}"
        for what, turns in sides(baseline)
    ]


def times_text(spread: Spread) -> str:
    """`2.1x (1.9 to 2.4, 30 pairs)`"""
    return f"{spread.median:.3g}x ({spread.low:.3g} to {spread.high:.3g}, {spread.count} pairs)"


def cost_text(cost: Spread) -> str:
    """`+0.1 % of a frame (surely between -0.2 and +0.4 %, 80 pairs)`"""
    middle, low, high = (
        (value - 1) * 100 for value in (cost.median, cost.sure_low, cost.sure_high)
    )
    if cost.count < FEWEST_FOR_BOUNDS:
        return f"{middle:+.1f} % of a frame ({cost.count} pairs: too few to say)"
    return (
        f"{middle:+.1f} % of a frame (surely between {low:+.1f} and {high:+.1f} %, "
        f"{cost.count} pairs)"
    )


def figures(ms: Distribution) -> list[str]:
    """The percentiles, marked where they are a guess, and the number of samples."""
    enough = [f"p{p}" for p in ms.enough] + ["max"]
    return [("" if name in enough else "~") + number(getattr(ms, name)) for name in COLUMNS] + [
        str(ms.count)
    ]


def number(value: float) -> str:
    """Three digits, without exponents."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def percent(share: float | None) -> str:
    """`12 %`, nothing for None."""
    if share is None:
        return ""
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}"


def pace(live: Live) -> str:
    """`30 fps` or `unpaced`."""
    return "unpaced" if live.camera_fps is None else f"{live.camera_fps:g} fps"


def unsure(case: Case) -> bool:
    """Whether a percentile of the case is a guess."""
    timed = (case.step, case.frame, case.picture)
    measures = [each and each.ms for each in timed]
    return any(m and 99 not in m.enough for m in (*measures, *(live.age for live in case.live)))
