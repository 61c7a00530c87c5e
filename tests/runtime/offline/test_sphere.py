"""Clips that tell players of a panorama, as FFmpeg reads them back."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from livedream.runtime.errors import LivedreamError
from livedream.runtime.offline.dreamt_clip import dream_clip
from livedream.runtime.store.spherical_mp4 import STEREO, mark_spherical

from .clips import make_clip


def same(frame: np.ndarray, seconds: float) -> np.ndarray:
    return frame


def read(path) -> tuple[list[bytes], list[dict]]:
    """All packets of picture and sound, and what each frame tells."""
    with av.open(str(path)) as clip:
        packets = [bytes(packet) for packet in clip.demux()]
    with av.open(str(path)) as clip:
        told = [
            {each.type: bytes(each)[0] for each in iter(frame.side_data)}
            for frame in clip.decode(video=0)
        ]
    return packets, told


@pytest.mark.parametrize(("stereo", "eyes"), [("none", 0), ("over-under", 2), ("side-by-side", 1)])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_panorama_is_told_and_nothing_else_changes(tmp_path, suffix, stereo, eyes):
    source, flat, sphere = (tmp_path / f"{name}{suffix}" for name in ("in", "flat", "sphere"))
    make_clip(source, range(0, 160, 40), sound="aac")
    dream_clip(source, flat, same)
    dream_clip(source, sphere, same, sphere=stereo)
    (plain, before), (packets, told) = read(flat), read(sphere)
    assert packets == plain
    assert len(packets) > len(told) == 4
    assert all(each[Type.SPHERICAL] == 0 for each in told)
    assert all(each.get(Type.STEREO3D, 0) == eyes for each in told)
    assert not any(Type.SPHERICAL in each for each in before)


def test_what_a_source_tells_is_kept(tmp_path):
    source, told, kept = (tmp_path / name for name in ("in.mp4", "told.mp4", "kept.mov"))
    make_clip(source, range(0, 80, 40))
    dream_clip(source, told, same, sphere="side-by-side")
    dream_clip(told, kept, same)
    assert read(kept)[1][0][Type.STEREO3D] == 1


def test_an_index_at_the_end_needs_no_shift(tmp_path):
    """As FFmpeg writes it without `faststart`; what cannot be told stays as it is."""
    clip = tmp_path / "a.mp4"
    make_clip(clip)
    before = read(clip)[0]
    mark_spherical(clip, next(iter(STEREO)))
    packets, told = read(clip)
    assert told[0][Type.SPHERICAL] == 0
    assert packets == before
    other = tmp_path / "b.mp4"
    other.write_bytes(b"no clip at all, and long enough for a box")
    with pytest.raises(LivedreamError, match="no index"):
        mark_spherical(other, "none")
    assert other.read_bytes().startswith(b"no clip")
