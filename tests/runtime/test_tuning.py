"""How a card computes, as it is said."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.tuning import DEFAULT, OFFERED, parse_tuning


def test_what_is_not_said_is_the_default():
    assert parse_tuning("") == DEFAULT
    assert asdict(DEFAULT) == {name: values[0] for name, values in OFFERED.items()}
    said = parse_tuning("layout=nhwc, search=exhaustive")
    assert asdict(said) == asdict(DEFAULT) | {"layout": "nhwc", "search": "exhaustive"}


def test_unknown_ones_are_refused():
    with pytest.raises(UsageError, match="nearest: layout"):
        parse_tuning("layouts=nhwc")
    with pytest.raises(UsageError, match="takes nchw, nhwc, not 'nhcw'"):
        parse_tuning("layout=nhcw")
