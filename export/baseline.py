"""`python -m livedream.export.baseline`: the same step and frame in torch, as most would write it.

A process of its own that takes turns with livedream's: it reads one JSON object a line and answers
each with one, {"error": sentence, "usage": bool} where that cannot be done.

    {"open": {...}}                   see `Request`; answers what runs: version, device, threads
    {"gradient": IN.npy, "to": OUT.npy}   gradient of an image float32 [3, height, width], 0..1
    {"step": n}                       n gradients at full size; answers {"seconds": [..]}
    {"frame": n}                      n dreamt frames; answers {"seconds": [..]}

It ends with its input. All other output of the libraries goes to standard error.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from .catalogue import check_request
from .errors import ExportError, unknown
from .networks import Cut
from .weights import load

VARIANTS = ("eager", "channels_last", "compile", "fp16", "graphs")
"""How torch is asked to run it; the last two, half precision and CUDA graphs, need CUDA."""

HALVINGS = 5
"""Scales below the full one that are weighed."""
CORRELATION = [[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]]
"""How the colours of ImageNet's pixels go together."""


@dataclass(frozen=True)
class Request:
    """What to run. device: cpu or cuda, where ours runs. sizes: the octaves, (height, width) from
    small to large. pictures: an .npy of uint8 [n, height, width, 3] BGR. steering: layer ->
    (square, linear). dream: its values."""

    variant: str
    device: str
    model: str
    layers: list[str]
    weights: str
    seed: int
    cache: str
    steering: dict[str, list[list[float]]]
    sizes: list[list[int]]
    pictures: str
    live: bool
    dream: dict[str, float]


@dataclass
class Ascent:
    """The dream in plain torch, on the device and in the type of the network.

    The optical flow is left out: it is OpenCV's, whoever dreams.
    """

    gradient: Callable[[torch.Tensor], torch.Tensor]
    device: torch.device
    request: Request
    residual: torch.Tensor | None = None
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def live(self, bgr: np.ndarray) -> np.ndarray:
        """The next frame of a stream: uint8 BGR to the same."""
        base = self.upload(bgr)
        image = base if self.residual is None else base + self.residual
        for size in self.request.sizes[:-1]:
            small = functional.interpolate(image, size, mode="bilinear", align_corners=False)
            detail = self.climb(small) - small
            full = base.shape[2:]
            image = image + functional.interpolate(detail, full, mode="bilinear")
        residual = self.climb(image) - base
        strength, mean = self.request.dream["strength"] / 255, residual.abs().mean()
        if strength > 0:
            residual = residual * (strength / mean).clamp(max=1)
        self.residual = residual
        return self.download(base + residual)

    def still(self, bgr: np.ndarray) -> np.ndarray:
        """The notebook's dream of one picture, uint8 BGR to the same."""
        base = self.upload(bgr)
        bases = [base]
        for size in self.request.sizes[-2::-1]:
            bases.append(self._resample(bases[-1], size))
        image, detail = base, None
        for octave in reversed(bases):
            image = octave
            if detail is not None:
                image = octave + self._resample(detail, octave.shape[2:])
            image = self.climb(image)
            detail = image - octave
        return self.download(image)

    def climb(self, image: torch.Tensor) -> torch.Tensor:
        """The steps of one octave on an image [1, 3, h, w]."""
        dream = self.request.dream
        reach = int(dream["jitter"])
        for _ in range(int(dream["steps"])):
            shift = tuple(int(n) for n in self.random.integers(-reach, reach, 2, endpoint=True))
            image = torch.roll(image, shift, (2, 3))
            gradient = blurred(self.gradient(image), dream["blur"])
            gradient = balanced(gradient, dream["colour"], dream["coarseness"])
            step = dream["step_size"] / 255 / gradient.abs().mean().clamp(min=1e-30)
            image = (image + step * gradient).clamp(0, 1)
            image = torch.roll(image, (-shift[0], -shift[1]), (2, 3))
        return image

    def upload(self, bgr: np.ndarray) -> torch.Tensor:
        """uint8 [h, w, 3] BGR to float [1, 3, h, w] RGB in 0..1."""
        planes = torch.from_numpy(bgr).to(self.device).permute(2, 0, 1).flip(0)
        return planes.to(torch.float32).div(255)[None]

    def download(self, image: torch.Tensor) -> np.ndarray:
        """Back to uint8 BGR in host memory."""
        levels = image[0].flip(0).permute(1, 2, 0).mul(255).round().clamp(0, 255)
        return levels.to(torch.uint8).contiguous().cpu().numpy()

    @staticmethod
    def _resample(image: torch.Tensor, size: Any) -> torch.Tensor:
        return functional.interpolate(image, size, mode="bilinear", align_corners=True)


