"""The timer of the kernels: on the processor its checks hold, its clock is made up."""

from __future__ import annotations

import itertools
import subprocess
import sys

from livedream.kernels import timing

from .host import host_launcher


def bench_of(host_compiler, monkeypatch) -> timing.Workbench:
    launcher, _ = host_launcher(host_compiler)
    clock = itertools.count()
    monkeypatch.setattr(launcher, "mark", lambda stream: next(clock))
    monkeypatch.setattr(launcher, "elapsed", lambda start, end: end - start)
    monkeypatch.setattr(timing, "REPEATS", 1)
    monkeypatch.setattr(timing, "GRID", (9, 16))
    return timing.Workbench(launcher, (33, 65))


def test_every_case_is_its_definition_at_every_block(host_compiler, monkeypatch):
    bench, said = bench_of(host_compiler, monkeypatch), []
    assert timing.report(bench, said.append)
    assert len(said) == 8 * len(timing.BLOCKS) + 5
    assert "GB/s" in said[0]
    bench.close()


def test_what_is_wrong_is_said(host_compiler, monkeypatch):
    bench, said = bench_of(host_compiler, monkeypatch), []
    monkeypatch.setattr(timing, "jitter", lambda image, dx, dy: image)
    assert not timing.report(bench, said.append)
    assert "WRONG" in said[0]
    bench.close()


def test_without_a_card_it_says_so():
    done = subprocess.run(
        [sys.executable, "-m", "livedream.kernels.timing"], capture_output=True, text=True
    )
    if done.returncode:
        assert done.stderr.startswith("Kernels are timed on a card: ")
        assert len(done.stderr.splitlines()) == 1
