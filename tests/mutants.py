"""Break a file of the product in many small ways, and say which of them no test notices.

    python -m tests.mutants runtime/scaling.py --tests tests/runtime/test_scaling.py

Each mutant is one change of one place, made in a scratch copy of the tree; the tests run until
the first one fails. Survivors are printed as lines before and after. It is a tool for whoever
writes tests, and takes minutes to hours; docs/mutation.md says what it found.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("export", "kernels", "runtime")  # folders that are packages of livedream

COMPARISONS = {
    ast.Lt: ("<=", ">="), ast.LtE: ("<", ">"), ast.Gt: (">=", "<="), ast.GtE: (">", "<"),
    ast.Eq: ("!=",), ast.NotEq: ("==",), ast.Is: ("is not",), ast.IsNot: ("is",),
    ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_NEGATED = (ast.Compare, ast.UnaryOp)  # These are negated wherever they stand.
TYPES = ("Callable", "Iterable", "Literal", "Mapping", "dict", "list", "tuple")
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, order=True)
class Mutant:
    """The text from `start` to `end` (offsets in bytes) of a file becomes `text`."""

    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(source: bytes) -> list[Mutant]:
    """All mutants of a file, in the order of its text; each of them compiles.

    Left alone: annotations, docstrings, sentences (strings with a space in them) and what is
    under `if TYPE_CHECKING`, since no test shall hold their wording.
    """
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    meaning = ast.dump(ast.parse(source))
    found = set()
    for node, replacement in _replacements(ast.parse(source)):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[node.end_lineno - 1] + node.end_col_offset
        mutant = Mutant(start, end, replacement)
        if _meaning(mutant.applied(source)) not in (None, meaning):
            found.add(mutant)
    return sorted(found)


def _meaning(source: bytes) -> str | None:
    """The same for texts that only look different; None for one that does not compile."""
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return None


def _replacements(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Nodes and what may stand in their place, from `node` down."""
    if isinstance(node, (ast.expr, ast.stmt)):
        for text in _instead(node):
            yield node, text
    if isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, _NEGATED):
        yield node.test, f"(not ({ast.unparse(node.test)}))"
    if isinstance(node, ast.Compare | ast.ExceptHandler):
        for child in ast.iter_child_nodes(node):
            child.unordered = True  # pyright: ignore[reportAttributeAccessIssue]
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "bases", "decorator_list"):
            continue
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            continue  # The statement as a whole is deleted; its sentence is only wording.
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _documents(child):
                yield from _replacements(child)


def _documents(node: ast.AST) -> bool:
    """Whether it is a docstring, a name for a type, imports, or the text of a sentence."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return (
            isinstance(node.value, ast.Subscript)
            and isinstance(node.value.value, ast.Name)
            and node.value.value.id in TYPES
        )
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr))


def _instead(node: ast.expr | ast.stmt) -> Iterator[str]:
    text = ast.unparse
    match node:
        case ast.Compare(left, [operator], [right]):
            for other in COMPARISONS[type(operator)]:
                yield f"({text(left)} {other} {text(right)})"
        case ast.Compare(left, operators, rights):
            for place, operator in enumerate(operators):
                signs = [_sign(o) for o in operators]
                signs[place] = COMPARISONS[type(operator)][0]
                pairs = zip(signs, map(text, rights), strict=True)
                yield f"({text(left)} " + " ".join(f"{s} {r}" for s, r in pairs) + ")"
        case ast.BoolOp(operator, values):
            for value in values:
                rest = [v for v in values if v is not value]
                yield f"({text(rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield f"({text(operand)})"
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield f"({text(ast.BinOp(left, OPERATORS[type(operator)](), right))})"
        case ast.AugAssign(target, operator, value):
            yield "pass"
            if type(operator) in OPERATORS:
                yield text(ast.AugAssign(target, OPERATORS[type(operator)](), value))
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield str(value + 1)
            if value > 1:
                yield str(value - 1)
        case ast.Constant(float(value)):
            yield repr(value * 2 or 1.0)
        case ast.Constant(str(value)) if value and not re.search(r"\s", value):
            yield repr(value + "x")
        case ast.IfExp():
            yield f"({text(node.body)})"
            yield f"({text(node.orelse)})"
        case ast.Return(ast.expr() as value) if not _is_none(value):
            yield "return None"
        case ast.Expr(ast.Call() | ast.Await()) | ast.Raise() | ast.Delete() | ast.Continue():
            yield "pass"
        case ast.Break():
            yield "continue"
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield "pass"
        case ast.Call(function, positional, keywords):
            yield from _calls(function, positional, keywords)
        case ast.Tuple(elements) | ast.List(elements) | ast.Set(elements) if len(
            elements
        ) > 1 and not isinstance(getattr(node, "ctx", None), ast.Store):
            for element in elements:
                rest = [e for e in elements if e is not element]
                fewer = copy.copy(node)
                fewer.elts = rest
                yield text(fewer)
            if (
                isinstance(node, ast.Tuple)
                and len(elements) == 2
                and not hasattr(node, "unordered")
            ):
                yield text(ast.Tuple(elements[::-1], ast.Load()))
        case ast.Dict(keys, values) if len(keys) > 1:
            for place in range(len(keys)):
                yield text(ast.Dict(keys[:place] + keys[place + 1 :],
                                    values[:place] + values[place + 1 :]))  # fmt: skip
        case _:
            return


def _calls(
    function: ast.expr, positional: list[ast.expr], keywords: list[ast.keyword]
) -> Iterator[str]:
    """The call with two neighbouring arguments swapped, without a keyword, or of the opposite."""
    symmetric = isinstance(function, ast.Name) and function.id in OPPOSITES
    if symmetric:
        other = ast.Name(OPPOSITES[function.id], ast.Load())
        yield ast.unparse(ast.Call(other, positional, keywords))
    for place in range(0 if symmetric else len(positional) - 1):
        swapped = list(positional)
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        yield ast.unparse(ast.Call(function, swapped, keywords))
    for keyword in keywords:
        rest = [other for other in keywords if other is not keyword]
        yield ast.unparse(ast.Call(function, positional, rest))


def _sign(operator: ast.cmpop) -> str:
    compared = ast.Compare(ast.Name("a", ast.Load()), [operator], [ast.Name("b", ast.Load())])
    return ast.unparse(compared)[2:-2]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def copy_tree(scratch: Path) -> None:
    """The files git knows or would take, and `livedream` as the packages' names need it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, scratch / name)
    (scratch / "livedream").mkdir()
    for room in ROOMS:
        (scratch / "livedream" / room).symlink_to(scratch / room)


