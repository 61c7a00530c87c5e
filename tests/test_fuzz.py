"""A few of the inputs of `python -m tests.fuzz`, and that it finds what it looks for."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from . import fuzz


@pytest.mark.parametrize(
    "name", ["graph", "snapshot", "preset", "osc", "page", "os2l", "artnet", "sacn"]
)
def test_damaged_input_is_read_or_refused(name, tmp_path):
    fuzz.fuzz(name, 40, tmp_path)


def test_a_reader_that_fails_is_found(tmp_path, monkeypatch):
    def careless(data: bytes) -> None:
        if len(data) % 7 == 3:
            raise IndexError("beyond the end")

    monkeypatch.setattr(fuzz.artnet, "read", careless)
    with pytest.raises(IndexError):
        fuzz.fuzz("artnet", 300, tmp_path)


def test_a_reader_that_takes_long_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "DEADLINE", 0.0)
    with pytest.raises(AssertionError, match="processor time"):
        fuzz.fuzz("artnet", 10, tmp_path)
