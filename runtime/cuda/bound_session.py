"""onnxruntime sessions on the card: each on a stream of its own, bound to addresses that stay.

onnxruntime keeps recordings, and the handles of cuDNN and cuBLAS, by thread (CUDA_graph under
PerThreadContext in its CUDA provider), so that every session has one thread that runs it, from the
first run in the background to the last replay in a frame.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...kernels.backend import Stream
from ...kernels.launcher import Launcher
from ..errors import LivedreamError
from ..gradient.cutting import part
from ..gradient.providers import Provider
from ..store.files import unwritable
from .engine_cache import EngineFolder, EngineKey
from .gate import Gate
from .image import Size
from .session_options import (
    ASYNCHRONOUS,
    CUDA,
    GRAPH,
    NO_CPU_FALLBACK,
    RTX,
    provider_options,
)

log = logging.getLogger(__name__)

RECORDED_AFTER = 3
"""Runs until a graph is recorded: two to allocate what it needs, one to record. onnxruntime does
them all in the first, for its own providers."""

_PLACE = re.compile(r"/onnxruntime_src/\S+:\d+ .*?\) (?=[A-Z])")
"""Where in its source onnxruntime found an error, before what it says."""


@dataclass(frozen=True)
class Binding:
    """Addresses on the card of what the network reads and writes.

    steering: name -> (address, channels).
    """

    size: Size
    image: int
    gradient: int
    steering: Mapping[str, tuple[int, int]]


@dataclass
class Bound:
    """A size that a session is bound for. native: the IOBinding. replay: run options to record its
    launches, or to replay them. recorded: whether they are."""

    size: Size
    native: Any
    replay: Any
    recorded: bool = False


@dataclass(frozen=True)
class Opener:
    """Opens sessions of one graph on one provider.

    ort: the onnxruntime module. launcher: of the kernels. folder: of the engine cache. facts: of
    the card and the versions, for the cache's keys. precision: that is computed in, the graph's or
    `tf32`. cuts: as of `Graph`. strict: an error where a node falls to the processor. memory: where
    the addresses to bind are, `cpu` in tests without a card.
    """

    ort: Any
    path: Path
    provider: Provider
    launcher: Launcher
    folder: Path
    facts: Mapping[str, str]
    graph_hash: str
    precision: str
    card: int = 0
    cuts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    graphs: bool = True
    strict: bool = False
    memory: str = "cuda"

    def open(self, layer: str | None, size: Size, urgent: bool = False) -> Session:
        """layer: the one to cut the graph at; None for all of it. urgent: its work goes before that
        of others. Raises LivedreamError when the provider cannot open the graph or does not start.

        An engine from the cache that does not load is built again, once.
        """
        model = self._model(layer)
        engine, stream = self._folder(layer, size), self.launcher.stream(urgent)
        try:
            session = self._open_with(model, engine, size, stream)
        except LivedreamError as error:
            engine.discard()
            if not engine.built:
                raise
            log.warning("the kept engine does not load (%s); it is built again", error)
            engine = self._folder(layer, size)
            try:
                session = self._open_with(model, engine, size, stream)
            except LivedreamError:
                engine.discard()
                raise
        if not self._writes_late:
            engine.publish()
        return session

    @property
    def _writes_late(self) -> bool:
        return self.provider.name == RTX.name

    def _model(self, layer: str | None) -> bytes:
        return part(self.path.read_bytes(), ("gradient",), self.cuts[layer] if layer else {})

    def _open_with(self, model: bytes, engine: EngineFolder, size: Size, stream: Stream) -> Session:
        if self.graphs and self.provider.ep in GRAPH:
            try:
                return self._session(model, engine, size, stream, graphs=True)
            except LivedreamError as error:
                if not _about_graphs(error):
                    raise
                log.warning("%s runs without CUDA graphs: %s", self.provider.name, error)
        return self._session(model, engine, size, stream, graphs=False)

    def _session(
        self,
        model: bytes,
        engine: EngineFolder,
        size: Size,
        stream: Stream,
        *,
        graphs: bool,
    ) -> Session:
        ort, provider = self.ort, self.provider
        options = ort.SessionOptions()
        options.log_severity_level = 4
        # At any other size some of what computes sizes would be copied to and fro, and onnxruntime
        # records no launches then.
        options.add_free_dimension_override_by_name("height", size[0])
        options.add_free_dimension_override_by_name("width", size[1])
        if self.strict:
            options.add_session_config_entry(*NO_CPU_FALLBACK)
        table = provider_options(
            provider,
            stream.handle,
            engine.path,
            self.card,
            timings=self._timings(),
            graphs=graphs,
            tf32=self.precision == "tf32",
        )
        try:
            if provider.name == RTX.name:
                devices = [each for each in ort.get_ep_devices() if each.ep_name == provider.ep]
                if len(devices) <= self.card:
                    raise LivedreamError(f"{provider.name} finds no card {self.card} that it runs.")
                options.add_provider_for_devices([devices[self.card]], dict(table[0][1]))
                native = ort.InferenceSession(model, options)
            else:
                named = [(name, dict(values)) for name, values in table]
                native = ort.InferenceSession(model, options, providers=named, enable_fallback=0)
        except LivedreamError:
            raise
        except Exception as error:
            reason = _PLACE.sub("", str(error).split("\n")[0])[:300]
            raise LivedreamError(
                f"{provider.name} could not open {self.path.name} at {size[1]}x{size[0]}: {reason}"
            ) from error
        if native.get_providers()[0] != provider.ep:
            raise LivedreamError(f"The provider '{provider.name}' did not start.")
        return Session(self, native, engine, stream, graphs=graphs)

    def _timings(self) -> Path | None:
        """Where TensorRT's timings of this card, driver and version lie, for all sizes and layers;
        None for other providers. Raises LivedreamError where the cache cannot be written."""
        if self.provider.name != "tensorrt":
            return None
        what = json.dumps(dict(self.facts), sort_keys=True)
        folder = self.folder / f"timings-{hashlib.sha256(what.encode()).hexdigest()[:12]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        return folder

    def _folder(self, layer: str | None, size: Size) -> EngineFolder:
        facts = self.facts
        key = EngineKey(
            graph=f"{self.graph_hash} to {layer}" if layer else self.graph_hash,
            size=size,
            precision=self.precision,
            provider=f"{self.provider.name} {facts.get('versions', '')}",
            card=facts.get("card", ""),
            driver=facts.get("driver", ""),
        )
        return EngineFolder(self.folder, key, writes_late=self._writes_late)


class Session:
    """The network at one size, which reads and writes float32 whatever it computes in.

    stream: that its work is queued on. graphs: whether its launches are recorded.
    """

    def __init__(
        self,
        opener: Opener,
        native: Any,
        engine: EngineFolder,
        stream: Stream,
        *,
        graphs: bool,
    ) -> None:
        self.stream, self.graphs = stream, graphs
        self._ort, self._engine, self._launcher = opener.ort, engine, opener.launcher
        self._place = opener.memory, opener.card
        self._keys = GRAPH.get(opener.provider.ep, ())
        self._native: Any = native
        # A number is of the addresses that were bound: it is never given again.
        self._numbers = itertools.count(1)
        self._waiting = self._run_options(-1, waits=True)
        # A session that records nothing gives host memory back in the card's order, and where it is
        # the last to know of it, onnxruntime 1.31 ends the program.
        unsafe = opener.provider.ep == CUDA.ep and not graphs
        self._queued = self._waiting if unsafe else self._run_options(-1)
        self._begin, self._done = self._launcher.event(), self._launcher.event()
        self._thread = ThreadPoolExecutor(1, "session", initializer=self._launcher.attach)

    @property
    def ended(self) -> bool:
        return self._native is None

    def bind(self, addresses: Binding) -> Bound:
        """For addresses on the card; give it to the runs."""
        height, width = addresses.size
        shape = (1, 3, height, width)
        binding = self._native.io_binding()
        binding.bind_input("image", *self._place, np.float32, shape, addresses.image)
        for name, (address, channels) in addresses.steering.items():
            binding.bind_input(name, *self._place, np.float32, (channels,), address)
        binding.bind_output("gradient", *self._place, np.float32, shape, addresses.gradient)
        return Bound(addresses.size, binding, self._run_options(next(self._numbers)))

    def run(self, bound: Bound, frames: Stream, gate: Gate) -> None:
        """Queue one gradient between what is queued on `frames` and what will be."""
        launcher = self._launcher
        launcher.record(frames, self._begin)
        self._thread.submit(self._run, bound, gate).result()
        launcher.wait(frames, self._done)

    def run_and_wait(self, bound: Bound) -> None:
        """One gradient, done when this returns; never recorded."""
        self._thread.submit(self._run_waiting, bound).result()

    def record(self, bound: Bound, gate: Gate) -> None:
        """Have the launches of `bound` recorded, so that the first frame replays them. Where that
        may not be done now, nothing happens: the first run that may, does it."""
        if self.graphs:
            self._thread.submit(self._record, bound, gate).result()

    def close(self) -> None:
        """End the session, after its bindings are gone; keep what the provider wrote then. Waits
        for what it queued."""
        self._launcher.synchronize(self.stream)
        self._thread.submit(self._end).result()
        self._thread.shutdown()
        self._engine.publish()

    # In its thread

    def _run_waiting(self, bound: Bound) -> None:
        self._native.run_with_iobinding(bound.native, self._waiting)

    def _run(self, bound: Bound, gate: Gate) -> None:
        self._launcher.wait(self.stream, self._begin)
        if self.graphs and not bound.recorded:
            self._record(bound, gate)
        options = bound.replay if bound.recorded else self._queued
        self._native.run_with_iobinding(bound.native, options)
        self._launcher.record(self.stream, self._done)

    def _record(self, bound: Bound, gate: Gate) -> None:
        with gate.recording() as free:
            if not free:
                return
            try:
                for _ in range(RECORDED_AFTER):
                    self._native.run_with_iobinding(bound.native, bound.replay)
            except Exception as error:
                if not _about_graphs(error):
                    raise
                log.warning("no CUDA graph at %sx%s: %s", *bound.size[::-1], error)
                self.graphs = False
            else:
                bound.recorded = True

    def _end(self) -> None:
        self._native = None
        # pycuda loses what is let go where the card is not current.
        self._begin = self._done = None
        self.stream = Stream(0, None)
        self._launcher.detach()

    def _run_options(self, number: int, *, waits: bool = False) -> Any:
        """number: of the recording to make or to replay; -1 for a run without. waits: until it is
        done."""
        options = self._ort.RunOptions()
        if not waits:
            options.add_run_config_entry(*ASYNCHRONOUS)
        for key in self._keys:
            options.add_run_config_entry(key, str(number))
        return options


def _about_graphs(error: Exception) -> bool:
    text = str(error).lower()
    return "captur" in text or "cuda graph" in text
