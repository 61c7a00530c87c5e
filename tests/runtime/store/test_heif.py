"""HEIC photos, with the extra that reads them and without."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources import open_source
from livedream.runtime.store.heif import is_heif
from livedream.runtime.store.pictures import holds_photo, read_photo

SHARED = Path(os.environ.get("LIVEDREAM_SHARED", Path(__file__).parents[4] / "shared"))
PHOTO = SHARED / "faults/photo.heic"
HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def damaged(tmp_path):
    path = tmp_path / "photo.jpg"  # What it is its bytes say.
    path.write_bytes(HEAD + bytes(200))
    return path


def test_it_is_known_by_its_first_bytes(damaged):
    assert is_heif(HEAD)
    assert not is_heif(HEAD.replace(b"heic", b"isom"))
    assert not is_heif(HEAD[:6])
    assert holds_photo(damaged)


def test_without_the_extra_it_is_said_what_to_do(damaged, monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(LivedreamError, match=r"photo.jpg is a HEIC photo: install .*\[heif\]"):
        read_photo(damaged)
    with pytest.raises(LivedreamError, match="HEIC"):
        open_source(str(damaged))


def test_a_damaged_one_is_told(damaged):
    pytest.importorskip("pi_heif")
    with pytest.raises(LivedreamError, match=r"photo\.jpg cannot be decoded as a photo: "):
        read_photo(damaged)


def test_a_photo_is_read_and_played(monkeypatch):
    pytest.importorskip("pi_heif")
    if not PHOTO.exists():
        pytest.skip("no HEIC photo here")
    photo = read_photo(PHOTO)
    assert photo.shape == (240, 320, 3)
    assert np.ptp(photo) > 100
    source = open_source(str(PHOTO), paced=False)
    frame = source.read()
    assert frame is not None
    assert np.array_equal(frame.image, photo)
    source.close()
    monkeypatch.setattr("livedream.runtime.store.pictures.LARGEST", 1000)
    with pytest.raises(LivedreamError, match="too large"):
        read_photo(PHOTO)
