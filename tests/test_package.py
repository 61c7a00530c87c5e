"""The package as it is built: every folder of code is in it, and the command exists."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

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


def test_the_page_of_keys_shows_those_there_are():
    from livedream.runtime.control.keys import as_markdown

    assert as_markdown() in (ROOT / "docs" / "keys.md").read_text()


def test_the_readmes_two_commands_name_extras_that_exist():
    text = (ROOT / "README.md").read_text()
    extras = set(re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    commands = re.findall(r'^pip install (?:-e )?"\.\[([\w,]+)\]" && (\w+)$', text, re.MULTILINE)
    assert [command for _, command in commands] == ["livedream", "pytest"]
    assert all(set(named.split(",")) <= extras for named, _ in commands)


def test_opencv_comes_before_pyav():
    """With PyAV's X libraries in the process first, OpenCV's window never opens."""
    code = (
        "import sys, livedream.runtime.cli.main, livedream.runtime.live.show;"
        "names = list(sys.modules); print(names.index('cv2') < names.index('av'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_the_command_is_installed():
    (command,) = entry_points(group="console_scripts", name="livedream")
    assert command.value == "livedream.runtime.cli.main:main"
    assert callable(command.load())


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_pages_links_lead_somewhere():
    dead = []
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert dead == []
