"""Tables for a README, made from report files: no figure is copied by hand."""

from __future__ import annotations

from collections.abc import Sequence

from .report import (
    EFFECTS,
    PARTIAL,
    busy_text,
    effect_rows,
    figures,
    number,
    percent,
    sides,
)
from .schema import Case, Picture, Report, Spread, Turns

FIGURES = (
    "network, recipe",
    "size",
    "provider",
    "frame p50",
    "p99",
    "fps",
    "Mpx-steps/s",
    "age at {:g} fps",
    "gradient of floor",
)
SHOWN = ("shown", "dreamt at", "p50", "p99", "fluid", "compose", "limit", "processor", "finer")
TURNS = ("against", "size", "provider", "a step takes", "a frame takes")


def tables(report: Report, machine: str) -> str:
    """Markdown of what was measured, in milliseconds: dreamt frames and the largest parts of them,
    shown pictures and their stages (with the processor time of each, and what finer detail adds to
    a dream), the effects of each case, and the turns with the baseline."""
    cases = [case for case in report.cases if case.frame]
    camera = {live.camera_fps for case in cases for live in case.live if live.camera_fps}
    head = [name.format(*camera or (30,)) for name in FIGURES]
    parts = [f"{machine}, {', '.join(_versions(report))}; milliseconds."]
    parts.append(_table(head, [_figures(case) for case in cases]))
    shares = [text for case in cases if (text := _shares(case))]
    parts += ["\n".join(shares)] if shares else []
    shown = [_shown(case, case.picture) for case in report.cases if case.picture]
    if shown:
        parts.append(_table(SHOWN, shown))
    for case in [case for case in report.cases if case.effects]:
        parts += [f"{case.title}, with and without:", _table(EFFECTS, effect_rows(case))]
    turns = [row for case in report.cases for row in _turns(case)]
    if turns:
        parts.append(_table(TURNS, turns))
    if any("~" in cell for case in cases for cell in _figures(case)):
        parts.append("~ a guess: too few samples for the 99th percentile.")
    parts += [f"{text}." for text in [busy_text(report.machine)] if text]
    parts += [PARTIAL] if report.partial else []
    return "\n\n".join(parts) + "\n"


def _figures(case: Case) -> list[str]:
    assert case.frame
    ms = dict(zip(("p50", "p90", "p95", "p99"), figures(case.frame.ms), strict=False))
    paced = [live for live in case.live if live.camera_fps]
    gradient = [stage for stage in case.frame.stages if stage.name == "gradient"]
    return [
        f"{case.model} {case.layers}, {case.recipe.name}",
        f"{case.size[0]}x{case.size[1]}",
        f"{case.provider} {case.precision}",
        ms["p50"],
        ms["p99"],
        f"{case.frame.fps:.3g}",
        f"{case.frame.megapixel_steps_per_second:.3g}",
        number(paced[0].age.p50) if paced else "",
        percent(gradient[0].floor_share) if gradient else "",
    ]


LARGEST = 3
"""Stages of a frame that are named."""


def _shares(case: Case) -> str:
    """`- Of a frame at 320x240: gradient 83 %, flow 6.1 %, upload 1.2 %.`"""
    assert case.frame
    stages = [stage for stage in case.frame.stages if stage.clock == case.frame.stages[0].clock]
    largest = sorted(stages, key=lambda stage: -stage.share)[:LARGEST]
    told = ", ".join(f"{stage.name} {percent(stage.share)}" for stage in largest)
    return f"- Of a frame at {case.size[0]}x{case.size[1]}: {told}."


def _shown(case: Case, picture: Picture) -> list[str]:
    ms = figures(picture.ms)
    stages = {stage.name: stage.ms for stage in picture.stages}
    return [
        f"{picture.size[0]}x{picture.size[1]}",
        f"{case.size[0]}x{case.size[1]}",
        ms[0],
        ms[3],
        *(number(stages[name].p50) if name in stages else "" for name in SHOWN[4:7]),
        number(picture.processor_ms),
        number(picture.finer.p50) if picture.finer else "",
    ]


def _turns(case: Case) -> list[list[str]]:
    rows = []
    for baseline in case.baselines:
        ratios = {what: _ratio(turns) for what, turns in sides(baseline)}
        size, provider = f"{case.size[0]}x{case.size[1]}", f"{case.provider} {case.precision}"
        row = [f"{baseline.name} ({baseline.version})", size, provider]
        rows.append([*row, ratios.get("step", ""), ratios.get("frame", "")])
    return rows


def _ratio(turns: Turns) -> str:
    """`2.1x our time (1.9 to 2.4)`"""
    speedup: Spread = turns.speedup
    return f"{speedup.median:.3g}x our time ({speedup.low:.3g} to {speedup.high:.3g})"


def _versions(report: Report) -> list[str]:
    names = ("livedream", "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")
    return [f"{name} {report.versions[name]}" for name in names if name in report.versions]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
