"""compute-sanitizer finds nothing in the kernels, where it and a card are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = (Path("/usr/local/cuda/bin"), Path("/usr/local/cuda/compute-sanitizer"))


def sanitizer() -> str | None:
    beside = ":".join(map(str, PLACES))
    return shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path=beside)


@pytest.mark.skipif(not sanitizer(), reason="compute-sanitizer is not installed")
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "synccheck"])
def test_clean_under(card, tool):
    tests = Path(__file__).with_name("test_kernels.py")
    command = [sanitizer(), f"--tool={tool}", "--error-exitcode=9", sys.executable]
    command += ["-m", "pytest", str(tests), "-p", "no:cacheprovider", "-k", "card and 33"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout[-4000:] + done.stderr[-4000:]
    if "Device not supported" in said:
        pytest.skip("compute-sanitizer does not serve this card here")
    assert done.returncode == 0, said
    assert "ERROR SUMMARY: 0 errors" in said or "0 hazards displayed" in said, said
    assert "passed" in done.stdout, said
