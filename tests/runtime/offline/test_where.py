"""Photos and clips with a mask."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedream.runtime.cli.main import perform
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.offline.where import Mapped

from ..presence.test_masks import at, scene


def test_everywhere_needs_no_model_and_no_mask():
    assert Mapped("everywhere", None, print).of(scene()) is None


def test_a_photo_has_its_mask_at_once_and_a_clip_from_its_first_picture_on():
    for follows in (False, True):
        mapped = Mapped("everywhere", None, print, follows=follows)
        mapped.where, mapped._people = "people", lambda picture: at(130)
        weights = mapped.of(scene(x=130), 3.0)
        assert weights is not None
        height, width = weights.shape
        assert weights[height // 2, width // 2] > 0.99
        assert weights[:, : width // 4].max() < 1e-3


def test_in_a_clip_what_moves_is_masked():
    mapped = Mapped("moving", None, print, follows=True)
    for index in range(30):
        weights = mapped.of(scene(x=60 + 5 * index), index / 25)
    height, width = weights.shape
    assert weights[height // 2, round(width * 235 / 320)] > 0.3
    assert weights[:, : width // 10].mean() < 0.05


def test_what_cannot_be_is_told(tmp_path, capsys):
    with pytest.raises(UsageError, match="Nothing moves in a photo"):
        Mapped("moving", None, print)
    with pytest.raises(LivedreamError, match="cannot be read"):
        Mapped("people", Path(tmp_path / "none.tflite"), print)
    panorama = ["image", "in.png", str(tmp_path / "out.png"), "--projection", "equirect"]
    assert perform([*panorama, "--mask", "people"]) == 2
    assert "leave --mask away" in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []
