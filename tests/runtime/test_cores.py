"""Half the cores are the dream's."""

from __future__ import annotations

import pytest

from livedream.runtime import cores


@pytest.mark.parametrize(("usable", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
def test_a_picture_takes_half_the_cores_and_no_more_than_help(usable, threads, monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: usable)
    assert cores.picture_threads() == threads
