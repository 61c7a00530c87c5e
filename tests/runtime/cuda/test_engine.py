"""The engine on the card, with stand-ins for the card and for onnxruntime."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from livedream.kernels.backend import Stream
from livedream.kernels.launcher import Launcher
from livedream.runtime.cuda.bound_session import Opener, Session
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.card_engine import CudaEngine
from livedream.runtime.cuda.gate import Gate
from livedream.runtime.cuda.session_options import RTX
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.cutting import part
from livedream.runtime.gradient.graph import Graph
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.providers import PROVIDERS
from livedream.runtime.gradient.shallow import REST

from ...patience import PATIENCE
from ..toy import ToyEngine
from ..toy_graph import write_toy
from .fake_ort import ASYNCHRONOUS, FakeOrt
from .fakes import LateBackend
from .test_device import LIVE, moving

GRAPH = Graph(Path("toy.onnx"), "toy", {"a": 4}, 8, "fp32", "gpu", "none", "0")
CUDA, TENSORRT = PROVIDERS["cuda"], PROVIDERS["tensorrt"]


def in_file(folder: Path) -> Graph:
    """`GRAPH` in the least of ONNX files that has a gradient: the stand-in needs nothing of it."""
    path = folder / "toy.onnx"
    path.write_bytes(b"\x3a\x0c\x62\x0a\x0a\x08gradient")
    return replace(GRAPH, path=path)


class Setting:
    """An engine and all that it stands on."""

    def __init__(
        self, host, folder: Path, provider=CUDA, objective="a", ahead=0, gate=None, graph=None,
        **options,
    ):  # fmt: skip
        self.ort, self.graph = FakeOrt(), graph or in_file(folder)
        self.gate = gate or Gate()
        self.device = CudaDevice(host[0], ahead=ahead, gate=self.gate)
        self.options = {
            "ort": self.ort, "path": self.graph.path, "cuts": self.graph.cuts,
            "provider": provider, "folder": folder, "launcher": host[0],
            "facts": {"card": "a card"}, "graph_hash": "1", "precision": "fp32", **options,
        }  # fmt: skip
        self.engine = self.make(provider, objective)

    def make(self, provider=CUDA, objective="a") -> CudaEngine:
        opener = Opener(**{**self.options, "provider": provider})
        objective = parse_objective(objective)
        return CudaEngine(self.device, self.graph, provider, objective, opener.open)


@pytest.fixture
def setting(host, tmp_path) -> Iterator[Callable[..., Setting]]:
    made: list[Setting] = []

    def make(**options) -> Setting:
        made.append(Setting(host, tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.engine.close()


IMAGE = np.random.default_rng(0).random((3, 20, 24), np.float32)


def gradient(setting: Setting, image: np.ndarray = IMAGE) -> np.ndarray:
    device = setting.device
    return device.fetch(setting.engine.gradient(device.jitter(device.put(image), 0, 0)))


def test_the_gradient_is_the_networks(setting):
    assert np.allclose(gradient(setting()), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert np.allclose(gradient(setting(objective="a*3")), 3 * ToyEngine().gradient(IMAGE))


def test_live_is_the_cpu_devices(setting):
    made = setting(ahead=1)
    ours = Dreamer(made.device, made.engine, LIVE, seed=5)
    theirs = Dreamer(CpuDevice(), ToyEngine(), LIVE, seed=5)
    for index, frame in enumerate(moving(8)):
        got = np.asarray(ours.live(frame, index / 25)).astype(int)
        difference = np.abs(got - theirs.live(frame, index / 25))
        assert difference.mean() <= 1


def test_a_frame_queues_everything_and_waits_once(setting, host):
    made = setting(ahead=1)
    dreamer = Dreamer(made.device, made.engine, LIVE)
    frames = moving(16)
    for n in range(6):
        dreamer.live(frames[n], n / 25)
    host[1].counts.clear()
    made.ort.counts.clear()
    for n in range(6, 16):
        dreamer.live(frames[n], n / 25)
    counts = host[1].counts
    assert (counts["synchronisations"], counts["from"]) == (10, 0)  # Nobody reads.
    assert (counts["allocations"], counts["pinned"], counts["to"]) == (0, 0, 30)
    # Two octaves of one step; nothing bound anew.
    assert made.ort.counts == {"runs": 20}
    assert all(ASYNCHRONOUS[0] in session.runs[-1].entries for session in made.ort.sessions)
    assert counts["events"] == 0  # they come from a pool


def test_a_session_has_a_stream_and_a_thread_of_its_own(setting, host):
    """The dream's stream only ever carries frames; what opens beside a picture gives way to it."""
    made = setting()
    for number, background in enumerate((False, True)):
        made.engine.prepare(20 + number, 24, background=background)
        made.engine.probe(IMAGE)
        gradient(made)
        session = made.ort.sessions[number]
        stream = int(session.values["user_compute_stream"])
        assert host[1].urgent[stream] == (not background)
        assert session.threads.isdisjoint({threading.get_ident()})
        assert len(session.threads) == 1
        made.engine.close()
    streams = {session.values["user_compute_stream"] for session in made.ort.sessions}
    assert len(streams) == len(made.ort.sessions)
    assert str(made.device.stream.handle) not in streams