def blurred(gradient: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian smoothing of [1, 3, h, w], edges repeated."""
    if sigma <= 0:
        return gradient
    reach = max(1, round(3 * sigma))
    places = torch.arange(-reach, reach + 1, device=gradient.device, dtype=torch.float32)
    taps = torch.exp(-places.square() / (2 * sigma**2))
    taps = (taps / taps.sum()).expand(3, 1, 1, -1)
    wide = functional.pad(gradient, (reach, reach, reach, reach), mode="replicate")
    rows = functional.conv2d(wide, taps, groups=3)
    return functional.conv2d(rows, taps.transpose(2, 3), groups=3)


def balanced(gradient: torch.Tensor, colour: float, coarseness: float) -> torch.Tensor:
    """Colours and scales of [1, 3, h, w] nearer to nature's: lucid's colours and a pyramid, as
    `kernels.balance` defines them."""
    if colour != 1:
        root = torch.tensor(CORRELATION, dtype=torch.float64)
        variances, axes = torch.linalg.eigh(root @ root.T)
        mix = axes * (variances / variances.max()) ** (1 - colour) @ axes.T
        mix = mix.to(gradient.device, torch.float32)
        gradient = functional.conv2d(gradient, mix[:, :, None, None])
    if coarseness <= 0:
        return gradient
    levels = [gradient]
    while len(levels) <= HALVINGS and min(levels[-1].shape[2:]) >= 8:
        half = [side // 2 for side in levels[-1].shape[2:]]
        levels.append(_enlarged(levels[-1], half))
    if len(levels) < 2:
        return gradient
    gain = 2.0**coarseness
    total = levels[-1] * -(gain ** (len(levels) - 2))
    for place in range(len(levels) - 2, -1, -1):
        weight = gain ** (place - 1) * (gain - 1) if place else 1.0
        total = _enlarged(total, levels[place].shape[2:]) + levels[place] * weight
    return total


def _enlarged(image: torch.Tensor, size: Any) -> torch.Tensor:
    return functional.interpolate(image, size, mode="bilinear", align_corners=False)


def objective_of(
    network: Cut, request: Request, mean: list[float], std: list[float], device: torch.device
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Image [1, 3, h, w] in 0..1 -> objective []."""

    def row(values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=device).reshape(1, -1, 1, 1)

    centre, spread = row(mean), row(std)
    weights = [tuple(row(vector) for vector in request.steering[name]) for name in network.layers]
    half = request.variant in ("fp16", "graphs")

    def objective(image: torch.Tensor) -> torch.Tensor:
        x = (image - centre) / spread
        if half:
            x = x.half()
        if request.variant != "eager":
            x = x.contiguous(memory_format=torch.channels_last)
        total = torch.zeros((), device=device)
        for (square, linear), tap in zip(weights, network(x), strict=True):
            a = tap.float()
            total = total + (0.5 * square * a * a + linear * a).mean()
        return total

    return objective


class Baseline:
    """The opened request."""

    def __init__(self, request: Request) -> None:
        if request.variant not in VARIANTS:
            raise unknown("variant of torch", request.variant, VARIANTS)
        # Not whatever torch finds: a card is compared with a card, a processor with a processor.
        self.cuda = request.device == "cuda"
        if self.cuda and not torch.cuda.is_available():
            raise ExportError("This torch cannot use the graphics card that ours runs on.")
        if request.variant in ("fp16", "graphs") and not self.cuda:
            raise ExportError(f"torch {request.variant} needs a graphics card to run on.")
        entry = check_request(request.model, request.layers, "fp32", "cpu")
        self.weighted = load(
            entry, request.layers, request.weights, seed=request.seed, cache=Path(request.cache),
            progress=lambda stage, fraction: None,
        )  # fmt: skip
        self.request = request
        self.device = torch.device(request.device)
        self.pictures = np.load(request.pictures)
        network = self.weighted.network.requires_grad_(False).to(self.device)
        if request.variant != "eager":
            network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if request.variant in ("fp16", "graphs"):
            network = network.half()
        torch.backends.cudnn.benchmark = True
        objective = objective_of(
            network, request, self.weighted.mean, self.weighted.std, self.device
        )
        if request.variant == "compile":
            objective = torch.compile(objective, dynamic=False)
        elif request.variant == "graphs":
            objective = torch.compile(objective, dynamic=False, mode="reduce-overhead")
        self.objective = objective
        self.ascent = Ascent(self.gradient, self.device, request)
        self._index = 0

    def gradient(self, image: torch.Tensor) -> torch.Tensor:
        """d objective / d image, [1, 3, h, w]."""
        x = image.detach().requires_grad_()
        (found,) = torch.autograd.grad(self.objective(x), x)
        return found

    def facts(self) -> dict[str, object]:
        """What runs, and with which weights."""
        return {
            "version": torch.__version__,
            "device": torch.cuda.get_device_name() if self.cuda else "cpu",
            "threads": torch.get_num_threads(),
            "weights_sha256": self.weighted.sha256,
        }

    def step(self) -> float:
        """Seconds of one gradient at full size, the image being on the device."""
        image = self.ascent.upload(self.pictures[0])
        return self.timed(lambda: self.gradient(image))

    def frame(self) -> float:
        """Seconds of the next frame."""
        picture = self.pictures[self._index % len(self.pictures)]
        self._index += 1
        dream = self.ascent.live if self.request.live else self.ascent.still
        return self.timed(lambda: dream(picture))

    def timed(self, function: Callable[[], object]) -> float:
        """Seconds until the device has done `function`."""
        self._wait()
        start = time.perf_counter()
        function()
        self._wait()
        return time.perf_counter() - start

    def write_gradient(self, source: str, target: str) -> None:
        """Of an image float32 [3, h, w] in a file, into another."""
        image = torch.from_numpy(np.load(source)).to(self.device)[None]
        np.save(target, self.gradient(image)[0].float().cpu().numpy())

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()


def serve(lines: Iterator[str], say: Callable[[dict[str, object]], None]) -> None:
    """Answer every line. Raises what a request raises."""
    baseline: Baseline | None = None
    for line in lines:
        request = json.loads(line)
        if "open" in request:
            baseline = Baseline(Request(**request["open"]))
            say({"opened": baseline.facts()})
        elif baseline is None:
            raise ExportError("Nothing was opened yet.", usage=True)
        elif "gradient" in request:
            baseline.write_gradient(request["gradient"], request["to"])
            say({"written": True})
        else:
            run, count = next(
                (run, request[name])
                for name, run in (("step", baseline.step), ("frame", baseline.frame))
                if name in request
            )
            say({"seconds": [run() for _ in range(count)]})


def main() -> int:
    """Answer until the input ends; the exit code is 1 after an error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Ctrl-C is for the one who asks: it closes our input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def say(answer: dict[str, object]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    try:
        serve(iter(sys.stdin.readline, ""), say)
    except ExportError as error:
        say({"error": str(error), "usage": error.usage})
        return 1
    except Exception as error:  # noqa: BLE001 - not swallowed: the one who asks gets it
        reason = str(error).strip().split("\n")[0][:200]
        say({"error": f"torch failed: {type(error).__name__}: {reason}", "usage": False})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
