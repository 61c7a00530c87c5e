"""The whole benchmark: every case of a sweep, every measure, into one report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from ..choices import Choices
from ..errors import LivedreamError, UsageError
from ..progress import Progress
from ..start import network_of
from ..threads import share
from .baseline import measure_baseline, variants_for
from .computer import Others, afterwards, machine, versions
from .effect_costs import measure_effects
from .floor import Work, measured_floor
from .live import measure_live
from .opened import Opened, Sweep, graph_facts, open_case, recipe_facts
from .report import sides
from .schema import Case, Effect, Floor, Measure, Overhead, Report, Turns
from .shown_picture import measure_picture
from .step import CLOSE, measure_step, octave_work, parity, with_floor
from .synthetic_camera import drawn_frames
from .whole_frame import COST_SHARE, measure_frame, measuring_cost

MEASURES = ("step", "frame", "picture", "effects", "live")


@dataclass(frozen=True)
class Effort:
    """seconds: of each measurement. baseline_seconds: of each one in turns. baselines: variants of
    torch, empty for all; None for no baseline."""

    seconds: float
    baseline_seconds: float
    baselines: tuple[str, ...] | None


@dataclass(frozen=True)
class Plan:
    """What to measure. first: for the first size of the sweep; further: for its other sizes. fps:
    of the synthetic camera. picture: (width, height) that shown pictures fit into. options: for the
    report."""

    choices: Choices
    sweep: Sweep
    measures: tuple[str, ...]
    first: Effort
    further: Effort
    fps: float
    picture: tuple[int, int]
    raw: bool
    options: dict[str, str]


class Bench:
    """Runs a plan; `report` may be asked for at any time, also after Ctrl-C.

    say: gets one line before each thing that takes time. progress: as for opening an engine.
    """

    def __init__(self, plan: Plan, say: Callable[[str], None], progress: Progress) -> None:
        self._plan = plan
        self._say = say
        self._progress = progress
        self._created = datetime.now(UTC).isoformat(timespec="seconds")
        self._machine = machine()
        self._others = Others()
        self._floor: Floor | None = None
        self._cases: list[Case] = []
        self._failures: list[str] = []
        self._said: set[str] = set()
        self._done = False

    def report(self) -> Report:
        """What was measured so far; partial unless `run` came to its end."""
        return Report(
            created=self._created,
            partial=not self._done,
            options=self._plan.options,
            machine=afterwards(self._machine, self._others.cores()),
            versions=versions(),
            floor=self._floor,
            cases=self._cases,
            failures=self._failures,
        )

    def run(self) -> None:
        """Measure everything. A case that cannot be measured is noted and the next one begun.

        Raises UsageError for a request that cannot be right, KeyboardInterrupt as it comes; what
        was measured before stays in the report.
        """
        share()  # As a show does.
        pictures: dict[tuple[int, int], np.ndarray] = {}
        self._check_layers()
        for choices in self._plan.sweep.cases(self._plan.choices):
            assert choices.size is not None
            try:
                opened = open_case(choices, self._progress, self._say_once)
                if choices.size not in pictures:
                    # One size at a time: large films of all sizes would not fit.
                    pictures = {choices.size: drawn_frames(choices.size, choices.seed)}
                if self._floor is None:
                    self._say("floor: matrix products and copies")
                    self._floor = Floor.model_validate(measured_floor())
                first = choices.size == self._plan.sweep.sizes[0]
                effort = self._plan.first if first else self._plan.further
                try:
                    self._measure(opened, pictures[choices.size], effort)
                finally:
                    # Before the next case: idle threads of these sessions would slow it.
                    opened.close()
            except UsageError:
                raise
            except LivedreamError as error:
                self._fail(f"{choices.provider} {choices.size[0]}x{choices.size[1]}: {error}")
        self._done = True

    def _check_layers(self) -> None:
        """Raise UsageError for a layer that the network does not have, before one is measured."""
        for layers in self._plan.sweep.layers:
            choices = replace(self._plan.choices, layers=layers)
            network_of(choices, lambda text: None).objective(layers)

    def _say_once(self, sentence: str) -> None:
        """What holds for every case of a sweep."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)

    def _fail(self, sentence: str) -> None:
        self._say(sentence)
        self._failures.append(sentence)

    def _measure(self, opened: Opened, pictures: np.ndarray, effort: Effort) -> None:
        plan, seconds = self._plan, effort.seconds
        self._cases.append(self._case(opened))
        say = self._say
        work: dict[tuple[int, int], Work] | None = None
        floor = None
        try:
            work = octave_work(opened)
            floor = self._floor if floor_applies(opened) else None
        except LivedreamError as error:
            self._note(str(error))
        if "step" in plan.measures:
            say(f"{self._cases[-1].title}: step")
            step = measure_step(opened, pictures[0], seconds, plan.raw)
            if work:
                height, width = opened.size
                step = with_floor(step, work[opened.size], floor, 12 * height * width)
            self._add(step=step)
            stop_if_interrupted(step.ms)
        if "frame" in plan.measures:
            say(f"{self._cases[-1].title}: frame by stage")
            share = seconds * (1 - COST_SHARE)
            frame = measure_frame(opened, pictures, share, plan.raw, work, floor)
            self._add(frame=frame)
            stop_if_interrupted(frame.ms)
            say(f"{self._cases[-1].title}: frame with and without measuring")
            cost = measuring_cost(opened, pictures, seconds * COST_SHARE)
            self._add(frame=frame.model_copy(update={"overhead": cost}))
            stop_if_interrupted(cost)
        if "picture" in plan.measures:
            say(f"{self._cases[-1].title}: shown picture by stage")
            picture = measure_picture(opened, plan.picture, seconds, plan.raw, self._floor)
            self._add(picture=picture)
            stop_if_interrupted(picture.ms)
        if "effects" in plan.measures:
            say(f"{self._cases[-1].title}: effects and the flash limiter, in turns with none")
            for effect in measure_effects(opened, pictures, plan.picture, seconds):
                self._add(effects=[*self._cases[-1].effects, effect])
                stop_if_interrupted(effect)
        if "live" in plan.measures:
            for fps in (plan.fps, None):
                pace = "unpaced" if fps is None else f"camera of {fps:g} fps"
                say(f"{self._cases[-1].title}: live, {pace}")
                live = measure_live(opened, pictures, fps, seconds, plan.raw)
                self._add(live=[*self._cases[-1].live, live])
                stop_if_interrupted(live.age)
        if effort.baselines is not None:
            self._baselines(opened, pictures, effort.baselines, effort.baseline_seconds)

    def _case(self, opened: Opened) -> Case:
        case = Case(
            model=opened.engine.graph.model,
            layers=str(opened.engine.objective),
            provider=opened.engine.provider.name,
            asked_provider=opened.choices.provider,
            precision=opened.precision,
            size=[opened.size[1], opened.size[0]],
            octaves=[[width, height] for height, width in opened.octaves],
            graph=graph_facts(opened),
            recipe=recipe_facts(opened.choices.recipe, opened.live, opened.dream),
        )
        try:
            found = parity(opened, drawn_frames(case_size(case), 0, 1)[0], self._progress)
        except LivedreamError as error:
            return case.model_copy(update={"notes": [f"No parity figure: {error}"]})
        notes = []
        if found and found.cosine < CLOSE:
            notes.append(
                f"The gradient differs from the CPU provider's: cosine {found.cosine:.4f}."
            )
        return case.model_copy(update={"parity": found, "notes": notes})

    def _baselines(
        self, opened: Opened, pictures: np.ndarray, named: tuple[str, ...], seconds: float
    ) -> None:
        plan = self._plan
        for variant in variants_for(named, opened.engine.provider.on_card):
            self._say(f"{self._cases[-1].title}: in turns with torch {variant}")
            before = self._cases[-1].baselines
            try:
                for found in measure_baseline(
                    opened, variant, pictures, seconds, plan.measures, plan.raw
                ):
                    self._add(baselines=[*before, found])
                    for _, turns in sides(found):
                        stop_if_interrupted(turns)
            except LivedreamError as error:
                self._fail(f"torch {variant}: {error}")

    def _add(self, **facts: object) -> None:
        self._cases[-1] = self._cases[-1].model_copy(update=facts)

    def _note(self, sentence: str) -> None:
        self._add(notes=[*self._cases[-1].notes, sentence])


def stop_if_interrupted(measure: Measure | Overhead | Effect | Turns) -> None:
    """Ctrl-C ends a measurement with what it has; go no further after it."""
    if measure.ended == "interrupted":
        raise KeyboardInterrupt


def case_size(case: Case) -> tuple[int, int]:
    """(width, height)."""
    return case.size[0], case.size[1]


def floor_applies(opened: Opened) -> bool:
    """Whether the CPU's float32 floor, the only one measured so far, is that of this case."""
    return not opened.engine.provider.on_card
