from __future__ import annotations

import pytest

from livedream.runtime.errors import LivedreamError, reason, sentence


@pytest.mark.parametrize(
    ("error", "middle", "whole"),
    [
        (LivedreamError("b is busy."), "b is busy", "b is busy."),
        (RuntimeError("\n It broke. \nat line 3"), "It broke", "RuntimeError: It broke."),
        (KeyError(), "KeyError", "KeyError."),
        (RuntimeError("No device.", -100), "No device", "RuntimeError: No device."),
        (OSError(2, "Gone"), "[Errno 2] Gone", "FileNotFoundError: [Errno 2] Gone."),
        (OSError("x" * 999), "x" * 300, f"OSError: {'x' * 300}."),
    ],
)
def test_what_an_error_says(error, middle, whole):
    assert reason(error) == middle
    assert sentence(error) == whole