def test_sessions_share_their_size(setting):
    made = setting()
    made.engine.prepare(20, 24)
    session = made.ort.sessions[0]
    assert session.options.dimensions == {"height": 20, "width": 24}
    assert session.options.entries == {}
    made.engine.prepare(20, 24)
    assert len(made.ort.sessions) == 1
    strict = setting(strict=True)
    strict.engine.prepare(20, 24)
    assert strict.ort.sessions[0].options.entries == {"session.disable_cpu_ep_fallback": "1"}


@pytest.mark.usefixtures("uncollected")
def test_an_engine_that_is_let_go_leaves_nothing_on_the_card(host, tmp_path):
    """Neither do the pictures it was dreamt with: at once, not when circles are collected."""
    made = Setting(host, tmp_path, ahead=1)
    made.device.trim()
    held = len(host[1]._live)
    dreamer = Dreamer(made.device, made.engine, LIVE)
    for n, frame in enumerate(moving(3)):
        shown = dreamer.live(frame, n / 25)
    np.asarray(shown)
    made.engine.close()
    del made.engine, dreamer, shown
    made.ort.sessions.clear()
    made.device.trim()
    assert len(host[1]._live) == held


def test_steering_moves_no_session_and_is_sent_once(setting, host):
    made = setting()
    gradient(made)
    old = made.engine
    made.engine = old.steered(parse_objective("a:2*0.5"))
    image = made.device.jitter(made.device.put(IMAGE), 0, 0)
    host[1].counts.clear()
    got = made.device.fetch(made.engine.gradient(image))
    assert host[1].counts["to"] == 2
    assert np.allclose(got, 0.5 * ToyEngine().gradient(IMAGE), atol=1e-5)
    made.engine.gradient(image)
    assert host[1].counts["to"] == 2
    made.engine = old
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert len(made.ort.sessions) == 1
    with pytest.raises(UsageError, match="no layer 'b'"):
        old.steer(parse_objective("b"))


@pytest.mark.parametrize("provider", [CUDA, RTX, TENSORRT], ids=lambda provider: provider.name)
def test_the_first_frame_replays_what_was_recorded_before_it(setting, provider):
    made = setting(provider=provider)
    made.ort.devices = [SimpleNamespace(ep_name=RTX.ep)]
    made.engine.prepare(20, 24)
    assert made.ort.counts["recorded"] == (provider is not TENSORRT)
    made.engine.probe(IMAGE)
    made.ort.counts.clear()
    gradient(made)
    assert made.ort.counts == {"runs": 1}
    session = made.ort.sessions[0]
    assert len(session.recorded) == (provider is not TENSORRT)
    if session.graphs:
        assert session.runs[-1].entries["gpu_graph_id"] in session.recorded


