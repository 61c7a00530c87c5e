"""The same work in torch, in turns with ours: where claims about speed come from.

Each side has a process of its own, because the idle threads of one slow the other, and only one of
them works at a time. A turn is some gradients or frames; the ratio of two neighbouring turns is one
pair, so what slows the machine for a while slows both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..dream.cpu import CpuDevice
from ..errors import LivedreamError, UsageError, nearest
from ..gradient.exporting import INSTALL, missing_extra
from ..gradient.steering import steering
from ..store.cache import cache_folder
from . import statistics
from .opened import Opened
from .results import distribution, spread
from .schema import Baseline, Turns
from .stage_times import StageTimes
from .step import compare_gradients, timer
from .turns import alternate
from .whole_frame import Film

VARIANTS = ("eager", "channels_last", "compile", "fp16", "graphs")
"""Those of `livedream.export.baseline`, which is not imported here: torch stays out."""

COMMAND = (sys.executable, "-m", "livedream.export.baseline")
TURN = 0.25
"""Seconds of a turn, but at most an eighth of the whole."""
REST = 0.03
"""Seconds between two turns, for the threads of the last one to fall asleep."""
WARMUP = 6
"""Gradients and frames that each side runs before the first turn."""
MOST_PAIRS = 60
SAME = 0.99
"""Cosine of the two gradients under which the two do not do the same."""


def parse_baselines(text: str) -> tuple[str, ...]:
    """`torch` -> empty, for all that make sense on the device; `torch:eager,compile` -> those.

    Raises UsageError for anything else, LivedreamError where torch is not installed.
    """
    tool, colon, variants = text.partition(":")
    names = tuple(dict.fromkeys(name.strip() for name in variants.split(",") if name.strip()))
    if tool != "torch" or (colon and not names):
        raise UsageError(f"There is no baseline '{text}'; write torch, or torch:eager,compile.")
    for name in names:
        if name not in VARIANTS:
            raise UsageError(
                f"torch has no variant '{name}' here; nearest: {nearest(name, VARIANTS)}."
            )
    if missing := missing_extra():
        raise LivedreamError(f"--baseline torch needs {' and '.join(missing)}: run `{INSTALL}`.")
    return names


class Torch:
    """The other process. `close` it; a context manager does."""

    def __init__(self, request: dict[str, Any], command: tuple[str, ...] = COMMAND) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                encoding="utf-8",
            )
        except OSError as error:
            raise LivedreamError(f"The baseline cannot be started: {error}.") from error
        try:
            self.facts: dict[str, Any] = self._ask(open=request)["opened"]
        except BaseException:
            self.close()
            raise

    def run(self, what: str, count: int) -> list[float]:
        """Seconds of `count` runs of `step` or `frame`."""
        return self._ask(**{what: count})["seconds"]

    def gradient(self, image: np.ndarray, folder: Path) -> np.ndarray:
        """Of an image float32 [3, height, width]; passed through files in `folder`."""
        source, target = folder / "image.npy", folder / "gradient.npy"
        np.save(source, image)
        self._ask(gradient=str(source), to=str(target))
        return np.load(target)

    def close(self) -> None:
        """End the process and wait for it."""
        for stream in (self._child.stdin, self._child.stdout):
            if stream and not stream.closed:
                stream.close()
        self._child.terminate()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._complaints.close()

    def __enter__(self) -> Torch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        """One question, one answer. Raises its error, or LivedreamError where the process died."""
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            print(json.dumps(request), file=stdin, flush=True)
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._complaints.seek(0)
            lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
            last = lines[-1] if lines else "it said nothing"
            raise LivedreamError(f"The baseline's process ended: {last}")
        answer = json.loads(line)
        if "error" in answer:
            raise (UsageError if answer["usage"] else LivedreamError)(answer["error"])
        return answer


def variants_for(named: tuple[str, ...], cuda: bool) -> tuple[str, ...]:
    """The variants to run: those that were named, else all that make sense on the device."""
    usual = ("eager", "channels_last", "compile")
    return named or ((*usual, "fp16", "graphs") if cuda else usual)


def measure_baseline(
    opened: Opened,
    variant: str,
    pictures: np.ndarray,
    seconds: float,
    measures: tuple[str, ...],
    raw: bool,
) -> Iterator[Baseline]:
    """`variant` of torch against ours, about `seconds` for each of `measures` (step, frame), and
    what is known so far after each of them.

    Raises LivedreamError where torch fails or does not compute the same.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "pictures.npy", pictures)
        request = _request(opened, variant, str(folder / "pictures.npy"))
        with Torch(request) as torch:
            found = Baseline(
                name=f"torch {variant}",
                version=torch.facts["version"],
                device=torch.facts["device"],
                threads=torch.facts["threads"],
                cosine=_cosine(opened, torch, pictures[0], folder),
            )
            image = opened.device.upload(pictures[0])
            if "step" in measures:
                ours = timer(lambda: opened.gradient(image))
                turns = take_turns(ours, torch, "step", seconds, raw)
                found = found.model_copy(update={"step": turns})
                yield found
            if "frame" in measures:
                ours = frame_without_flow(opened, pictures)
                turns = take_turns(ours, torch, "frame", seconds, raw)
                yield found.model_copy(update={"frame": turns})


