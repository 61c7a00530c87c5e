"""Which photos become which dreams."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.offline.series import Job, parse_part, plan
from livedream.runtime.offline.sheet import parse_columns


@pytest.fixture
def photos(tmp_path) -> Path:
    for name in ("cat/one.jpg", "cat/two.BMP", "dog/one.jpg", "dog/notes.txt", "dog/.hidden.png"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def test_a_folder_keeps_its_subfolders_and_so_its_labels(photos):
    out = photos.parent / "out"
    assert plan([photos], out, 1, 5) == [
        Job(photos / "cat/one.jpg", out / "cat/one.jpg", 5),
        Job(photos / "cat/two.BMP", out / "cat/two.png", 5),
        Job(photos / "dog/one.jpg", out / "dog/one.jpg", 5),
    ]


def test_copies_have_numbers_and_seeds_of_their_own(photos):
    out = photos.parent / "out"
    jobs = plan([photos / "cat/one.jpg"], out, 3, 5)
    assert [(job.target.name, job.seed) for job in jobs] == [
        ("one-1.jpg", 5), ("one-2.jpg", 6), ("one-3.jpg", 7),
    ]  # fmt: skip


def test_what_cannot_be_meant_is_refused(photos):
    out = photos.parent / "out"
    with pytest.raises(UsageError, match="would both become"):
        plan([photos / "cat/one.jpg", photos / "dog/one.jpg"], out, 1, 0)
    with pytest.raises(UsageError, match="lies in"):
        plan([photos], photos / "out", 1, 0)
    (photos / "empty").mkdir()
    with pytest.raises(UsageError, match="no photo"):
        plan([photos / "empty"], out, 1, 0)


def test_parts_are_all_of_it_and_share_nothing(photos):
    jobs = plan([photos], photos.parent / "out", 4, 0)
    parts = [jobs[number - 1 :: count] for number, count in map(parse_part, ("1/3", "2/3", "3/3"))]
    assert sorted(job.target for part in parts for job in part) == [job.target for job in jobs]
    for text in ("0/3", "4/3", "3", "x/2", "-1/2"):
        with pytest.raises(UsageError, match="1/4"):
            parse_part(text)


def test_columns_are_in_range_and_whole_where_they_must_be():
    assert parse_columns("octaves=1,2.6,12") == ("octaves", [1, 3, 12])
    assert parse_columns("step-size=1.5") == ("step_size", [1.5])
    with pytest.raises(UsageError, match="octaves"):
        parse_columns("octave=1")
    for beyond in ("octaves=1,13", "octaves=0.9", "octaves=nan"):
        with pytest.raises(UsageError, match="octaves is 1 to 12, not"):
            parse_columns(beyond)
    with pytest.raises(UsageError, match="step_size=1,2,4"):
        parse_columns("step_size=a")