def test_each_size_has_a_session_of_its_own(setting):
    """At free sizes onnxruntime records no launches."""
    made = setting()
    for size in ((20, 24), (30, 40)):
        made.engine.prepare(*size)
    assert [session.options.dimensions for session in made.ort.sessions] == [
        {"height": 20, "width": 24}, {"height": 30, "width": 40},
    ]  # fmt: skip
    assert [len(session.recorded) for session in made.ort.sessions] == [1, 1]
    other = np.random.default_rng(1).random((3, 30, 40), np.float32)
    for image in (IMAGE, other, IMAGE):
        assert np.allclose(gradient(made, image), ToyEngine().gradient(image), atol=1e-5)
    made.engine.keep([(30, 40)])
    assert [session.ended for session in made.ort.sessions] == [True, False]
    made.engine.prepare(20, 24)
    assert len(made.ort.sessions) == 3
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)


def test_a_size_that_fails_leaves_no_session(setting):
    made = setting()
    made.ort.fails = [RuntimeError("CUDA failure 2: out of memory")]
    # The error holds what was at work when it was raised: only closing ends the session.
    with pytest.raises(RuntimeError, match="out of memory") as raised:
        made.engine.prepare(20, 24)
    assert made.ort.sessions[0].ended, raised
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)


def test_nothing_is_recorded_while_a_session_opens(setting):
    made = setting()
    with made.gate.opening():
        for _ in range(2):
            gradient(made)
    entries = [run.entries for run in made.ort.sessions[0].runs[1:]]
    assert entries == [{**dict([ASYNCHRONOUS]), "gpu_graph_id": "-1"}] * 2
    assert not made.ort.counts["recorded"]
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert made.ort.counts["recorded"] == 1


def test_without_graphs_where_the_session_does_not_allow_them(setting, caplog):
    made = setting()
    made.ort.no_graphs = True
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert made.ort.sessions[0].values["enable_cuda_graph"] == "0"
    assert "without CUDA graphs" in caplog.text
    # Queued, such runs end the program now and then.
    assert not any(ASYNCHRONOUS[0] in run.entries for run in made.ort.sessions[0].runs)
    other = setting()
    other.ort.cannot_record = True
    for _ in range(5):
        assert np.allclose(gradient(other), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert "no CUDA graph" in caplog.text
    plain = setting(graphs=False)
    gradient(plain)
    assert not plain.ort.counts["recorded"]


def test_other_errors_of_a_run_are_not_swallowed(setting):
    made = setting()
    gradient(made)
    made.ort.fails = [RuntimeError("CUDA failure 2: out of memory")]
    with pytest.raises(RuntimeError, match="out of memory"):
        gradient(made)


def test_a_probe_disturbs_nothing_that_plays(setting):
    made = setting(objective="a*2")
    device = made.device
    image = device.jitter(device.put(IMAGE), 0, 0)
    first = made.engine.gradient(image)
    other = IMAGE[:, ::-1].copy()
    got = []
    thread = threading.Thread(target=lambda: got.append(made.engine.probe(other)))
    thread.start()
    thread.join()
    assert np.allclose(got[0], 2 * ToyEngine().gradient(other), atol=1e-4)
    assert np.allclose(device.fetch(first), 2 * ToyEngine().gradient(IMAGE), atol=1e-4)


def test_an_old_gradient_is_refused(setting):
    made = setting()
    device = made.device
    image = device.jitter(device.put(IMAGE), 0, 0)
    old = made.engine.gradient(image)
    made.engine.gradient(image)
    with pytest.raises(RuntimeError, match="after the next one"):
        device.ascend(image, old, 0.1, 0, 0)


def test_too_small_and_not_started_are_said(setting):
    made = setting()
    with pytest.raises(UsageError, match="at least 8 pixels"):
        made.engine.prepare(7, 40)
    made.ort.runs_instead = "CPUExecutionProvider"
    with pytest.raises(LivedreamError, match="'cuda' did not start"):
        made.engine.prepare(20, 24)


def test_what_runs_is_told(setting):
    assert setting().engine.describe() == {
        "model": "toy", "layers": "a", "weights": "none", "provider": "cuda", "precision": "fp32",
    }  # fmt: skip


def entries(folder: Path) -> list[str]:
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if not name.startswith(("timings-", "toy.onnx")))