def run(arguments: list[str], seconds: float, *, known: int | None = None) -> int:
    """pytest's exit code in a forked child, or -9 where it took more than `seconds`.

    Into the file descriptor `known` the child writes the names of the packages it imported.
    """
    child = os.fork()
    if not child:
        os.setsid()  # so that what a test left running ends with it
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        import pytest

        code = pytest.main(["-x", "-p", "no:cacheprovider", *arguments])
        if known is not None:
            os.write(known, "\n".join({name.split(".")[0] for name in sys.modules}).encode())
        os._exit(code)
    end = time.monotonic() + seconds
    code = None
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            break
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if code is None:
        os.waitpid(child, 0)
        return -signal.SIGKILL
    return code


def preload(arguments: list[str]) -> float:
    """Run the tests on the unchanged tree, import what others' packages they need, and return the
    seconds they took. Exits where they fail."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    start = time.monotonic()
    code = run(arguments, 3600, known=write)
    took = time.monotonic() - start
    os.close(write)
    if code:
        sys.exit(f"The tests fail without any mutant (pytest says {code}); mend them first.")
    with os.fdopen(read) as names:
        for name in sorted(line.strip() for line in names):
            if name not in ("livedream", "tests", "conftest", "antigravity", "this"):
                try:
                    importlib.import_module(name)
                except ImportError:
                    continue  # A plug-in that only pytest can import.
    return took


def shown(source: bytes, mutant: Mutant) -> str:
    """The changed lines before and after."""
    after = mutant.applied(source)
    first = source.rfind(b"\n", 0, mutant.start) + 1
    number = source.count(b"\n", 0, first) + 1
    ends = source.find(b"\n", mutant.end), after.find(b"\n", mutant.start + len(mutant.text))
    old, new = (text[first:end].decode() for text, end in zip((source, after), ends, strict=True))
    return "\n".join(
        [f"line {number}"]
        + [f"  - {line}" for line in old.splitlines()]
        + [f"  + {line}" for line in new.splitlines()]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="the file to break")
    parser.add_argument("--tests", nargs="+", required=True, help="what pytest shall run")
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn at random")
    parser.add_argument("--lines", help="only mutants in these lines: 10-40")
    parser.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    asked = parser.parse_args()
    source = (ROOT / asked.file).read_bytes()
    chosen = mutants(source)
    if asked.lines:
        first, last = map(int, asked.lines.split("-"))
        chosen = [m for m in chosen if first <= source.count(b"\n", 0, m.start) + 1 <= last]
    if asked.sample and asked.sample < len(chosen):
        chosen = sorted(random.Random(0).sample(chosen, asked.sample))
    if asked.list:
        print("\n".join(shown(source, mutant) for mutant in chosen))
        return
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        scratch = Path(name).resolve()
        copy_tree(scratch)
        os.chdir(scratch)
        sys.modules.pop("tests", None)  # `-m` imported the one outside
        sys.path[0] = os.environ["PYTHONPATH"] = str(scratch)
        limit = 4 * preload(asked.tests) + 10
        survivors = 0
        victim = scratch / asked.file
        for mutant in chosen:
            victim.write_bytes(mutant.applied(source))
            for stale in victim.parent.glob(f"__pycache__/{victim.stem}.*"):
                stale.unlink()  # Python compares whole seconds and sizes, both may be the same
            if run(asked.tests, limit) == 0:
                survivors += 1
                print(shown(source, mutant), flush=True)
    print(f"{asked.file}: {len(chosen)} mutants, {survivors} survive")


if __name__ == "__main__":
    main()
