"""`livedream doctor`: what works here, and what to do about the rest.

Facts are gathered by `examine` and judged by pure functions; nothing is opened for longer than a
look, and nothing is changed.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from ..cuda.machine import MISSING, OK, WRONG, find_gpu, installed_packages
from ..live.sources.needs import checks
from ..sinks.named import EXAMPLES
from .finding import Finding
from .packages import export, numba, onnxruntime, opencv, pyav, python, weights
from .surroundings import cache, cameras, display, graphics, outputs, screens, sources
from .unattended import examine_exhibit


def run_doctor(console: Console, exhibit: bool = False) -> int:
    """Print the table, with `exhibit` of what an exhibit needs too. Returns the exit code: 1 where
    something essential is broken."""
    findings = [*examine(), *(examine_exhibit() if exhibit else [])]
    console.print(findings_text(findings, console.width), soft_wrap=True)
    broken = [finding for finding in findings if finding.essential and finding.state != OK]
    wrong = [finding for finding in findings if finding.state == WRONG]
    if broken:
        console.print(f"livedream cannot run here before this is mended: {_subjects(broken)}.")
    elif wrong:
        console.print(f"livedream runs here; not everything does: {_subjects(wrong)}.")
    else:
        console.print("livedream runs here. What is missing is needed only where you want it.")
    return 1 if broken else 0


def findings_text(findings: Iterable[Finding], width: int) -> Text:
    """A row a finding, what to do under it. Advice stays on one line, however long: a command that
    was wrapped cannot be copied. width: columns of the terminal."""
    style = {OK: "green", MISSING: "yellow", WRONG: "red"}
    findings = list(findings)
    states = max(map(len, style))
    subjects = max((len(finding.subject) for finding in findings), default=0)
    indent = states + subjects + 4
    text = Text()
    for finding in findings:
        text.append(f"{finding.state:<{states}}  ", style[finding.state])
        text.append(f"{finding.subject:<{subjects}}  ", "bold")
        fact = textwrap.wrap(
            finding.fact, max(20, width - indent), break_long_words=False, break_on_hyphens=False
        )
        text.append(("\n" + " " * indent).join(fact) + "\n")
        if finding.advice:
            text.append(f"{'':{states}}  -> {finding.advice}\n")
    return text


def examine() -> list[Finding]:
    """Everything that can be known here in about a second."""
    installed = installed_packages()
    gpu = find_gpu()
    return [
        python(sys.version_info[:3], installed),
        *onnxruntime(installed, gpu),
        graphics(gpu),
        opencv(installed),
        numba(installed),
        display(),
        *screens(),
        *cameras(),
        pyav(),
        *outputs(EXAMPLES),
        *sources(checks()),
        export(installed),
        *weights(),
        cache(),
    ]


def _subjects(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.subject for finding in findings))
