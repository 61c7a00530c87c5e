from __future__ import annotations

import sys
from pathlib import Path

import pytest

from livedream.runtime.cli.touchosc import layout, write_touchosc
from livedream.runtime.control.addresses import Move, understood
from livedream.runtime.control.parameters import parameters
from livedream.runtime.errors import LivedreamError, UsageError

py2tosc = pytest.importorskip("py2tosc", reason="the extra touchosc is not installed")
DECLARED = parameters({"a": 4, "b": 9})


def written(tmp_path: Path):
    """The layout, read back, and what its controls say: address -> arguments."""
    path = tmp_path / "stage.tosc"
    layout(DECLARED.values()).save(path)
    document = py2tosc.load(path)
    said = {}
    for control in document.walk():
        for message in control.messages:
            address = "".join(part.value for part in message.path)
            said.setdefault(address, []).append((control, message))
    return document, said


def test_every_number_switch_and_trigger_has_a_control_that_the_desk_understands(tmp_path):
    document, said = written(tmp_path)
    assert not document.validate()
    for each in DECLARED.values():
        address = f"/livedream/{each.name}"
        if each.kind == "number":
            ((control, message),) = said.pop(f"{address}/norm")
            assert control.control_type.value == "FADER"
            assert message.receive
            assert understood(f"{address}/norm", [1.0], DECLARED) == Move(each.name, each.high)
        elif each.kind == "toggle" or (each.kind == "trigger" and each.name != "quit"):
            ((control, _),) = said.pop(address)
            assert control.control_type.value == "BUTTON"
            assert understood(address, [1.0], DECLARED) == Move(each.name, True)
    assert [*said] == ["/livedream/preset"]
    numbers = ["".join(part.value for part in m.arguments) for _, m in said["/livedream/preset"]]
    assert numbers == [str(number) for number in range(1, 10)]


def test_nothing_lies_over_anything_else(tmp_path):
    document, _ = written(tmp_path)
    for page in document.find("pages").children:
        corners = [tuple(child.frame[:2]) for child in page.children]
        assert len({*corners}) == len(corners) > 0


def test_what_is_wrong_is_said_and_nothing_is_replaced(tmp_path, monkeypatch):
    path = tmp_path / "mine.tosc"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"mine\.tosc"):
        write_touchosc(path, "googlenet", overwrite=False)
    assert path.read_text() == "mine"
    with pytest.raises(LivedreamError, match=r"end in \.tosc"):
        write_touchosc(tmp_path / "mine.txt", "googlenet", overwrite=False)
    monkeypatch.setitem(sys.modules, "py2tosc", None)
    with pytest.raises(LivedreamError, match=r"livedream\[touchosc\]"):
        write_touchosc(tmp_path / "new.tosc", "googlenet", overwrite=False)
    assert not (tmp_path / "new.tosc").exists()
