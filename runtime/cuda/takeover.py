"""A better provider takes over while another plays: built in the background, checked, handed over.

Logic tested with toy engines; how long real engines take to build needs a card to know.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from ..errors import LivedreamError
from ..objective import Objective
from ..providers import Provider

COSINE = 0.99
"""Between the gradients of two providers that both compute right, in fp32 and fp16."""

_SLOW = ("tensorrt-rtx", "tensorrt")
"""Providers that build an engine before their first gradient."""


class Candidate(Protocol):
    """What an engine needs to be one; `CudaEngine` has it."""

    @property
    def layers(self) -> Collection[str]:
        """Those it can be steered to."""
        ...

    def steer(self, objective: Objective) -> None: ...

    def prepare(self, height: int, width: int) -> None: ...

    def probe(self, image: np.ndarray) -> np.ndarray: ...

    def close(self) -> None: ...


E = TypeVar("E", bound=Candidate)


def first_and_better(rungs: Sequence[Provider]) -> tuple[Provider, list[Provider]]:
    """The one to start with, which plays within seconds, and those to take over, best first."""
    quick = [place for place, provider in enumerate(rungs) if provider.name not in _SLOW]
    place = quick[0] if quick else len(rungs) - 1
    return rungs[place], list(rungs[:place])


def check_gradient(gradient: np.ndarray, reference: np.ndarray, provider: str) -> None:
    """Raises LivedreamError for a gradient that is not the reference's: vanished, not finite, or in
    another direction."""
    difference = None
    if not np.isfinite(gradient).all():
        difference = "its gradient is not finite"
    else:
        flat, expected = gradient.ravel().astype(np.float64), reference.ravel().astype(np.float64)
        norms = float(np.linalg.norm(flat)), float(np.linalg.norm(expected))
        if norms[0] == 0 and norms[1] != 0:
            difference = "its gradient vanishes"
        elif norms[1] and (cosine := float(flat @ expected) / (norms[0] * norms[1])) < COSINE:
            difference = f"its gradient points elsewhere than the processor's (cosine {cosine:.3f})"
        elif norms[1] and not 0.5 < norms[0] / norms[1] < 2:
            difference = f"its gradient is {norms[0] / norms[1]:.2g} times the processor's"
    if difference:
        raise LivedreamError(f"{provider} computes wrong and is not used: {difference}.")


def check_picture(height: int, width: int) -> np.ndarray:
    """float32 [3, height, width] in 0..1: smooth colours and some noise, the same every time."""
    random = np.random.default_rng(2015)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x / (7 + 4 * n) + n) * np.cos(y / (11 - 2 * n)) for n in range(3)]
    noise = random.standard_normal((3, height, width), np.float32)
    return np.clip(0.5 + 0.25 * np.stack(waves) + 0.08 * noise, 0, 1).astype(np.float32)


class Takeover(Generic[E]):
    """Builds the providers that are better than the one that plays, best first; the first that is
    right waits in `take`. `message` is what a person should know now, empty when nothing.

    build: makes an engine, which `prepare` may then take minutes to build. reference: the gradient
    on the processor of the objective that engine starts with. sizes: (height, width) to open; the
    first is checked.
    """

    def __init__(
        self,
        better: Iterable[Provider],
        build: Callable[[Provider], E],
        reference: Callable[[np.ndarray], np.ndarray],
        sizes: Callable[[], Sequence[tuple[int, int]]],
    ) -> None:
        self.message = ""
        self._better = list(better)
        self._build, self._reference, self._sizes = build, reference, sizes
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ready: tuple[E, Provider] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        if self._better:
            self._thread = threading.Thread(target=self._work, name="takeover", daemon=True)
            self._thread.start()

    def take(self, objective: Objective) -> E | None:
        """The better engine, once, steered to `objective`; None while there is none. For the moment
        between two frames: takes no time.

        One whose graph does not have the layers wanted by now stays back, for it came too late.
        """
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is None:
            return None
        engine, provider = ready
        if set(objective.layers) - set(engine.layers):
            self.message = f"{provider.name} was built for other layers and is not used."
            engine.close()
            return None
        engine.steer(objective)
        return engine

    def close(self) -> None:
        """Stop after the step at hand. An engine under construction cannot be interrupted; it is
        dropped when it is done."""
        self._closed.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until nothing is being built."""
        if self._thread:
            self._thread.join(timeout)

    def _work(self) -> None:
        for provider in self._better:
            if self._closed.is_set():
                return
            try:
                engine = self._tried(provider)
            except Exception as error:  # noqa: BLE001 - shown; what plays goes on, the next is tried
                self.message = _sentence(provider, error)
                continue
            with self._lock:
                if self._closed.is_set():
                    engine.close()
                else:
                    self._ready = engine, provider
                    self.message = f"{provider.name} takes over."
            return

    def _tried(self, provider: Provider) -> E:
        """Raises LivedreamError where it does not start or computes wrong, and the libraries' own
        errors where the card cannot go on."""
        self.message = f"building for {provider.name}"
        engine = self._build(provider)
        try:
            sizes = list(self._sizes())
            for number, (height, width) in enumerate(sizes):
                self.message = (
                    f"building for {provider.name}, {width}x{height} ({number + 1}/{len(sizes)})"
                )
                engine.prepare(height, width)
                if number == 0:
                    self._check(engine, provider, height, width)
        except Exception:
            engine.close()
            raise
        return engine

    def _check(self, engine: E, provider: Provider, height: int, width: int) -> None:
        image = check_picture(height, width)
        check_gradient(engine.probe(image), self._reference(image), provider.name)


def _sentence(provider: Provider, error: Exception) -> str:
    if isinstance(error, LivedreamError):
        return str(error)
    reason = str(error).split("\n")[0][:200].rstrip(".")
    return f"{provider.name} is not used: {reason or type(error).__name__}."
