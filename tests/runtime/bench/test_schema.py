"""The report as a file: what is written is read, and what is something else is refused."""

from __future__ import annotations

import getpass
import json
import platform
from pathlib import Path

import pytest

from livedream.runtime.bench.computer import afterwards, machine
from livedream.runtime.bench.schema import json_schema, read_report, write_report
from livedream.runtime.errors import LivedreamError, UsageError

from .conftest import make_case, make_report

DOCS = Path(__file__).parents[3] / "docs" / "benchmarks"


def test_it_is_read_as_it_was_written(tmp_path):
    report = make_report(make_case(), make_case(size=[640, 480]), failures=["cuda: none."])
    write_report(report, tmp_path / "a.json")
    assert read_report(tmp_path / "a.json") == report


def test_the_documented_schema_is_the_one_in_use():
    """Made by `python -m livedream.runtime.bench.schema > docs/benchmarks/schema-1.json`."""
    assert json.loads((DOCS / "schema-1.json").read_text()) == json.loads(json_schema())


def test_the_published_reports_can_be_read():
    files = [file for file in DOCS.glob("*.json") if not file.name.startswith("schema")]
    assert files
    for file in files:
        report = read_report(file)
        assert report.cases
        assert not report.partial


def with_median(data, value):
    data["cases"][0]["step"]["ms"]["p50"] = value
    return data


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data | {"version": 2}, "version"),
        (lambda data: data | {"format": "other"}, "format"),
        (lambda data: {k: v for k, v in data.items() if k != "machine"}, "machine"),
        (lambda data: data | {"surprise": 1}, "surprise"),
        (lambda data: with_median(data, 0.0), "step.ms.p50"),
        (lambda data: with_median(data, float("nan")), "step.ms.p50"),
        (lambda data: [], "the file"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path, change, says):
    data = change(json.loads(make_report(make_case()).model_dump_json()))
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(LivedreamError, match=rf"no benchmark report of version 1 \(.*{says}"):
        read_report(tmp_path / "a.json")


def test_no_file_and_no_json(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        read_report(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"\xff{")
    with pytest.raises(LivedreamError, match="no benchmark report"):
        read_report(tmp_path / "bad.json")


def test_the_machine_does_not_tell_its_name_or_its_user():
    found = afterwards(machine())
    assert found.cores >= 1
    assert found.after is not None
    text = found.model_dump_json()
    for private in (platform.node(), getpass.getuser(), str(Path.home())):
        assert f'"{private}"' not in text
        assert len(private) < 6 or private not in text
