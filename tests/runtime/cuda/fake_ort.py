"""A stand-in for onnxruntime on a card whose memory is the processor's: counts and computes."""

from __future__ import annotations

import ctypes
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..toy import ToyEngine

CHANNELS = 4
ASYNCHRONOUS = ("disable_synchronize_execution_providers", "1")


def at(address: int, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 array that lies there."""
    memory = (ctypes.c_char * (4 * int(np.prod(shape)))).from_address(address)
    return np.frombuffer(memory, np.float32).reshape(shape)


class RunOptions:
    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def add_run_config_entry(self, key: str, value: str) -> None:
        assert isinstance(key, str)
        assert isinstance(value, str)
        self.entries[key] = value


class SessionOptions:
    def __init__(self) -> None:
        self.log_severity_level = 2
        self.dimensions: dict[str, int] = {}
        self.entries: dict[str, str] = {}
        self.devices: list[Any] = []
        self.device_options: dict[str, str] = {}

    def add_free_dimension_override_by_name(self, name: str, value: int) -> None:
        self.dimensions[name] = value

    def add_session_config_entry(self, key: str, value: str) -> None:
        self.entries[key] = value

    def add_provider_for_devices(self, devices: list[Any], options: dict[str, str]) -> None:
        assert len({device.ep_name for device in devices}) == 1
        self.devices, self.device_options = devices, options


class Binding:
    def __init__(self, fake: FakeOrt) -> None:
        self.inputs: dict[str, tuple] = {}
        self.outputs: dict[str, tuple] = {}
        self._counts = fake.counts

    def bind_input(self, name, device_type, device_id, element_type, shape, buffer_ptr) -> None:
        assert (device_type, element_type) == ("cuda", np.float32)
        self._counts["binds"] += 1
        self.inputs[name] = (tuple(shape), buffer_ptr)

    def bind_output(
        self, name, device_type="cpu", device_id=0, element_type=None, shape=None, buffer_ptr=None
    ) -> None:
        assert (device_type, element_type) == ("cuda", np.float32)
        self._counts["binds"] += 1
        self.outputs[name] = (tuple(shape), buffer_ptr)


class Native:
    """What the program holds of a session; without it the session's memory is gone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __del__(self) -> None:
        self._session.ended = True


class Session:
    """Climbs the toy objective, times the mean of the steering's weights.

    Its work may be queued: then it needs the session's memory when its turn comes.
    """

    def __init__(self, fake: FakeOrt, options: SessionOptions, named: list) -> None:
        self.fake, self.options, self.named = fake, options, named
        self.runs: list[RunOptions] = []
        self.recorded: dict[str, Binding] = {}
        """By the number of the recording."""
        self._numbered: Counter[str] = Counter()
        self.threads: set[int] = set()
        self.ended = False
        self.toy = ToyEngine()
        self.size = (options.dimensions or None) and tuple(options.dimensions.values())
        self.toy.minimum_size = 1
        self.name = named[0][0] if named else options.devices[0].ep_name
        self.values = dict(named[0][1] if named else options.device_options)
        self.stream = int(self.values.get("user_compute_stream", 0))
        self.graphs = self.values.get("enable_cuda_graph") == "1"
        if self.graphs and fake.no_graphs:
            raise RuntimeError(
                "This session cannot use the graph capture feature as requested by the user as all "
                "compute graph nodes have not been partitioned to the CUDA EP"
            )
        folder = self.values.get("trt_engine_cache_path")
        if folder:
            self._build(Path(folder) / "toy.engine")

    def _build(self, engine: Path) -> None:
        if engine.exists():
            if engine.read_bytes() in self.fake.refused:
                raise RuntimeError("the engine does not deserialize")
            return
        self.fake.counts["builds"] += 1
        engine.write_bytes(f"engine {self.fake.counts['builds']}".encode())

    def get_providers(self) -> list[str]:
        return [self.fake.runs_instead or self.name, "CPUExecutionProvider"]

    def io_binding(self) -> Binding:
        return Binding(self.fake)

    def run_with_iobinding(self, binding: Binding, options: RunOptions) -> None:
        self.fake.counts["runs"] += 1
        self.runs.append(options)
        if self.fake.fails:
            raise self.fake.fails.pop()
        # Each provider's own word for it, as in their libraries.
        rtx = self.name.startswith("Nv")
        self.threads.add(threading.get_ident())
        number = options.entries.get("cuda_graph_annotation_id" if rtx else "gpu_graph_id", "0")
        if self.graphs and number != "-1":
            self._numbered[number] += 1
            if number not in self.recorded and self._numbered[number] == 3:
                if self.fake.cannot_record:
                    raise RuntimeError("CUDA graph: operation not permitted when capturing")
                self.recorded[number] = binding
                self.fake.counts["recorded"] += 1
            assert self.recorded.get(number) in (None, binding), "replayed with other addresses"

        def work() -> None:
            assert not self.ended, "the session ended before its work was done"
            self._compute(binding)

        if self.fake.queue is None:
            work()
            return
        self.fake.queue(self.stream, work)
        if ASYNCHRONOUS[0] not in options.entries:
            self.fake.finish(self.stream)

    def _compute(self, binding: Binding) -> None:
        shape, address = binding.inputs["image"]
        assert self.size in (None, shape[2:])
        weights = [
            at(address, shape)
            for shape, address in (binding.inputs["a.square"], binding.inputs["a.linear"])
        ]
        image = at(address, shape)[0]
        gradient = self.toy.gradient(image) * np.float32(weights[0].mean() + weights[1].mean())
        out_shape, out = binding.outputs["gradient"]
        at(out, out_shape)[0] = gradient * self.fake.wrong


class FakeOrt:
    """Set its fields to have it misbehave."""

    RunOptions, SessionOptions = RunOptions, SessionOptions

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.sessions: list[Session] = []
        self.models: list[Any] = []
        self.no_graphs = self.cannot_record = False
        self.runs_instead = ""
        self.wrong: Any = np.float32(1)
        self.fails: list[Exception] = []
        self.refused: set[bytes] = set()
        self.devices: list[Any] = []
        # Where work goes that is done later, and what waits for it; None: it is done at once.
        self.queue: Callable[[int, Callable[[], None]], None] | None = None
        self.finish: Callable[[int], None] = lambda stream: None

    def InferenceSession(self, path, sess_options, providers=None, enable_fallback=1):
        self.models.append(path)
        session = Session(self, sess_options, providers or [])
        self.sessions.append(session)
        return Native(session)

    def get_ep_devices(self) -> list[Any]:
        return self.devices

    def register_execution_provider_library(self, name: str, path: str) -> None:
        assert path.endswith(".so")
        self.counts["registered"] += 1
        self.devices.append(SimpleNamespace(ep_name=name))
