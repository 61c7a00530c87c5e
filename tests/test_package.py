"""The package as it is built: every folder of code is in it, and the command exists."""

from __future__ import annotations

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_every_package_folder_is_listed():
    text = (ROOT / "pyproject.toml").read_text()
    listed = set(re.findall(r'"(livedream\.[\w.]+)"[,\s\]]', text.split("package-dir")[0]))
    folders = {
        "livedream." + ".".join(path.parent.relative_to(ROOT).parts)
        for room in ("export", "kernels", "runtime")
        for path in (ROOT / room).rglob("__init__.py")
    }
    assert listed == folders


def test_top_level_is_the_agreed_one():
    allowed = {"export", "runtime", "kernels", "tests", "README.md", "pyproject.toml", "docs",
               "LICENSE", "build", "dist"}  # fmt: skip
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {name for name in visible - allowed if not name.endswith(".egg-info")} == set()


def test_the_readme_shows_the_keys_there_are():
    from livedream.runtime.control.keys import as_markdown

    assert as_markdown() in (ROOT / "README.md").read_text()


def test_the_readmes_two_commands_name_extras_that_exist():
    text = (ROOT / "README.md").read_text()
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    commands = re.findall(r'^pip install (?:-e )?"\.\[([\w,]+)\]" && (\w+)$', text, re.MULTILINE)
    assert [command for _, command in commands] == ["livedream", "pytest"]
    assert all(set(named.split(",")) <= extras for named, _ in commands)


def test_the_command_is_installed():
    (command,) = entry_points(group="console_scripts", name="livedream")
    assert command.value == "livedream.runtime.cli.main:main"
    assert callable(command.load())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
def test_extras_are_the_agreed_ones():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {"cpu", "openvino", "gpu", "pycuda", "tensorrt", "export", "test"}
    assert set(project["optional-dependencies"]) == extras
    assert project["license"] == "Apache-2.0"
