"""onnxruntime sessions on the card: opened for one size, bound to addresses that do not change.

Written from the documentation and tried with a stand-in for onnxruntime; not run on a card. There,
look first at: that a run returns before the card is done, and that recording a graph succeeds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import LivedreamError
from ..gradient.providers import Provider
from ..store.files import unwritable
from .engine_cache import EngineFolder, EngineKey
from .gate import Gate
from .image import Size
from .session_options import (
    ASYNCHRONOUS,
    NO_CPU_FALLBACK,
    NO_GRAPH,
    RTX,
    provider_options,
)

log = logging.getLogger(__name__)

RECORDED_AFTER = 3
"""Runs until a graph is recorded: two to allocate what it needs, one to record."""

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


@dataclass(frozen=True)
class Opener:
    """Opens sessions of one graph on one provider.

    ort: the onnxruntime module. stream: handle, shared with the kernels. folder: of the engine
    cache. facts: of the card and the versions, for the cache's keys. precision: that is computed
    in, the graph's or `tf32`. strict: an error where a node falls to the processor. memory: where
    the addresses to bind are, `cpu` in tests without a card.
    """

    ort: Any
    path: Path
    provider: Provider
    stream: int
    folder: Path
    facts: Mapping[str, str]
    graph_hash: str
    precision: str
    card: int = 0
    graphs: bool = True
    strict: bool = False
    memory: str = "cuda"

    def open(self, size: Size) -> Session:
        """Raises LivedreamError when the provider cannot open the graph or does not start.

        An engine from the cache that does not load is built again, once.
        """
        engine = self._folder(size)
        try:
            session = self._open_with(engine, size)
        except LivedreamError as error:
            engine.discard()
            if not engine.built:
                raise
            log.warning("the kept engine does not load (%s); it is built again", error)
            engine = self._folder(size)
            try:
                session = self._open_with(engine, size)
            except LivedreamError:
                engine.discard()
                raise
        if not self._writes_late:
            engine.publish()
        return session

    @property
    def _writes_late(self) -> bool:
        return self.provider.name == RTX.name

    def _open_with(self, engine: EngineFolder, size: Size) -> Session:
        if self.graphs and self.provider.name in NO_GRAPH:
            try:
                return self._session(engine, size, graphs=True)
            except LivedreamError as error:
                if not _about_graphs(error):
                    raise
                log.warning("%s runs without CUDA graphs: %s", self.provider.name, error)
        return self._session(engine, size, graphs=False)

    def _session(self, engine: EngineFolder, size: Size, *, graphs: bool) -> Session:
        ort, provider = self.ort, self.provider
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.add_free_dimension_override_by_name("height", size[0])
        options.add_free_dimension_override_by_name("width", size[1])
        if self.strict:
            options.add_session_config_entry(*NO_CPU_FALLBACK)
        table = provider_options(
            provider,
            self.stream,
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
                native = ort.InferenceSession(self.path, options)
            else:
                named = [(name, dict(values)) for name, values in table]
                native = ort.InferenceSession(
                    self.path, options, providers=named, enable_fallback=0
                )
        except LivedreamError:
            raise
        except Exception as error:
            reason = _PLACE.sub("", str(error).split("\n")[0])[:300]
            raise LivedreamError(
                f"{provider.name} could not open {self.path.name} at {size[1]}x{size[0]}: {reason}"
            ) from error
        if native.get_providers()[0] != provider.ep:
            raise LivedreamError(f"The provider '{provider.name}' did not start.")
        place = self.memory, self.card
        plain = NO_GRAPH.get(provider.name, ())
        return Session(ort, native, size, engine, graphs=graphs, plain=plain, place=place)

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

    def _folder(self, size: Size) -> EngineFolder:
        facts = self.facts
        key = EngineKey(
            graph=self.graph_hash,
            size=size,
            precision=self.precision,
            provider=f"{self.provider.name} {facts.get('versions', '')}",
            card=facts.get("card", ""),
            driver=facts.get("driver", ""),
        )
        return EngineFolder(self.folder, key, writes_late=self._writes_late)


class Session:
    """One size of the network, which reads and writes float32 whatever it computes in.

    graphs: whether its launches are recorded. plain: run options not to record.
    """

    def __init__(
        self,
        ort: Any,
        native: Any,
        size: Size,
        engine: EngineFolder,
        *,
        graphs: bool,
        plain: Sequence[tuple[str, str]],
        place: tuple[str, int],
    ) -> None:
        self.size = size
        self.graphs = graphs
        self._ort, self._engine, self._plain, self._place = ort, engine, plain, place
        self._native: Any = native
        self._runs = 0
        self._queued = self._run_options(asynchronous=True, graph=graphs)
        self._unrecorded = self._run_options(asynchronous=True, graph=False)
        self._waiting = self._run_options(asynchronous=False, graph=False)

    def bind(self, addresses: Binding) -> Any:
        """An IOBinding to addresses on the card; give it to the runs."""
        height, width = self.size
        shape = (1, 3, height, width)
        binding = self._native.io_binding()
        binding.bind_input("image", *self._place, np.float32, shape, addresses.image)
        for name, (address, channels) in addresses.steering.items():
            binding.bind_input(name, *self._place, np.float32, (channels,), address)
        binding.bind_output("gradient", *self._place, np.float32, shape, addresses.gradient)
        return binding

    def run(self, binding: Any, gate: Gate) -> None:
        """Queue one gradient; always with the same binding, so that a graph may be recorded, and
        from the same thread, because onnxruntime keeps graphs by thread.

        A graph that cannot be recorded is given up, and the run done without.
        """
        if self._runs >= RECORDED_AFTER or not self.graphs:
            self._native.run_with_iobinding(
                binding, self._queued if self.graphs else self._unrecorded
            )
            return
        with gate.recording() as free:
            if free:
                try:
                    self._native.run_with_iobinding(binding, self._queued)
                except Exception as error:
                    if not _about_graphs(error):
                        raise
                    log.warning("no CUDA graph at %sx%s: %s", *self.size[::-1], error)
                    self.graphs = False
                else:
                    self._runs += 1
                    return
        self._native.run_with_iobinding(binding, self._unrecorded)

    def run_and_wait(self, binding: Any) -> None:
        """One gradient, done when this returns; never recorded. For any thread."""
        self._native.run_with_iobinding(binding, self._waiting)

    def close(self) -> None:
        """End the session, after its bindings are gone; keep what the provider wrote then."""
        self._native = None
        self._engine.publish()

    def _run_options(self, *, asynchronous: bool, graph: bool) -> Any:
        options = self._ort.RunOptions()
        if asynchronous:
            options.add_run_config_entry(*ASYNCHRONOUS)
        for entry in () if graph else self._plain:
            options.add_run_config_entry(*entry)
        return options


def _about_graphs(error: Exception) -> bool:
    text = str(error).lower()
    return "captur" in text or "cuda graph" in text
