"""A better engine builds, is checked and takes over, with toys for engines."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from livedream.runtime.cuda.options import RTX
from livedream.runtime.cuda.takeover import (
    Takeover,
    check_gradient,
    check_picture,
    first_and_better,
)
from livedream.runtime.errors import LivedreamError
from livedream.runtime.objective import parse_objective
from livedream.runtime.providers import PROVIDERS

from ..core.toy import ToyEngine
from .test_engine import IMAGE, Setting

TENSORRT, CUDA, CPU = (PROVIDERS[name] for name in ("tensorrt", "cuda", "cpu"))
A = parse_objective("a")


class Toy(ToyEngine):
    layers = ("a", "b")

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int]] = []
        self.closed = False
        self.objective = A
        self.wrong = np.float32(1)
        self.error: Exception | None = None
        self.wait = threading.Event()
        self.wait.set()

    def prepare(self, height: int, width: int) -> None:
        assert self.wait.wait(10)
        if self.error:
            raise self.error
        self.sizes.append((height, width))

    def steer(self, objective) -> None:
        self.objective = objective

    def probe(self, image: np.ndarray) -> np.ndarray:
        return self.gradient(image) * self.wrong

    def close(self) -> None:
        self.closed = True


def takeover(**engines: Toy) -> Takeover[Toy]:
    known = {provider.name.replace("-", "_"): provider for provider in (RTX, TENSORRT, CUDA)}
    return Takeover(
        [known[name] for name in engines],
        lambda provider: engines[provider.name.replace("-", "_")],
        ToyEngine().gradient,
        lambda: [(20, 30), (28, 42)],
    )


def finished(change: Takeover[Toy]) -> Takeover[Toy]:
    change.start()
    change.join(10)
    return change


def test_the_quick_one_starts_and_the_better_ones_follow():
    assert first_and_better([RTX, TENSORRT, CUDA, CPU]) == (CUDA, [RTX, TENSORRT])
    assert first_and_better([TENSORRT, CPU]) == (CPU, [TENSORRT])
    assert first_and_better([CUDA, CPU]) == (CUDA, [])
    assert first_and_better([TENSORRT]) == (TENSORRT, [])


def test_the_best_that_is_right_takes_over_once():
    best, next_best = Toy(), Toy()
    change = finished(takeover(tensorrt_rtx=best, tensorrt=next_best))
    assert best.sizes == [(20, 30), (28, 42)]
    assert change.message == "tensorrt-rtx takes over."
    mix = parse_objective("a*0.5+b")
    assert change.take(mix) is best
    assert best.objective == mix
    assert change.take(mix) is None
    assert next_best.sizes == []


def test_what_plays_goes_on_meanwhile():
    slow = Toy()
    slow.wait.clear()
    change = takeover(tensorrt=slow)
    change.start()
    for _ in range(3):
        assert change.take(A) is None
    assert "building for tensorrt" in change.message
    slow.wait.set()
    change.join(10)
    assert change.take(A) is slow


@pytest.mark.parametrize(
    "error", [LivedreamError("tensorrt-rtx did not start."), RuntimeError("x")]
)
def test_one_that_fails_is_named_and_the_next_serves(error):
    broken, good = Toy(), Toy()
    broken.error = error
    change = takeover(tensorrt_rtx=broken, tensorrt=good)
    said = []
    build = change._build
    change._build = lambda provider: (said.append(change.message), build(provider))[1]
    finished(change)
    assert change.take(A) is good
    assert broken.closed
    alone = finished(takeover(tensorrt_rtx=broken))
    assert "tensorrt-rtx" in alone.message
    assert alone.take(A) is None


WRONG = {
    "vanishes": np.float32(0), "not finite": np.float32(np.nan), "elsewhere": np.float32(-1),
    "3 times": np.float32(3),
}  # fmt: skip


@pytest.mark.parametrize("said", WRONG)
def test_one_that_computes_wrong_is_refused(said):
    wrong, good = Toy(), Toy()
    wrong.wrong = WRONG[said]
    change = finished(takeover(tensorrt=wrong))
    assert said in change.message
    assert "tensorrt computes wrong and is not used" in change.message
    assert change.take(A) is None
    assert wrong.closed
    assert wrong.sizes == [(20, 30)]
    assert finished(takeover(tensorrt_rtx=wrong, tensorrt=good)).take(A) is good


def test_half_precision_passes_the_check():
    image = check_picture(40, 56)
    assert image.shape == (3, 40, 56)
    assert 0 <= image.min() < image.max() <= 1
    gradient = ToyEngine().gradient(image)
    check_gradient(gradient.astype(np.float16).astype(np.float32), gradient, "x")
    check_gradient(np.zeros(3), np.zeros(3), "x")
    noise = np.random.default_rng(0).standard_normal(gradient.shape) * gradient.std()
    with pytest.raises(LivedreamError, match="cosine"):
        check_gradient(gradient + noise, gradient, "x")


def test_one_built_for_other_layers_stays_back():
    toy = Toy()
    change = finished(takeover(tensorrt=toy))
    assert change.take(parse_objective("c")) is None
    assert toy.closed
    assert "other layers" in change.message


def test_closing_drops_what_is_being_built():
    slow = Toy()
    slow.wait.clear()
    change = takeover(tensorrt=slow)
    change.start()
    change.close()
    slow.wait.set()
    change.join(10)
    assert slow.closed
    assert change.take(A) is None


def test_nothing_better_nothing_done():
    change = finished(takeover())
    assert change.take(A) is None
    assert change.message == ""


def test_with_engines_of_the_card(host, tmp_path):
    """The real engine over the stand-ins: built, checked, and in place of the other."""
    made = Setting(host, tmp_path)
    change = Takeover(
        [TENSORRT], made.make, ToyEngine().gradient, lambda: [IMAGE.shape[1:]]
    )  # fmt: skip
    change.start()
    change.join(10)
    engine = change.take(A)
    assert isinstance(engine, type(made.engine))
    device = made.device
    image = device.jitter(device.put(IMAGE), 0, 0)
    assert np.allclose(device.fetch(engine.gradient(image)), ToyEngine().gradient(IMAGE), atol=1e-5)
    made.ort.wrong = np.float32(0)
    refused = Takeover([CUDA], made.make, ToyEngine().gradient, lambda: [IMAGE.shape[1:]])
    refused.start()
    refused.join(10)
    assert refused.take(A) is None
    assert "vanishes" in refused.message
