"""A small real graph, and reports made of plain numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedream.runtime.bench.results import distribution, measured
from livedream.runtime.bench.sampling import Sampling
from livedream.runtime.bench.schema import (
    Baseline,
    Case,
    CpuState,
    Effect,
    Floor,
    Frame,
    GraphFacts,
    Live,
    Machine,
    Overhead,
    Picture,
    RecipeFacts,
    Report,
    Spread,
    Stage,
    Step,
    Turns,
)  # fmt: skip


@pytest.fixture(scope="session")
def graph_file(exported) -> Path:
    return exported("block2")


def make_measure(ms: float, count: int = 700):
    seconds = [ms / 1000 * (1 + 0.1 * (i % 7) / 7) for i in range(count)]
    return measured(Sampling(seconds, 5, True, "samples", sum(seconds)))


def make_spread(ratio: float) -> Spread:
    return Spread(
        count=9, median=ratio, low=0.95 * ratio, high=1.1 * ratio, sure_low=0.98 * ratio,
        sure_high=1.05 * ratio,
    )  # fmt: skip


def make_picture(ms: float = 20.0) -> Picture:
    return Picture(
        size=[960, 720], ms=make_measure(ms), fps=50, processor_ms=12, pictures_a_dream=3,
        stages=[
            Stage(name="fluid", clock="host", ms=distribution([ms / 2500] * 9), share=0.4),
            Stage(name="limit", clock="host", ms=distribution([ms / 1700] * 9), share=0.6),
        ],
        covered=0.99,
        finer=make_measure(ms / 2),
    )  # fmt: skip


def make_effect(**changes) -> Effect:
    facts = {
        "name": "zoom, turn, drift", "of": "frame", "values": {"zoom": 1.2}, "ended": "pairs",
        "adds_ms": 0.5, "ratio": make_spread(1.025),
    }  # fmt: skip
    return Effect.model_validate({**facts, **changes})


def make_case(**changes) -> Case:
    ms = changes.pop("ms", 20.0)
    times = make_measure(ms)
    facts = {
        "model": "googlenet",
        "layers": "inception4c",
        "provider": "cpu",
        "asked_provider": "auto",
        "precision": "fp32",
        "size": [320, 240],
        "octaves": [[229, 171], [320, 240]],
        "graph": GraphFacts(
            sha256="a" * 64, form="cpu", precision="fp32", weights="w.pth", weights_sha256="b" * 64
        ),
        "recipe": RecipeFacts(name="live", sha256="c" * 64, live=True, values={"octaves": 2.0}),
        "step": Step(ms=times, megapixel_steps_per_second=4),
        "frame": Frame(
            ms=times,
            fps=50,
            megapixel_steps=0.1,
            megapixel_steps_per_second=5,
            stages=[
                Stage(name=name, clock="host", ms=distribution([s / 1000] * 9), share=s / 20)
                for name, s in (("upload", 1.0), ("gradient", 17.0), ("download", 2.0))
            ],
            covered=0.99,
            overhead=Overhead(ended="time", ratio=make_spread(1.001)),
        ),
        "live": [
            Live(
                camera_fps=30, seconds=4, frames=120, fps=29.9, dropped=2, age=times,
                interval=distribution([1 / 30] * 119), jitter_ms=0.5,
                megapixel_steps_per_second=3,
            )
        ],
        "baselines": [
            Baseline(
                name="torch eager", version="2", device="cpu", threads=2, cosine=1.0,
                step=Turns(
                    ours=distribution([ms / 1000] * 9), baseline=distribution([ms / 500] * 9),
                    ended="time", speedup=make_spread(2.0),
                ),
            )
        ],
        **changes,
    }  # fmt: skip
    return Case.model_validate(facts)


def make_report(*cases: Case, **changes) -> Report:
    facts = {
        "created": "2026-01-01T00:00:00+00:00",
        "partial": False,
        "options": {"size": "320x240"},
        "machine": Machine(
            cpu="A <fast> CPU & more", cores=2, system="Linux", before=CpuState(load=0.1)
        ),
        "versions": {"livedream": "1"},
        "floor": Floor(
            threads=2, matrix=512, gflops=300, copies=[{"bytes": 1 << 20, "gb_per_second": 100}]
        ),
        "cases": list(cases),
        **changes,
    }
    return Report.model_validate(facts)
