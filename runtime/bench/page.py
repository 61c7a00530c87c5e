"""The report as one HTML file that needs nothing else: no script, no font, no request."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..store.files import write_bytes
from . import plots
from .compare import Comparison
from .report import (
    COLUMNS,
    EFFECTS,
    FINER,
    PARTIAL,
    busy_text,
    case_lines,
    effect_rows,
    figures,
    headline,
    machine_lines,
    pace,
    percent,
    picture_name,
    sides,
    stage_name,
)
from .schema import Case, Distribution, Report

STYLE = (
    """
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #5d6068; --line: #dcdee3; --page: #fff;
  --c0: #4c78a8; --c1: #f58518; --c2: #54a24b; --c3: #e45756; --c4: #72b7b2; --c5: #b279a2;
  --c6: #9d755d; --c7: #d6a520; --c8: #8793a5; --c9: #ff9da6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ec; --soft: #a2a6b0; --line: #34363d;
  --page: #16171b; --c0: #6f9fd8; --c3: #f07371; --c6: #bd9276; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } h3 { font-size: 1rem }
p, li { color: var(--soft); margin: .2rem 0 } p.head { color: var(--ink); font-weight: 600 }
strong.warn { color: var(--c3) }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem;
  width: 100% }
th, td { text-align: right; padding: .15rem .5rem; border-bottom: 1px solid var(--line);
  white-space: nowrap }
