"""What pictures take is not mapped anew for each."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from livedream.runtime.reuse import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        one, other = bytearray(b"1" * 6_000_000), bytearray(b"2" * 6_000_000)
        del one, other
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(keep_memory(), faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_is_mapped_once():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    told, faults = done.stdout.split()
    if told == "False":
        pytest.skip("no glibc")
    once = 4 * 6_000_000 / 4096  # Each picture and what it is made from.
    assert int(faults) < 2 * once


RETURNED = """
from pathlib import Path
from livedream.runtime.reuse import give_memory_back, keep_memory

def taken():
    words = Path("/proc/self/statm").read_text().split()
    return int(words[1]) * 4096

keep_memory()
large = [bytearray(b"1" * 6_000_000) for _ in range(10)]
small = bytes(100)
before = taken()
del large
kept = taken()
told = give_memory_back()
print(told, before - kept, kept - taken())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_is_given_back_when_that_is_said():
    done = subprocess.run([sys.executable, "-c", RETURNED], capture_output=True, text=True)
    told, at_once, then = done.stdout.split()
    if told == "False":
        pytest.skip("no glibc")
    assert int(at_once) < 10_000_000
    assert int(then) > 40_000_000
