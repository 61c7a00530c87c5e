"""From the machine to a card that dreams: the device, what can run on it, and engines for it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...kernels.compile import KernelError
from ...kernels.launcher import BACKENDS, open_launcher
from ..dream.dreamer import Dreamer
from ..errors import LivedreamError, reason
from ..gradient.graph import Graph
from ..gradient.host import HostEngine
from ..gradient.objective import Objective
from ..gradient.ort import ort as onnxruntime
from ..gradient.platform import Processor, Recovery, start_order
from ..gradient.providers import PROVIDERS, Provider
from ..gradient.session import choose
from ..store.cache import cache_folder
from ..store.hashes import content_hash
from ..store.pruning import prune
from .bound_session import Opener, Session
from .bridge import BridgedEngine
from .card import CudaDevice
from .card_engine import CudaEngine
from .image import Size
from .ladder import Facts, explain, gather, preload, probe, register_rtx, rungs, versions
from .machine import find_gpu
from .session_options import CUDA, RTX
from .stepdown import FULL, MEMORY, step_down, trouble

STOPGAP = replace(PROVIDERS["cpu"], form="gpu", precisions=PROVIDERS["cuda"].precisions)
"""The processor's provider on the card's graphs: dreams while nothing else starts or is built."""


@dataclass(frozen=True)
class Card:
    """The `Platform` of a graphics card, and what is known of it.

    providers: to try, best first, as far as they can start on it; under `auto` the last one is
    `STOPGAP`.
    """

    device: CudaDevice
    facts: Facts
    providers: tuple[Provider, ...]
    ort: Any = onnxruntime

    def engine(
        self,
        graph: Graph,
        provider: Provider,
        objective: Objective,
        precision: str = "auto",
        *,
        strict: bool = False,
    ) -> CudaEngine | BridgedEngine:
        """See `Platform`. strict: an error where a node would run on the processor. Where
        `provider` does not run on the card, arrays are copied to and fro. precision: `auto` has
        CUDA compute a graph in float32 as TF32."""
        if provider.ep == STOPGAP.ep:
            return BridgedEngine(self.device, HostEngine(graph, provider, objective))
        launcher, facts = self.device.launcher, self.facts
        tf32 = provider.ep == CUDA.ep and precision in ("auto", "tf32")
        computed = "tf32" if tf32 and graph.precision == "fp32" else graph.precision
        opener = Opener(
            ort=self.ort,
            path=graph.path,
            cuts=graph.cuts,
            provider=provider,
            launcher=launcher,
            folder=cache_folder("engines"),
            facts={
                "card": f"{launcher.card} {launcher.architecture}",
                "driver": facts.gpu.driver if facts.gpu else "",
                "versions": versions(provider, facts),
            },
            graph_hash=content_hash(graph.path),
            precision=computed,
            card=self.device.index,
            strict=strict,
        )

        def open_session(layer: str | None, size: Size, urgent: bool) -> Session:
            try:
                session = opener.open(layer, size, urgent)
            except LivedreamError as error:
                loader = probe(provider)
                if loader is None:
                    raise
                raise LivedreamError(explain(provider, loader)) from error
            prune()
            return session

        return CudaEngine(self.device, graph, provider, objective, open_session, computed)

    def recover(self, error: Exception, dreamer: Dreamer[Any], size: tuple[int, int]) -> Recovery:
        """See `Platform`. Frees first what is open besides the whole graph, then what a smaller
        dream does not need; where the card is given up, the processor goes on with the same graph
        file, so that nothing has to be exported."""
        kind, engine = trouble(error), dreamer.engine
        if kind is None:
            raise error
        # The failed frame's arrays hang on the error.
        traceback.clear_frames(error.__traceback__)
        dreamer.reset()
        if kind == MEMORY and isinstance(engine, CudaEngine) and engine.spare():
            self.device.trim()
            return Recovery(size, self, f"{FULL}; going on without spare sessions.")
        step = step_down(kind, dreamer.dream, size, engine.minimum_size)
        dreamer.dream = step.dream
        if step.card:
            if engine.provider.slow:
                # Its next size may take minutes, which no picture waits for.
                engine.close()
                quick = start_order(self.providers)[0]
                dreamer.engine = self.engine(engine.graph, quick, engine.objective)
            elif isinstance(engine, CudaEngine):
                engine.keep(dreamer.sizes(*step.size))
            self.device.trim()
            return Recovery(step.size, self, step.message)
        processor = Processor(tuple(choose("auto")))
        dreamer.device = processor.device
        dreamer.engine = processor.engine(engine.graph, PROVIDERS["cpu"], engine.objective)
        return Recovery(step.size, processor, step.message)

    def warm(self) -> None:
        """Sessions of a card are opened in this process."""

    def close(self) -> None:
        """There is nothing to end."""


def find_card(
    name: str,
    say: Callable[[str], None],
    *,
    ahead: int = 0,
    card: int = 0,
    launcher: str = "auto",
    spin: bool = False,
    ort: Any = onnxruntime,
) -> Card | None:
    """The card for `--provider name`; None under `auto` where there is none that can be used, and
    for providers that are not for cards. ahead: as of `CudaDevice`. card, launcher, spin: as of
    `open_device`.

    `say` hears why a card that is there is not used. Raises UsageError for an unknown name and
    LivedreamError where a provider was named that cannot start.
    """
    if name in PROVIDERS and not PROVIDERS[name].on_card:
        return None
    if name == "auto":
        gpu = find_gpu()
        if gpu is None or not gpu.names:
            return None
    preload(ort, name)
    try:
        device = open_device(ahead, card, launcher, spin)
    except LivedreamError as error:
        if name != "auto":
            # A library that is missing is the better reason.
            rungs(name, gather(ort, None), say)
            raise LivedreamError(f"The provider '{name}' cannot start: {error}") from error
        say(f"The graphics card is not used: {error}")
        return None
    facts = gather(ort, device.launcher.architecture)
    providers = [each for each in rungs(name, facts, say) if each.name != "cpu"]
    if RTX in providers:
        try:
            register_rtx(ort)
        except LivedreamError as error:
            if name != "auto":
                raise
            say(str(error))
            providers.remove(RTX)
    if not providers:
        return None
    if name == "auto":
        providers.append(STOPGAP)
    return Card(device, facts, tuple(providers), ort)


def open_device(
    ahead: int, card: int = 0, launcher: str = "auto", spin: bool = False
) -> CudaDevice:
    """The card with all kernels loaded, so that compiling them holds up no frame. ahead: as of
    `CudaDevice`. card: which one, by CUDA's number. launcher: a name of `BACKENDS`, or `auto` for
    the first of them that works. spin: as of `Launcher`. Raises LivedreamError where there is none
    that can be used."""
    backends = None if launcher == "auto" else [BACKENDS[launcher]]
    try:
        opened = open_launcher(cache_folder("engines") / "kernels", card, backends, spin=spin)
        opened.load_all()
        return CudaDevice(opened, ahead=ahead, index=card)
    except (LivedreamError, KernelError) as error:
        raise LivedreamError(str(error)) from error
    except Exception as error:  # at work, the CUDA libraries raise errors of their own
        said = reason(error)
        raise LivedreamError(f"it failed when the kernels were loaded: {said}.") from error