th:first-child, td:first-child { text-align: left } tr.main td { font-weight: 600 }
svg { width: 100%; height: auto; margin: .5rem 0; font: 13px system-ui, sans-serif }
svg text { fill: var(--ink) } svg text.small { font-size: 12px; fill: var(--soft) }
svg text.on { fill: #10131a; font-size: 12px }
svg .faint { stroke: var(--line) } svg .ink { stroke: var(--ink); stroke-dasharray: 3 3 }
svg polyline { fill: none; stroke-width: 2 } svg line[class^=l] { stroke-width: 3 }
"""
    + "".join(
        f"svg .c{n} {{ fill: var(--c{n}) }} svg .l{n} {{ stroke: var(--c{n}) }} "
        f"i.c{n} {{ background: var(--c{n}) }}\n"
        for n in range(plots.COLOURS)
    )
    + "i { display: inline-block; width: .8em; height: .8em; margin-right: .4em }\n"
    + """
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --page: #fff;
    --c0: #4c78a8; --c3: #e45756; --c6: #9d755d }
  body { margin: 0; font-size: 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .wide { overflow: visible } table { font-size: 9.5px } th, td { padding: .1rem .25rem }
  svg { max-width: 38rem } svg, tr, li { break-inside: avoid }
  h2, h3 { break-after: avoid } h2 { margin-top: 1.2rem } }
"""
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page may load: nothing but its own style."""


def write_page(text: str, path: Path) -> None:
    """Whole or not at all. Raises what `files.replacing` raises."""
    write_bytes(path, text.encode())


def report_page(report: Report) -> str:
    """The page of one report."""
    title = f"livedream bench: {machine_title(report)}"
    parts = [_short(report), _facts(report)]
    if len({tuple(case.size) for case in report.cases}) > 1:
        parts.append(_sweep(report.cases))
    parts += [_case(case) for case in report.cases]
    if report.failures:
        parts.append(_section("Not measured", _list(report.failures)))
    parts.append(_section("How it was measured", _method(report)))
    return _page(title, parts)


def comparison_page(comparison: Comparison, reports: Sequence[Report], names: Sequence[str]) -> str:
    """The page of several reports side by side."""
    keys = [
        f'<i class="c{number % plots.COLOURS}"></i>{escape(name)}: {escape(machine_title(report))}'
        for number, (name, report) in enumerate(zip(names, reports, strict=True))
    ]
    parts = [_section("Reports", "".join(f"<p>{key}</p>" for key in keys))]
    if comparison.flags:
        parts.append(_section("Mind", _list(comparison.flags)))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for row in comparison.rows:
        cells = [
            f"<td>{cell.entry.ms.p50:.4g} ms<br>{cell.speedup:.3g}x</td>" if cell else "<td></td>"
            for cell in row.cells
        ]
        flags = f"<br><small>{escape('; '.join(row.flags))}</small>" if row.flags else ""
        rows.append(f"<tr><td>{escape(row.title)}{flags}</td>{''.join(cells)}</tr>")
    table = f"<table><tr><th>p50, and how fast against the first</th>{head}</tr>{''.join(rows)}"
    bars = [
        (row.title, [(n, cell.entry.ms.p50) for n, cell in enumerate(row.cells) if cell])
        for row in comparison.rows
    ]
    body = f'<div class="wide">{table}</table></div>{plots.bars(bars, "ms")}'
    parts.append(_section("The same work", body))
    for row in comparison.rows:
        stages = [
            (
                name,
                [
                    (stage.name, stage.ms.mean)
                    for stage in cell.entry.case.frame.stages
                    if stage.clock == "host"
                ],
            )
            for name, cell in zip(names, row.cells, strict=True)
            if cell and cell.entry.case.frame and cell.entry.key[0] == "frame"
        ]
        if len(stages) > 1:
            parts.append(_section(f"Stages of {row.title}, mean", plots.stacked(stages, "ms")))
    if comparison.refused:
        parts.append(_section("Not compared", _list(comparison.refused)))
    return _page("livedream bench compare", parts)


def machine_title(report: Report) -> str:
    """GPU where one was used, else the CPU."""
    used = {case.provider for case in report.cases} & {"cuda", "tensorrt"}
    gpus = [gpu.name for gpu in report.machine.gpus]
    return (
        ", ".join(gpus) if used and gpus else f"{report.machine.cpu}, {report.machine.cores} cores"
    )


def _short(report: Report) -> str:
    """The headlines, and what casts doubt on them."""
    lines = [f"<p class='head'>{escape(line)}</p>" for line in map(headline, report.cases) if line]
    busy = busy_text(report.machine)
    doubts = [PARTIAL] if report.partial else []
    doubts += [f"{busy}: the figures are slower and wider than its own."] if busy else []
    lines += [f"<p><strong class='warn'>{escape(doubt)}</strong></p>" for doubt in doubts]
    return _section("In short", "".join(lines))


def _facts(report: Report) -> str:
    lines = machine_lines(report.machine, report.floor)
    lines.append(", ".join(f"{name} {number}" for name, number in report.versions.items()))
    lines.append(f"Measured {report.created}; asked for: {options_text(report)}.")
    for gpu in report.machine.gpus:
        for when, state in (("before", gpu.before), ("after", gpu.after)):
            if state:
                facts = ", ".join(
                    f"{name} {value}" for name, value in state.model_dump().items() if value
                )
                lines.append(f"{gpu.name} {when}: {facts}")
    return _section("Machine", "".join(f"<p>{escape(line)}</p>" for line in lines))


def options_text(report: Report) -> str:
    """What was asked for, or that nothing was."""
    given = [f"--{name} {value}".strip() for name, value in report.options.items()]
    return " ".join(given) or "the default"


def _case(case: Case) -> str:
    body = [_table(case)]
    if case.frame:
        for clock in dict.fromkeys(stage.clock for stage in case.frame.stages):
            stages = [(s.name, s.ms.mean) for s in case.frame.stages if s.clock == clock]
            body.append(f"<h3>Stages of a frame, mean, {escape(clock)} clock</h3>")
            body.append(plots.stacked([("frame", stages)], "ms"))
    if case.picture:
        stages = [(stage.name, stage.ms.mean) for stage in case.picture.stages]
        body.append("<h3>Stages of a shown picture, mean</h3>")
        body.append(plots.stacked([("{}x{}".format(*case.picture.size), stages)], "ms"))
    series: list[tuple[str, list[float]]] = []
    if case.step:
        series.append(("step", case.step.ms.curve))
    if case.frame:
        series.append(("frame", case.frame.ms.curve))
    if case.picture:
        series.append((picture_name(case.picture), case.picture.ms.curve))
    series += [(f"live age, {pace(live)}", live.age.curve) for live in case.live]
    if series:
        body.append("<h3>Latency distribution</h3>" + plots.distributions(series, "ms"))
    rows = [
        (f"{baseline.name} {what}", s.low, s.median, s.high)
        for baseline in case.baselines
        for what, turns in sides(baseline)
        for s in [turns.speedup]
    ]
    if rows:
        body.append(
            "<h3>The same work in turns: how many times our time it takes</h3>"
            + plots.whiskers(rows)
        )
    if case.effects:
        body.append("<h3>Effects and the flash limiter, in turns with none</h3>" + _effects(case))
    body.append(_list(case_lines(case)))
    octaves = ", ".join(f"{width}x{height}" for width, height in case.octaves)
    values = ", ".join(f"{name} {value:g}" for name, value in case.recipe.values.items())
    body.append(
        f"<p><small>Octaves {octaves}; {escape(values)}; recipe {case.recipe.sha256[:12]}, graph "
        f"{case.graph.sha256[:12]} ({escape(case.graph.form)}, {escape(case.graph.precision)}), "
        f"weights {escape(case.graph.weights)} {case.graph.weights_sha256[:12]}</small></p>"
    )
    return _section(case.title, "".join(body))


def _table(case: Case) -> str:
    names = (*COLUMNS, "n", "share", "of floor", "ended")
    head = "".join(f"<th>{name}</th>" for name in names)

    def row(name: str, ms: Distribution, ended: str, share: str = "", floor: str = "") -> str:
        cells = "".join(f"<td>{cell}</td>" for cell in (*figures(ms), share, floor, ended))
        kind = ' class="main"' if ended else ""
        return f"<tr{kind}><td>{escape(name)}</td>{cells}</tr>"

    rows = []
    if case.step:
        floor = percent(case.step.floor_share)
        rows.append(row("step", case.step.ms, case.step.ms.ended, "", floor))
    if case.frame:
        rows.append(row("frame", case.frame.ms, case.frame.ms.ended))
        for stage in case.frame.stages:
            shares = percent(stage.share), percent(stage.floor_share)
            rows.append(row(f"\u2003{stage_name(stage)}", stage.ms, "", *shares))
    if case.picture:
        rows.append(row(picture_name(case.picture), case.picture.ms, case.picture.ms.ended))
        for stage in case.picture.stages:
            shares = percent(stage.share), percent(stage.floor_share)
            rows.append(row(f"\u2003{stage_name(stage)}", stage.ms, "", *shares))
        if finer := case.picture.finer:
            rows.append(row(FINER, finer, finer.ended))
    for live in case.live:
        rows.append(row(f"live age, {pace(live)}", live.age, live.age.ended))
        rows.append(row("\u2003interval", live.interval, ""))
    for baseline in case.baselines:
        for what, turns in sides(baseline):
            rows.append(row(f"{baseline.name} {what}", turns.baseline, turns.ended))
            rows.append(row("\u2003ours in turns", turns.ours, ""))
    return f'<div class="wide"><table><tr><th>ms</th>{head}</tr>{"".join(rows)}</table></div>'


def _effects(case: Case) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in EFFECTS)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for row in effect_rows(case)
    )
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _sweep(cases: Sequence[Case]) -> str:
    body = []
    for what in ("step", "frame"):
        series: dict[str, list[tuple[float, float]]] = {}
        for case in cases:
            measure = getattr(case, what)
            if measure:
                label = f"{case.model} {case.layers} {case.provider} {case.precision}"
                megapixels = case.size[0] * case.size[1] / 1e6
                series.setdefault(label, []).append((megapixels, measure.ms.p50))
        if series:
            body.append(f"<h3>{what}, p50</h3>")
            body.append(plots.sweep(list(series.items()), "megapixels", "ms"))
    return _section("Sweep", "".join(body))


def _method(report: Report) -> str:
    lines = [
        "Durations are those of the thread that waits for the result. Percentiles are nearest "
        "rank; ~ marks those with too few samples (64 are needed for p90, 662 for p99).",
        "Warm-up is dropped: samples before two neighbouring windows have the same median. A "
        "measurement ended with enough samples for p99, or when its time was over.",
        "A megapixel-step is a million octave pixels taken one gradient step further.",
        "Age is the time from the moment a frame was handed over by the synthetic camera until the "
        "showing thread had its dream; exposure, cable, compositor and screen come on top.",
    ]
    if report.floor:
        lines.append(
            "The floor is the least time in which this CPU could do the work counted in the graph: "
            "its measured float32 matrix product and copy rates, all cores."
        )
    return _list(lines)


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _page(title: str, parts: Sequence[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style>'
        f"</head><body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )
