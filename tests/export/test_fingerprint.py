"""A changed exporter has another fingerprint, so that its graphs are other graphs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from livedream import export
from livedream.export.fingerprint import WITHOUT_EFFECT, fingerprint


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    source = Path(next(iter(export.__path__)))
    return Path(shutil.copytree(source, tmp_path / "export"))


@pytest.mark.parametrize("name", ["plain.py", "catalogue.py", "networks/googlenet.py"])
def test_any_change_of_what_shapes_a_graph_shows(copy: Path, tmp_path: Path, name: str) -> None:
    assert fingerprint(copy) == fingerprint()
    other = Path(shutil.copytree(copy, tmp_path / "other"))
    (other / name).write_text((other / name).read_text() + "\n")
    assert fingerprint(other) != fingerprint()


def test_what_shapes_no_graph_is_left_out(copy: Path) -> None:
    for name in WITHOUT_EFFECT:
        assert (copy / name).is_file()  # A name that is gone must leave the list.
        (copy / name).write_text("")
    assert fingerprint(copy) == fingerprint()