def test_engines_are_built_once_and_kept(setting, tmp_path):
    first = setting(provider=TENSORRT)
    gradient(first)
    assert len(entries(tmp_path)) == 1
    assert entries(tmp_path)[0].startswith("tensorrt-24x20-fp32-")
    again = setting(provider=TENSORRT)
    gradient(again)
    assert (first.ort.counts["builds"], again.ort.counts["builds"]) == (1, 0)
    assert [name for name, _ in again.ort.sessions[0].named] == [TENSORRT.ep, CUDA.ep]
    for change in ({"graph_hash": "2"}, {"facts": {"driver": "1"}}, {"precision": "fp16"}):
        other = setting(provider=TENSORRT, **change)
        other.engine.prepare(20, 24)
        assert other.ort.counts["builds"] == 1
    first.engine.prepare(30, 40)
    assert first.ort.counts["builds"] == 2


@pytest.mark.parametrize("damage", ["cut", "gone", "no manifest", "nonsense"])
def test_a_damaged_engine_is_built_again(setting, tmp_path, damage):
    setting(provider=TENSORRT).engine.prepare(20, 24)
    folder = tmp_path / entries(tmp_path)[0]
    engine, manifest = folder / "toy.engine", folder / "manifest.json"
    if damage == "cut":
        engine.write_bytes(b"")
    elif damage == "gone":
        engine.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("[1, 2")
    again = setting(provider=TENSORRT)
    gradient(again)
    assert again.ort.counts["builds"] == 1
    assert len(entries(tmp_path)) == 1
    third = setting(provider=TENSORRT)
    gradient(third)
    assert third.ort.counts["builds"] == 0


def test_an_engine_that_does_not_load_is_built_again_once(setting, tmp_path, caplog):
    setting(provider=TENSORRT).engine.prepare(20, 24)
    again = setting(provider=TENSORRT)
    again.ort.refused = {b"engine 1"}
    again.ort.counts["builds"] = 6
    gradient(again)
    assert again.ort.counts["builds"] == 7
    assert "built again" in caplog.text
    assert len(entries(tmp_path)) == 1


def test_two_builds_at_once_do_not_mix(setting, tmp_path):
    one, other = setting(provider=TENSORRT), setting(provider=TENSORRT)
    opened = one.ort.InferenceSession

    def slow(*arguments, **options):
        session = opened(*arguments, **options)
        other.engine.prepare(20, 24)  # another process, in the middle of ours
        return session

    one.ort.InferenceSession = slow
    one.engine.prepare(20, 24)
    assert one.ort.counts["builds"] == other.ort.counts["builds"] == 1
    assert len(entries(tmp_path)) == 1
    third = setting(provider=TENSORRT)
    third.engine.prepare(20, 24)
    assert third.ort.counts["builds"] == 0


def test_a_failed_build_leaves_nothing(setting, tmp_path):
    made = setting(provider=TENSORRT)
    made.ort.runs_instead = "CUDAExecutionProvider"
    with pytest.raises(LivedreamError, match="did not start"):
        made.engine.prepare(20, 24)
    assert entries(tmp_path) == []


