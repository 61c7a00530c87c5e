from __future__ import annotations

from livedream.runtime.wording import counted


def test_only_one_is_one():
    said = [counted(number, "frame") for number in (0, 1, 2, 111)]
    assert said == ["0 frames", "1 frame", "2 frames", "111 frames"]
