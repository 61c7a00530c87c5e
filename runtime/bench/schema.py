"""The report as data: what `--json` writes and `compare` reads. Version 1.

Times are milliseconds, sizes [width, height] in pixels, unless a name says otherwise. Nothing in it
names a person, a host or a path.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import LivedreamError, UsageError
from ..store.files import write_bytes

VERSION = 1

Ended = Annotated[
    Literal["samples", "time", "interrupted"],
    Field(
        description="Stopped with enough samples for the 99th percentile, with the time given "
        "over, or by the person."
    ),
]
TurnsEnded = Annotated[
    Literal["pairs", "time", "interrupted"],
    Field(description="Stopped with enough pairs, the time over, or by the person."),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Distribution(_Part):
    """What many durations were, in milliseconds."""

    count: int = Field(ge=1, description="Samples after warm-up.")
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    enough: list[int] = Field(
        description="Percentiles that there are enough samples for (64 for the 90th, 662 for the "
        "99th); the others are a guess."
    )
    curve: list[float] = Field(
        description="41 percentiles from 0 to 100, equally spaced, for plots."
    )
    raw: list[float] | None = Field(default=None, description="All samples in order, with --raw.")


class Measure(Distribution):
    """A distribution, and how it was come by."""

    p50: float = Field(gt=0)
    warmup: int = Field(description="Samples dropped before it was steady.")
    stable: bool = Field(
        description="Whether it became and stayed steady; where it never became so, the first half "
        "was dropped."
    )
    ended: Ended
    seconds: float = Field(description="Taken altogether, warm-up included.")


class Stage(_Part):
    """A part of a frame."""

    name: str
    clock: str = Field(description="`host`, or the device's own, which runs behind it.")
    ms: Distribution = Field(description="All its runs in one frame together.")
    share: float = Field(description="Part of the frame's time, 0..1, by the means.")
    floor_ms: float | None = Field(
        default=None,
        description="Least time of its counted work on this machine; absent where uncounted.",
    )
    floor_share: float | None = Field(default=None, description="floor_ms / p50.")


class Spread(_Part):
    """Ratios of pairs measured in turns."""

    count: int = Field(ge=1, description="Pairs.")
    median: float
    low: float = Field(description="10th percentile.")
    high: float = Field(description="90th percentile.")
    sure_low: float = Field(
        description="The true median lies between `sure_low` and `sure_high` 95 times of 100 (sign "
        "test); smallest and largest ratio where there are fewer than 6 pairs."
    )
    sure_high: float


class Step(_Part):
    """One gradient at full size, the image being on the device."""

    ms: Measure
    megapixel_steps_per_second: float
    operations: int | None = Field(
        default=None,
        description="Counted in the graph, a multiply-add as two; absent where not counted.",
    )
    bytes: int | None = Field(
        default=None, description="Read and written by convolutions and pools."
    )
    floor_ms: float | None = None
    floor_share: float | None = None


class Overhead(_Part):
    """What measuring by stage costs."""

    ended: TurnsEnded
    ratio: Spread = Field(description="Frame measured by stage / frame that is not, in turns.")


class Frame(_Part):
    """One dreamt frame from the camera's bytes to the screen's bytes, by stage."""

    ms: Measure
    fps: float = Field(description="1000 / p50: as many as the machine could dream.")
    megapixel_steps: float = Field(description="Octave pixels times steps of one frame / 1e6.")
    megapixel_steps_per_second: float
    stages: list[Stage]
    covered: float = Field(description="Sum of the stages / frame, median over frames.")
    overhead: Overhead | None = None


class Picture(_Part):
    """One shown picture, from the camera's frame and the newest dream to what every sink gets, by
    stage, while no dream is computed."""

    size: list[int] = Field(min_length=2, max_length=2)
    ms: Measure
    fps: float = Field(description="1000 / p50: as many as could be shown.")
    processor_ms: float = Field(
        description="Processor time of all threads for one picture, mean: times the rate that is "
        "shown it is the cores that showing takes."
    )
    pictures_a_dream: int = Field(description="Of so many pictures one comes with a new dream.")
    stages: list[Stage]
    covered: float = Field(description="Sum of the stages / picture, median over pictures.")
    finer: Measure | None = Field(
        default=None,
        description="One window of finer detail, which `--finer` adds to a dream; absent where the "
        "picture is less than twice the dream's size, or dreamt as a still.",
    )


class Effect(_Part):
    """A frame or a shown picture with an effect and without any, in turns."""

    name: str
    of: Literal["frame", "picture"] = Field(
        description="A dreamt frame, or a shown picture while no dream is computed."
    )
    values: dict[str, float | str] = Field(description="What turns it on.")
    ended: TurnsEnded
    adds_ms: float = Field(description="Median difference of the pairs.")
    ratio: Spread = Field(
        description="With it / without any effect. The gradient counts by its median, but on a "
        "card."
    )


class Live(_Part):
    """The live loop with its threads: synthetic camera to the thread that shows."""

    camera_fps: float | None = Field(
        default=None, description="Of the camera; absent where it waits for the loop."
    )
    seconds: float
    frames: int = Field(description="Shown, after warm-up.")
    fps: float = Field(description="Shown frames a second.")
    dropped: int = Field(description="Frames that came and were never dreamt or shown.")
    age: Measure = Field(description="Shown minus captured; without exposure, cable and screen.")
    interval: Distribution = Field(description="Between two shown frames.")
    jitter_ms: float = Field(description="Mean difference between an interval and the next.")
    megapixel_steps_per_second: float


class Parity(_Part):
    """The gradient of this provider against the CPU provider's in fp32, on one picture."""

    cosine: float
    relative_l2: float


