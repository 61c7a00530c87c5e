from __future__ import annotations

import sys

import pytest

from livedream.runtime.control.midi.ports import Rtmidi
from livedream.runtime.errors import LivedreamError


def test_a_missing_library_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmidi2", None)
    with pytest.raises(LivedreamError, match=r'pip install "livedream\[midi\]"'):
        Rtmidi()
