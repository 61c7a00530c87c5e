import os
import stat

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks import snapshot
from livedream.runtime.sinks.snapshot import save_snapshot
from livedream.runtime.store.settings import read_settings

IMAGE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
SETTINGS = {"model": "googlenet", "layers": "inception4c*0.7", "dream": {"octaves": 2}, "ü": 1.5}


def test_picture_and_settings_come_back(tmp_path):
    path = save_snapshot(IMAGE, SETTINGS, tmp_path)
    np.testing.assert_array_equal(cv2.imread(str(path)), IMAGE)
    assert read_settings(path) == SETTINGS


def test_nothing_is_ever_replaced(tmp_path):
    (tmp_path / "livedream-0002.png").write_text("mine")
    names = [save_snapshot(IMAGE, SETTINGS, tmp_path).name for _ in range(3)]
    assert names == ["livedream-0001.png", "livedream-0003.png", "livedream-0004.png"]
    assert (tmp_path / "livedream-0002.png").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 4


def test_a_snapshot_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise LivedreamError("No space left")

    monkeypatch.setattr(snapshot, "write_photo", full)
    with pytest.raises(LivedreamError, match="No space"):
        save_snapshot(IMAGE, SETTINGS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(LivedreamError, match="does not exist"):
        save_snapshot(IMAGE, SETTINGS, tmp_path / "gone")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_sentence(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(LivedreamError, match="may not be written"):
        save_snapshot(IMAGE, SETTINGS, tmp_path)