def test_the_plugin_is_used_by_its_devices_and_writes_at_the_end(setting, tmp_path):
    made = setting(provider=RTX)
    with pytest.raises(LivedreamError, match="finds no card"):
        made.engine.prepare(20, 24)
    made.ort.devices = [SimpleNamespace(ep_name="Other"), SimpleNamespace(ep_name=RTX.ep)]
    gradient(made)
    (session,) = made.ort.sessions
    assert session.values["has_user_compute_stream"] == "1"
    cache = Path(session.values["nv_runtime_cache_path"])
    (cache / "kernels").write_text("compiled")
    assert all(name.endswith(".building") for name in entries(tmp_path))
    made.engine.close()
    assert not cache.exists()
    kept = tmp_path / entries(tmp_path)[0]
    assert (kept / "kernels").read_text() == "compiled"
    again = setting(provider=RTX)
    again.ort.devices = made.ort.devices
    again.engine.prepare(20, 24)
    copied = Path(again.ort.sessions[0].values["nv_runtime_cache_path"])
    assert (copied / "kernels").read_text() == "compiled"
    assert copied != kept
    again.engine.close()
    assert entries(tmp_path) == [kept.name]


def test_the_notebooks_octaves_each_have_their_session(setting):
    made = setting()
    dream = Dream(octaves=3, steps=2, step_size=1, jitter=4)
    bgr = moving(1, 60, 80)[0]
    got = Dreamer(made.device, made.engine, dream, seed=1).still(bgr)
    expected = Dreamer(CpuDevice(), ToyEngine(), dream, seed=1).still(bgr)
    assert np.abs(got.astype(int) - expected).mean() <= 1
    assert [session.size for session in made.ort.sessions] == [(31, 41), (43, 57), (60, 80)]


def test_sizes_no_longer_dreamt_are_let_go(setting, host):
    made = setting(graphs=False)
    for size in ((20, 24), (30, 40)):
        made.engine.prepare(*size)
    place = made.device.place((20, 24)).buffer.pointer
    made.engine.keep([(20, 24)])
    before = host[1].counts["frees"]
    made.device.trim()
    assert host[1].counts["frees"] > before
    assert made.device.place((20, 24)).buffer.pointer == place
    assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)
    assert len(made.ort.sessions) == 2
    made.engine.prepare(30, 40)
    assert len(made.ort.sessions) == 3


@pytest.fixture(params=["late", "hasty"])
def late(request, compiler, tmp_path):
    """A card that works as late as it may, and an onnxruntime that does, or as soon as it may."""
    hasty = request.param == "hasty"
    launcher = Launcher(backend := LateBackend(compiler, False, hasty))  # pyright: ignore
    made = Setting((launcher, backend), tmp_path)
    made.ort.queue = lambda handle, work: backend.put(Stream(handle, None), work)
    made.ort.finish = lambda handle: launcher.synchronize(Stream(handle, None))
    yield made
    made.engine.close()


def test_a_session_ends_when_its_work_is_done(late):
    """Between two frames another engine takes over, while the last frame is still under way."""
    device = late.device
    image = device.jitter(device.put(IMAGE), 0, 0)
    got = device.ascend(image, late.engine.gradient(image), 0.1, 0, 0)
    late.engine.close()
    expected = CpuDevice().ascend(IMAGE, ToyEngine().gradient(IMAGE), 0.1, 0, 0)
    assert np.allclose(device.fetch(got), expected, atol=1e-5)
    assert late.ort.sessions[0].ended


@pytest.mark.parametrize("opened", [True, False])
def test_memory_that_queued_frames_still_read_is_left_alone(late, opened):
    """By what opens, and by what is computed beside the dream: the pool gives it out again."""
    device, engine = late.device, late.engine
    if opened:
        engine.prepare(20, 24)
    one, other = device.put(IMAGE), device.put(IMAGE)
    device.fetch(device.add(one, other))
    got = device.add(one, other)
    del one, other
    if opened:
        engine.probe(IMAGE[::-1].copy())
    else:
        engine.prepare(20, 24)
    assert np.allclose(device.fetch(got), 2 * IMAGE)


