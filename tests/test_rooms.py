"""The arrows between the rooms run down: what a file imports lies no higher than itself."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLOORS = (
    ("runtime.cli",),
    ("runtime.bench",),
    ("runtime.exhibit",),
    ("runtime.live", "runtime.offline"),
    ("runtime.start",),
    ("runtime.choices",),
    ("runtime.sinks",),
    ("runtime.control",),
    ("runtime.presence",),
    ("runtime.cuda",),
    ("runtime.gradient",),
    ("runtime.dream",),
    ("runtime.safety",),
    ("runtime.store",),
    ("runtime",),
    ("export", "kernels"),
)
"""From top to bottom. `runtime` stands for the single files in it that all may use. Rooms of one
floor do not know each other."""

COMMAND = "runtime.cli.main"
"""What `python -m livedream.runtime` is another way to say."""


def room(module: str) -> str:
    """The room of `livedream.module`, such as runtime.gradient or export."""
    rooms = [name for floor in FLOORS for name in floor]
    parts = (COMMAND if module == "runtime.__main__" else module).split(".")
    return next(
        name for length in range(len(parts), 0, -1) if (name := ".".join(parts[:length])) in rooms
    )


def floor(name: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if name in names)


@functools.cache
def modules() -> dict[str, Path]:
    """Every module of the package without its `livedream.`, and its file."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for top in ("export", "kernels", "runtime")
        for path in (ROOT / top).rglob("*.py")
    }


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


@functools.cache
def imported(module: str, path: Path) -> list[str]:
    """The modules of this package that the file's import statements name, wherever they stand."""
    package = module.split(".")[:-1]
    found = []
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = [*base, *(node.module or "").split(".")] if node.module else base
            if node.module or not base:
                found.append(".".join(target) if target else node.names[0].name)
            if not node.module:
                found += [".".join([*target, name.name]) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("livedream."):
            found.append((node.module or "").removeprefix("livedream."))
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_arrow_runs_up(module):
    here = room(module)
    for target in imported(module, modules()[module]):
        there = room(target)
        assert here == there or floor(here) < floor(there), f"{module} imports {target}"


def test_only_the_export_room_imports_torch():
    def libraries(path: Path) -> set[str]:
        names = [
            name
            for node in nodes(path)
            for name in (
                [each.name for each in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
        ]  # fmt: skip
        return {name.split(".")[0] for name in names}

    users = {name for name, path in modules().items() if libraries(path) & {"torch", "onnx"}}
    assert users
    assert {name.split(".")[0] for name in users} == {"export"}


def test_only_the_way_in_knows_the_card():
    """Generic code names no CUDA: the show, the dream and the networks run on any device."""
    users = {
        room(name)
        for name, path in modules().items()
        for target in imported(name, path)
        if room(target) == "runtime.cuda"
    }
    assert users <= {"runtime.cuda", "runtime.start", "runtime.cli", "runtime.bench"}


def test_no_two_files_of_the_runtime_differ_by_a_letter():
    names = [
        path.stem
        for module, path in modules().items()
        if module.startswith("runtime.") and not path.stem.startswith("__")
    ]
    close = {
        (one, other)
        for one in names
        for other in names
        if one + "s" == other or (one == other and names.count(one) > 1)
    }
    assert not close
