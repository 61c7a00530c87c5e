"""`livedream osc`: every address, as a table, as JSON, and as the page in docs/."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..control.addresses import Listed, listed
from ..control.listening import PORT
from ..control.parameters import parameters
from ..declared import Parameter
from ..gradient.network import model_named

WIDE = 120
"""Columns of a terminal from which on the sentences have room beside the addresses."""

PAGE = """# OSC addresses

`livedream --osc` listens on 127.0.0.1:{port} (`--osc lan` on the network). Made by
`livedream osc --markdown`; the ranges are those of {model}.

- A value in the parameter's own unit, and after it the seconds to get there:
  `/livedream/blur 2 1.5`.
- No argument, or `?`, asks; the answer goes to the port that asked.
- `+ x` and `- x` move by x, `+` and `-` by a step.
- Who has spoken hears every change from anywhere, at most 30 times a second; who moved a value
  hears of it 0.3 s later.

| address | types | takes | what it is |
|---|---|---|---|
"""


def declared_for(model: str) -> Iterable[Parameter]:
    """What can be said where a network plays. Raises UsageError for an unknown model."""
    layers = {layer.name: layer.channels for layer in model_named(model).layers}
    return parameters(layers).values()


def lines(model: str) -> list[Listed]:
    """The addresses for a network. Raises UsageError for an unknown model."""
    return listed(declared_for(model))


def as_markdown(model: str) -> str:
    """The page docs/osc.md."""
    rows = [
        f"| `{line.address}` | {line.types} | {line.takes} | {line.sentence} |\n"
        for line in lines(model)
    ]
    return PAGE.format(model=model, port=PORT) + "".join(rows)


def as_json(model: str) -> str:
    """A list of objects, one an address."""
    return json.dumps([asdict(line) for line in lines(model)], indent=1)


def as_table(model: str) -> Table:
    """For the terminal."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("address", style="bold", no_wrap=True)
    table.add_column("types")
    table.add_column("takes", no_wrap=True)
    table.add_column("what it is")
    for line in lines(model):
        table.add_row(line.address, line.types, line.takes, line.sentence)
    return table


def as_list(model: str) -> Group:
    """For a narrow terminal: what it is stands below each address."""
    entries = []
    for line in lines(model):
        entries.append(Text.assemble((line.address, "bold"), "  ", line.types, "  ", line.takes))
        entries.append(Padding(Text(line.sentence), (0, 0, 0, 4)))
    return Group(*entries)


def print_addresses(console: Console, model: str, form: str) -> None:
    """form: `table`, `json` or `markdown`."""
    if form == "table":
        console.print(as_table(model) if console.width >= WIDE else as_list(model))
    else:
        text = as_json(model) if form == "json" else as_markdown(model)
        console.out(text.rstrip("\n"), highlight=False)