def test_late_frames_are_the_cpu_devices(late):
    """Uploads, steering and gradients in their order, though everything is late."""
    ours = Dreamer(late.device, late.engine, LIVE, seed=5)
    toy = ToyEngine()
    theirs = Dreamer(CpuDevice(), toy, LIVE, seed=5)
    for index, frame in enumerate(moving(6)):
        if index == 3:  # the same direction, so the same picture: the step is normalised
            ours.engine = late.engine.steered(parse_objective("a*0.5"))
        got = np.asarray(ours.live(frame, index / 25)).astype(int)
        assert np.abs(got - theirs.live(frame, index / 25)).mean() <= 1


def test_sessions_end_while_another_opens(setting):
    """A full card is stepped down from at once, though an engine is being built."""
    made = setting()
    made.engine.prepare(20, 24)
    building, done = threading.Event(), threading.Event()
    opened = made.engine._sessions._open_session

    def slow(size, urgent):
        building.set()
        assert done.wait(PATIENCE)
        return opened(size, urgent)

    made.engine._sessions._open_session = slow
    thread = threading.Thread(target=lambda: made.engine.prepare(30, 40))
    thread.start()
    assert building.wait(PATIENCE)
    made.engine.keep([])
    assert made.ort.sessions[0].ended
    done.set()
    thread.join()


def test_sessions_may_end_in_the_middle_of_a_dream(setting):
    """Whoever let go of them was late, or early: they open again."""
    made = setting(graphs=False)
    image = made.device.jitter(made.device.put(IMAGE), 0, 0)
    done = threading.Event()

    def closes() -> None:
        while not done.is_set():
            made.engine.close()

    thread = threading.Thread(target=closes)
    thread.start()
    try:
        for _ in range(30):
            got = made.device.fetch(made.engine.gradient(image))
            assert np.allclose(got, ToyEngine().gradient(IMAGE), atol=1e-5)
    finally:
        done.set()
        thread.join()
    made.engine.close()
    assert not made.engine.prepared(20, 24)
    assert all(session.ended for session in made.ort.sessions)


def test_steering_that_changes_while_it_is_sent_is_sent_again(setting):
    made = setting(objective="a")
    gradient(made)
    send = made.engine._sessions._send

    def interrupted(pointer, values):
        made.engine._sessions._send = send
        made.engine.steer(parse_objective("a*3"))
        send(pointer, values)

    made.engine._sessions._send = interrupted
    made.engine.steer(parse_objective("a*2"))
    gradient(made)
    assert np.allclose(gradient(made), 3 * ToyEngine().gradient(IMAGE), atol=1e-4)


class TellingGate(Gate):
    """One that tells how the calling thread went through it."""

    def __init__(self) -> None:
        super().__init__()
        self._through = threading.local()

    @property
    def through(self) -> str:
        return getattr(self._through, "way", "")

    @contextmanager
    def _way(self, name: str, gate) -> Iterator[None]:
        before = self.through
        with gate:
            self._through.way = name
            try:
                yield
            finally:
                self._through.way = before

    def opening(self):
        return self._way("opening", super().opening())

    def waiting(self):
        return self._way("waiting", super().waiting())


def test_what_would_spoil_a_recording_goes_through_the_gate(setting, host, monkeypatch):
    """Sessions open and threads wait for the card inside of it, from wherever they are asked to."""
    gate, seen = TellingGate(), []
    made = setting(ahead=1, gate=gate)
    device, opened = made.device, made.ort.InferenceSession

    def noted(*arguments, **options):
        seen.append(("open", gate.through))
        return opened(*arguments, **options)

    made.ort.InferenceSession = noted
    monkeypatch.setattr(host[1], "synchronize", lambda waited: seen.append(("wait", gate.through)))
    for work, expected in (
        (lambda: made.engine.prepare(20, 24), [("open", "opening")]),
        (lambda: made.engine.probe(IMAGE), [("wait", "opening")]),
        (lambda: np.asarray(device.download(device.put(IMAGE))), [("wait", "waiting")]),
        (lambda: made.engine.keep(()), [("wait", "waiting")] * 2),
    ):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == expected
        seen.clear()