def _cosine(opened: Opened, torch: Torch, picture: np.ndarray, folder: Path) -> float:
    """Between the two gradients on one picture. Raises LivedreamError where they differ."""
    wanted = opened.engine.graph.weights_sha256
    if torch.facts["weights_sha256"] != wanted:
        raise LivedreamError(
            "The baseline has other weights than the graph file; name them with --weights."
        )
    image = CpuDevice().upload(picture)
    same = compare_gradients(torch.gradient(image, folder), opened.engine.probe(image))
    if same.cosine < SAME:
        raise LivedreamError(
            f"The baseline's gradient is another one (cosine {same.cosine:.4f}), so the two cannot "
            "be compared."
        )
    return same.cosine


def _request(opened: Opened, variant: str, pictures: str) -> dict[str, Any]:
    graph, choices = opened.engine.graph, opened.choices
    weights, seed = choices.weights, choices.seed
    if graph.weights.startswith("random:"):
        weights, seed = "random", int(graph.weights.partition(":")[2])
    fed = steering(opened.engine.objective, graph.layers, graph.typical)
    layers = opened.engine.objective.layers  # Not what the graph could be steered to beside them.
    return {
        "variant": variant,
        "device": "cuda" if opened.engine.provider.on_card else "cpu",
        "model": graph.model,
        "layers": layers,
        "weights": weights,
        "seed": seed,
        "cache": str(cache_folder("weights")),
        "steering": {
            layer: [fed[f"{layer}.{kind}"].tolist() for kind in ("square", "linear")]
            for layer in layers
        },
        "sizes": opened.octaves,
        "pictures": pictures,
        "live": opened.live,
        "dream": {k: float(v) for k, v in asdict(opened.dream).items()},
    }


def frame_without_flow(opened: Opened, pictures: np.ndarray) -> Callable[[], float]:
    """The next frame's seconds but for its optical flow and warp, which the baseline leaves out."""
    times = StageTimes()
    film = Film(opened, pictures, times)

    def run() -> float:
        whole = film.run()
        times.finish()
        stages = times.frames[0].pop()
        return whole - stages.get("flow", 0.0) - stages.get("warp", 0.0)

    return run


def take_turns(
    ours: Callable[[], float], torch: Torch, what: str, seconds: float, raw: bool
) -> Turns:
    """Both sides in turns for about `seconds`."""
    before = [ours() for _ in range(WARMUP)]
    torch.run(what, WARMUP)
    slower = max(float(np.median(before)), float(np.median(torch.run(what, 2))))
    # The first run of a turn finds cold caches and sleeping threads: it does not count.
    count = 1 + max(1, min(200, round(min(TURN, seconds / 8) / slower)))
    kept: tuple[list[float], list[float]] = ([], [])

    def our_turn() -> float:
        time.sleep(REST)
        kept[0].extend(turn := [ours() for _ in range(count)][1:])
        return float(np.median(turn))

    def their_turn() -> float:
        time.sleep(REST)
        kept[1].extend(turn := torch.run(what, count)[1:])
        return float(np.median(turn))

    medians = alternate(our_turn, their_turn, seconds, MOST_PAIRS)
    return Turns(
        ended=medians.ended,
        ours=distribution(kept[0], raw),
        baseline=distribution(kept[1], raw),
        speedup=spread(statistics.ratios(medians.first, medians.second)),
    )
