"""Plots as SVG text: no library, no script, readable on paper and in the dark.

Colours are the page's classes `c0` to `c9` and `ink`, `faint`, so that the page's style decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

WIDTH = 720
COLOURS = 10
LEFT, RIGHT = 118, 16
LINE = 22


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """About `count` round numbers from `low` to `high`, both included where they are round."""
    if high <= low:
        return [low]
    rough = (high - low) / count
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def figure(value: float) -> str:
    """Three digits, or all before the point: no exponents."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 or 5 times a power of ten, from `low` to `high`, both above 0."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [tick for tick in every if low * 0.999 <= tick <= high * 1.001]


def stacked(rows: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str) -> str:
    """Bars made of named parts, one a row, with a legend. rows: (label, [(part, value)])."""
    names = list(dict.fromkeys(name for _, parts in rows for name, _ in parts))
    most = max((sum(value for _, value in parts) for _, parts in rows), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT - 60) / most
    body, y = [], 6.0
    for label, parts in rows:
        x = float(LEFT)
        body.append(_text(LEFT - 8, y + 15, label, "end"))
        for name, value in parts:
            width = value * scale
            tip = f"{name}: {figure(value)} {unit}"
            body.append(
                f'<rect class="c{names.index(name) % COLOURS}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{max(width, 0.4):.1f}" height="{LINE - 2}"><title>{escape(tip)}</title>'
                "</rect>"
            )
            if width > 7.5 * len(name) + 6:
                body.append(_text(x + 4, y + 15, name, css="on"))
            x += width
        body.append(_text(x + 6, y + 15, f"{figure(x / scale - LEFT / scale)} {unit}"))
        y += LINE + 6
    x, y = float(LEFT), y + 6
    totals = {n: sum(v for _, parts in rows for part, v in parts if part == n) for n in names}
    for place, name in enumerate(names):
        shown = f"{name} {figure(totals[name])}" if len(rows) == 1 else name
        width = 26 + 7.2 * len(shown)
        if x + width > WIDTH - RIGHT:
            x, y = float(LEFT), y + 20
        body.append(f'<rect class="c{place % COLOURS}" x="{x}" y="{y}" width="12" height="12"/>')
        body.append(_text(x + 17, y + 10.5, shown, css="small"))
        x += width
    return _svg(y + 20, body, "Time by stage")


