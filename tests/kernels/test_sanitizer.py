"""compute-sanitizer finds nothing in the kernels, where it and a card are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(
    not shutil.which("compute-sanitizer"), reason="compute-sanitizer is not installed"
)
@pytest.mark.parametrize("tool", ["memcheck", "racecheck"])
def test_clean_under(card, tool):
    tests = Path(__file__).with_name("test_kernels.py")
    command = ["compute-sanitizer", f"--tool={tool}", "--error-exitcode=9", sys.executable]
    command += ["-m", "pytest", str(tests), "-k", "card and 33"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