def test_memory_goes_to_and_fro_through_the_gate(setting, host, monkeypatch):
    """Asking the card for it, giving it back, and ending a session would spoil a recording."""
    gate, seen = TellingGate(), []
    made = setting(gate=gate)

    def noted(owner, name: str) -> None:
        function = getattr(owner, name)

        def call(*arguments):
            seen.append((name, gate.through))
            return function(*arguments)

        monkeypatch.setattr(owner, name, call)

    for name in ("allocate", "free", "pinned", "synchronize"):
        noted(host[1], name)
    made.device.fetch(made.device.put(np.zeros((3, 21, 23), np.float32)))
    made.device.trim()
    assert {name for name, _ in seen} == {"allocate", "free", "pinned", "synchronize"}
    assert {way for _, way in seen} == {"waiting"}
    seen.clear()
    noted(Session, "close")
    made.ort.fails = [RuntimeError("CUDA failure 2: out of memory")]
    with pytest.raises(RuntimeError, match="out of memory"):
        made.engine.prepare(20, 24)
    assert ("close", "waiting") in seen


def test_sessions_open_beside_each_other():
    gate, both = Gate(), threading.Barrier(2, timeout=PATIENCE)

    def opened() -> None:
        with gate.opening():
            both.wait()

    threads = [threading.Thread(target=opened) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not both.broken


def test_recording_and_waiting_keep_apart():
    gate, order = Gate(), []
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        with gate.waiting():
            inside.set()
            leave.wait(PATIENCE)
            order.append("waited")

    thread = threading.Thread(target=wait)
    thread.start()
    inside.wait(PATIENCE)
    threading.Timer(0.05, leave.set).start()
    with gate.recording() as free:
        assert free
        order.append("recorded")
    thread.join()
    assert order == ["waited", "recorded"]
    with gate.opening(), gate.recording() as free:
        assert not free
    with gate.recording() as free:
        assert free
        for apart in (gate.waiting, gate.opening):
            entered = threading.Event()

            def enter(apart=apart, entered=entered) -> None:
                with apart():
                    entered.set()

            threading.Thread(target=enter).start()
            assert not entered.wait(0.05)
    with gate.waiting(), gate.opening():
        pass


def test_a_quick_opening_does_not_wait_for_a_slow_one_but_for_a_recording():
    gate, opened = Gate(), threading.Event()

    def open_quickly() -> None:
        with gate.opening():
            opened.set()

    with gate.opening():
        threading.Thread(target=open_quickly).start()
        assert opened.wait(PATIENCE)
    opened.clear()
    with gate.recording() as free:
        assert free
        thread = threading.Thread(target=open_quickly)
        thread.start()
        assert not opened.wait(0.05)
    thread.join(PATIENCE)
    assert opened.is_set()


def test_timings_are_shared_by_all_sizes(setting, tmp_path):
    made = setting(provider=TENSORRT)
    for size in ((20, 24), (24, 28)):
        made.engine.prepare(*size)
    places = {each.values["trt_timing_cache_path"] for each in made.ort.sessions}
    engines = {each.values["trt_engine_cache_path"] for each in made.ort.sessions}
    assert len(places) == 1 < len(engines)
    assert Path(places.pop()).is_dir()


class TestTheLayersThatAreNeeded:
    """Sessions of the graph cut where the deepest layer that is climbed ends."""

    @pytest.fixture
    def play(self, setting, tmp_path) -> Callable[..., Setting]:
        path = write_toy(tmp_path / "toy.onnx")
        cuts = {"a": {"contrast": "image"}}
        graph = replace(GRAPH, path=path, layers={"a": 4, "b": 4}, cuts=cuts)

        def play(background: bool, **options) -> Setting:
            made = setting(graph=graph, **options)
            made.clock = 100.0
            made.engine._shallow._clock = lambda: made.clock
            made.engine.prepare(20, 24, background)
            return made

        return play

    def rest(self, made: Setting) -> None:
        """Play on until what is opened in the background is there."""
        gradient(made)
        made.clock += REST
        gradient(made)
        for thread in threading.enumerate():
            if thread.name == "shallow":
                thread.join(PATIENCE)

    def cut(self, made: Setting) -> list[bool]:
        """Of all sessions, whether they are of a part of the graph."""
        whole = part(made.graph.path.read_bytes(), ("gradient",), {})
        return [model != whole for model in made.ort.models]

    def test_after_a_while_a_part_of_the_graph_takes_over(self, play, host):
        made = play(True)
        before = gradient(made)
        assert self.cut(made) == [False]
        self.rest(made)
        whole, part = made.ort.sessions
        assert self.cut(made) == [False, True]
        assert not host[1].urgent[part.stream]
        assert len(part.recorded) == 1
        runs = len(whole.runs)
        assert np.array_equal(gradient(made), before)
        assert len(whole.runs) == runs
        assert part.runs[-1].entries["gpu_graph_id"] in part.recorded
        assert part.threads.isdisjoint({threading.get_ident()})

    def test_a_deeper_layer_plays_at_once_and_the_part_stays_for_its_return(self, play):
        made = play(True)
        self.rest(made)
        whole, part = made.ort.sessions
        for climbed, plays in (("a+b", whole), ("a:2", part)):
            made.engine.steer(parse_objective(climbed))
            runs = len(plays.runs)
            gradient(made)
            assert len(plays.runs) == runs + 1

    def test_what_is_opened_while_nothing_plays_has_its_part_at_once(self, play, host):
        made = play(False)
        assert self.cut(made) == [False, True]
        assert all(host[1].urgent[session.stream] for session in made.ort.sessions)
        made.ort.sessions[0].runs.clear()
        gradient(made)
        assert not made.ort.sessions[0].runs

    def test_every_octave_has_a_session_of_the_part(self, play):
        made = play(True)
        made.engine.prepare(30, 40, background=True)
        other = np.random.default_rng(1).random((3, 30, 40), np.float32)
        gradient(made, other)
        self.rest(made)
        assert self.cut(made) == [False, False, True, True]
        assert np.allclose(gradient(made, other), ToyEngine().gradient(other), atol=1e-5)
        made.engine.keep([(20, 24)])
        assert made.engine._shallow.opened[0].sizes == {(20, 24)}

    def test_one_that_does_not_open_is_not_tried_again(self, play):
        made = play(True)
        opened = made.ort.InferenceSession
        made.ort.InferenceSession = refuse = Mock(side_effect=RuntimeError("out of memory"))
        self.rest(made)
        self.rest(made)
        assert refuse.call_count == 1
        made.ort.InferenceSession = opened
        assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)

    def test_one_that_is_taken_away_costs_no_frame(self, play):
        made = play(False)
        made.engine._shallow.opened[0].close()
        assert np.allclose(gradient(made), ToyEngine().gradient(IMAGE), atol=1e-5)
        assert self.cut(made) == [False, True]

    def test_it_ends_with_the_others_and_for_its_memory(self, play):
        made = play(False)
        assert made.engine.spare()
        assert [session.ended for session in made.ort.sessions] == [False, True]
        assert not made.engine.spare()
        self.rest(made)
        assert len(made.ort.sessions) == 2
        other = play(False)
        other.engine.close()
        assert all(session.ended for session in other.ort.sessions)

    def test_what_would_be_timed_on_the_card_is_whole(self, play):
        made = play(True, provider=TENSORRT)
        self.rest(made)
        assert self.cut(made) == [False]