def distributions(series: Sequence[tuple[str, Sequence[float]]], unit: str) -> str:
    """How much of the samples is below a value. series: (label, equally spaced percentiles).

    The axis ends a little after the largest 97th percentile, so that one outlier does not press
    everything against the edge; the legend gives the largest.
    """
    height, top, bottom = 250, 12, 40
    low = min(curve[0] for _, curve in series) * 0.97
    high = max(curve[round(0.975 * (len(curve) - 1))] for _, curve in series) * 1.08
    high = max(high, low * 1.02 + 1e-9)

    def across(value: float) -> float:
        return LEFT + (min(value, high) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def up(share: float) -> float:
        return top + (1 - share) * (height - top - bottom)

    body = [
        _grid(LEFT, up(share), WIDTH - RIGHT, up(share))
        + _text(LEFT - 8, up(share) + 4, f"{share:.0%}", "end", "small")
        for share in (0, 0.25, 0.5, 0.75, 0.9, 1)
    ]
    body += _bottom_axis(ticks(low, high), across, top, height - bottom, unit)
    for place, (label, curve) in enumerate(series):
        points = " ".join(
            f"{across(value):.1f},{up(index / (len(curve) - 1)):.1f}"
            for index, value in enumerate(curve)
        )
        body.append(f'<polyline class="l{place % COLOURS}" points="{points}"/>')
        middle = curve[len(curve) // 2]
        body.append(
            _legend_line(place, height + 4 + 18 * place)
            + _text(
                LEFT + 30, height + 8 + 18 * place,
                f"{label}: median {figure(middle)}, largest {figure(curve[-1])} {unit}",
                css="small",
            )
        )  # fmt: skip
    return _svg(height + 18 * len(series) + 4, body, "Share of samples below a time")


def sweep(
    series: Sequence[tuple[str, Sequence[tuple[float, float]]]], x_unit: str, y_unit: str
) -> str:
    """Lines over two logarithmic axes. series: (label, [(x, y)]), all above 0."""
    height, top, bottom = 300, 12, 40
    xs = [x for _, points in series for x, _ in points]
    ys = [y for _, points in series for _, y in points]
    low_x, high_x, low_y, high_y = min(xs) / 1.2, max(xs) * 1.2, min(ys) / 1.3, max(ys) * 1.3

    def across(value: float) -> float:
        share = math.log(value / low_x) / math.log(high_x / low_x)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(value: float) -> float:
        share = math.log(value / low_y) / math.log(high_y / low_y)
        return top + (1 - share) * (height - top - bottom)

    body = [
        _grid(LEFT, up(tick), WIDTH - RIGHT, up(tick))
        + _text(LEFT - 8, up(tick) + 4, f"{tick:g} {y_unit}", "end", "small")
        for tick in log_ticks(low_y, high_y)
    ]
    body += _bottom_axis(log_ticks(low_x, high_x), across, top, height - bottom, x_unit)
    for place, (label, points) in enumerate(series):
        ordered = sorted(points)
        line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in ordered)
        body.append(f'<polyline class="l{place % COLOURS}" points="{line}"/>')
        body += [
            f'<circle class="c{place % COLOURS}" cx="{across(x):.1f}" cy="{up(y):.1f}" r="4">'
            f"<title>{escape(label)}: {figure(x)} {x_unit}, {figure(y)} {y_unit}</title></circle>"
            for x, y in ordered
        ]
        body.append(
            _legend_line(place, height + 4 + 18 * place)
            + _text(LEFT + 30, height + 8 + 18 * place, label, css="small")
        )
    return _svg(height + 18 * len(series) + 4, body, "Time over size")


def whiskers(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Ratios with their spread around a line at 1. rows: (label, low, median, high), above 0."""
    low = min(0.5, *(row[1] for row in rows)) / 1.1
    high = max(2.0, *(row[3] for row in rows)) * 1.1
    left = 190

    def across(value: float) -> float:
        return left + math.log(value / low) / math.log(high / low) * (WIDTH - left - RIGHT)

    body, y = [], 20.0
    bottom = 12 + 26.0 * len(rows)
    body += _bottom_axis(log_ticks(low, high), across, 6, bottom, "times our time")
    body.append(
        f'<line class="ink" x1="{across(1):.1f}" x2="{across(1):.1f}" y1="6" y2="{bottom}"/>'
    )
    for place, (label, least, median, most) in enumerate(rows):
        kind = place % COLOURS
        body.append(_text(left - 8, y + 4, label, "end"))
        body.append(
            f'<line class="l{kind}" x1="{across(least):.1f}" x2="{across(most):.1f}" y1="{y}" '
            f'y2="{y}"/><circle class="c{kind}" cx="{across(median):.1f}" cy="{y}" r="5"><title>'
            f"{figure(median)} ({figure(least)} to {figure(most)})</title></circle>"
        )
        body.append(_text(across(median), y - 8, f"{figure(median)}x", "middle", "small"))
        y += 26
    return _svg(bottom + 40, body, "How many times our time the baseline takes")


def bars(rows: Sequence[tuple[str, Sequence[tuple[int, float]]]], unit: str) -> str:
    """Bars in groups. rows: (label above, [(number of the colour, value)])."""
    most = max((value for _, values in rows for _, value in values), default=0) or 1
    scale = (WIDTH - RIGHT - 90) / most
    body, y = [], 4.0
    for label, values in rows:
        body.append(_text(2, y + 13, label, css="small"))
        y += 20
        for colour, value in values:
            body.append(
                f'<rect class="c{colour % COLOURS}" x="2" y="{y}" width="{value * scale:.1f}" '
                f'height="14"><title>{figure(value)} {escape(unit)}</title></rect>'
            )
            body.append(_text(value * scale + 8, y + 11.5, f"{figure(value)} {unit}", css="small"))
            y += 17
        y += 8
    return _svg(y, body, "Medians side by side")


def _bottom_axis(
    places: list[float], across: Callable[[float], float], top: float, bottom: float, unit: str
) -> list[str]:
    lines = []
    for tick in places:
        x = across(tick)
        lines.append(_grid(x, top, x, bottom))
        lines.append(_text(x, bottom + 16, f"{tick:g}", "middle", "small"))
    lines.append(_text(WIDTH - RIGHT, bottom + 32, unit, "end", "small"))
    return lines


def _legend_line(place: int, y: float) -> str:
    return f'<line class="l{place % COLOURS}" x1="{LEFT}" x2="{LEFT + 24}" y1="{y}" y2="{y}"/>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="faint" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    kind = f' class="{css}"' if css else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, body: list[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>"
    )