class Turns(_Part):
    """Ours and the baseline's, turn by turn."""

    ended: TurnsEnded
    ours: Distribution
    baseline: Distribution
    speedup: Spread = Field(description="Baseline / ours of each pair of turns; above 1 we win.")


class Baseline(_Part):
    """The same step and frame without livedream, in a process of its own, in turns with ours."""

    name: str = Field(description="Such as `torch channels_last`.")
    version: str
    device: str
    threads: int
    cosine: float = Field(description="Of its gradient and ours on one picture: the same step.")
    step: Turns | None = None
    frame: Turns | None = Field(default=None, description="Without optical flow, the same in both.")


class GraphFacts(_Part):
    """What was run."""

    sha256: str = Field(description="Of the graph file.")
    form: str
    precision: str
    weights: str
    weights_sha256: str


class RecipeFacts(_Part):
    """How it was dreamt."""

    name: str
    sha256: str = Field(description="Of kind and values; equal where the frames are equal work.")
    live: bool
    values: dict[str, float]


class Case(_Part):
    """One network, layer, provider, precision and size."""

    model: str
    layers: str
    provider: str = Field(description="That really ran.")
    asked_provider: str
    precision: str
    size: list[int] = Field(min_length=2, max_length=2)
    octaves: list[list[int]] = Field(description="Sizes from small to large.")
    graph: GraphFacts
    recipe: RecipeFacts
    parity: Parity | None = Field(default=None, description="Absent for the reference itself.")
    step: Step | None = None
    frame: Frame | None = None
    picture: Picture | None = None
    effects: list[Effect] = []
    live: list[Live] = []
    baselines: list[Baseline] = []
    notes: list[str] = []

    @property
    def title(self) -> str:
        """One line for people."""
        return (
            f"{self.model} {self.layers}, {self.size[0]}x{self.size[1]}, {self.provider} "
            f"{self.precision}, recipe {self.recipe.name}"
        )


class CopyRate(_Part):
    """Copying, by all cores."""

    bytes: int = Field(description="By each core.")
    gb_per_second: float = Field(description="Read plus written.")


class Floor(_Part):
    """What the CPU does at best."""

    threads: int
    matrix: int = Field(description="Side of the matrices.")
    gflops: float = Field(description="Float32 matrix product.")
    copies: list[CopyRate]


class GpuState(_Part):
    """A GPU at one moment; absent what the driver does not tell."""

    sm_mhz: float | None = None
    memory_mhz: float | None = None
    celsius: float | None = None
    watts: float | None = None
    throttling: str | None = Field(default=None, description="The driver's bit mask, hexadecimal.")


class Gpu(_Part):
    """A GPU that was there, whether used or not."""

    name: str
    driver: str
    memory_mib: float | None = None
    power_limit_watts: float | None = None
    max_sm_mhz: float | None = None
    before: GpuState
    after: GpuState | None = None


class CpuState(_Part):
    """The CPU at one moment; absent what the system does not tell."""

    mhz: float | None = Field(default=None, description="Mean over its cores.")
    celsius: float | None = None
    load: float | None = Field(
        default=None,
        description="Processes running or waiting, mean of the last minute: what else it did.",
    )


class Machine(_Part):
    """Where it ran, without its name."""

    cpu: str
    cores: int = Field(description="That this program may use.")
    memory_gib: float | None = None
    system: str
    governor: str | None = None
    before: CpuState
    after: CpuState | None = None
    others: float | None = Field(
        default=None,
        description="Cores that everything else on the machine used during the run, mean: above "
        "0.1 the figures are those of a busy machine.",
    )
    gpus: list[Gpu] = []


class Report(_Part):
    """All of it."""

    format: Literal["livedream bench"] = "livedream bench"
    version: Literal[1] = VERSION
    created: str = Field(description="UTC, ISO 8601.")
    partial: bool = Field(description="Interrupted: not all that was asked for is in it.")
    options: dict[str, str] = Field(description="Options that were given, without names of files.")
    machine: Machine
    versions: dict[str, str]
    floor: Floor | None = None
    cases: list[Case] = []
    failures: list[str] = Field(default=[], description="What could not be measured, and why.")


def write_report(report: Report, path: Path) -> None:
    """As JSON, whole or not at all. Raises what `files.replacing` raises."""
    write_bytes(path, (report.model_dump_json(indent=1, exclude_none=True) + "\n").encode())


def read_report(path: Path) -> Report:
    """Raises UsageError where there is no such file, LivedreamError where it is no report of a
    version that this livedream reads."""
    if not path.is_file():
        raise UsageError(f"There is no file {path}; `livedream bench --json FILE` writes reports.")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise LivedreamError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return Report.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LivedreamError(
            f"{path} is no benchmark report of version {VERSION} ({where}: {first['msg']})."
        ) from error


def json_schema() -> str:
    """The JSON Schema of a report, as it stands in the documentation."""
    return json.dumps(Report.model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    print(json_schema(), end="")
