"""`livedream osc --touchosc FILE.tosc`: a layout for TouchOSC, a page for each group of parameters.

The format is read and written by the package py2tosc.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..control.addresses import NORM, PREFIX
from ..declared import Parameter
from ..errors import LivedreamError
from ..store.files import check_outputs, replacing
from .osc_table import declared_for

NEEDED = 'A layout for TouchOSC needs py2tosc: `pip install "livedream[touchosc]"`.'
SCREEN = (0, 0, 1024, 768)
"""Points; TouchOSC fits a layout into the screen it is shown on."""

PRESETS = range(1, 10)
"""Those of the keys."""

COLOURS = {"number": "#4fa3d1", "toggle": "#d1a24f", "trigger": "#8f8f9c", "preset": "#b06fd1"}


def write_touchosc(path: Path, model: str, overwrite: bool) -> None:
    """Write the layout for a network. Raises UsageError for an unknown model or another suffix, and
    LivedreamError where py2tosc is missing or the file cannot be written."""
    if path.suffix != ".tosc":
        raise LivedreamError(f"{path} is no name for a layout of TouchOSC; let it end in .tosc.")
    check_outputs([path], [], overwrite)
    document = layout(declared_for(model))
    with replacing(path, overwrite) as temporary:
        document.save(temporary, validate=True)


def layout(declared: Iterable[Parameter]) -> Any:
    """The `py2tosc.Document`. Numbers are faders of 0..1, toggles and triggers buttons, presets 1
    to 9 a page of their own; what takes a text or one of many names has no control.

    Raises LivedreamError where py2tosc is missing.
    """
    try:
        import py2tosc
        from py2tosc import ui
    except ModuleNotFoundError as error:
        raise LivedreamError(NEEDED) from error

    def button(text: str, kind: str, message: Any, **said: Any) -> Any:
        control = py2tosc.button(messages=[message], color=COLOURS[kind], **said)
        return ui.labelled(control, text, size=20)

    def control(each: Parameter) -> Any:
        address = PREFIX + each.name
        if each.kind == "number":
            fader = py2tosc.fader(messages=[ui.osc(address + NORM)], color=COLOURS["number"])
            return ui.labelled(fader, each.label, size=20)
        if each.kind == "toggle":
            switch = py2tosc.enums.ButtonType.TOGGLE_PRESS
            return button(each.label, "toggle", ui.osc(address), button_type=switch)
        return button(each.label, "trigger", ui.osc(address, on="RISE", receive=False))

    recalls = [
        button(
            str(number),
            "preset",
            ui.osc(
                f"{PREFIX}preset",
                args=[ui.const(str(number), conversion="INTEGER")],
                on="RISE",
                receive=False,
            ),
        )
        for number in PRESETS
    ]
    pages = [ui.tiles(recalls, columns=3, gap=8, pad=8, name="presets")]
    groups: dict[str, list[Parameter]] = {}
    for each in declared:
        if each.kind in ("number", "toggle", "trigger") and each.name != "quit":
            groups.setdefault(each.group, []).append(each)
    for name, members in groups.items():
        controls = [control(each) for each in members]
        pages.append(ui.tiles(controls, columns=6, gap=8, pad=8, name=name))
    document = py2tosc.Document(
        root=ui.stack(ui.pager(pages, name="pages"), frame=SCREEN, name="livedream")
    )
    document.resolve()
    return document
