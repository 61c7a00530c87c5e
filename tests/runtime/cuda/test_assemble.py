"""From a machine, made up, to a card that dreams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livedream.kernels.compile import KernelError
from livedream.kernels.launcher import BACKENDS
from livedream.runtime.cuda import assemble
from livedream.runtime.cuda.assemble import STOPGAP, find_card, open_device
from livedream.runtime.cuda.bridge import BridgedEngine
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.gradient.cutting import part
from livedream.runtime.gradient.objective import parse_objective
from livedream.runtime.gradient.platform import better_than, start_order
from livedream.runtime.gradient.providers import PROVIDERS

from ..toy import ToyEngine
from .fake_ort import FakeOrt
from .fakes import counting_launcher
from .test_device import LIVE, moving
from .test_engine import GRAPH, IMAGE, in_file
from .test_ladder import FULL


class Ort(FakeOrt):
    def preload_dlls(self) -> None: ...


@pytest.fixture
def machine(host, tmp_path, monkeypatch):
    """Set what it has; then find its card. Returns (card, what was said)."""
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path))
    monkeypatch.setattr(assemble, "register_rtx", lambda ort: None)
    monkeypatch.setattr(assemble, "probe", lambda provider: None)

    def find(name="auto", facts=FULL, reachable=True, ort=None, **which):
        wanted, by = which.get("card", 0), which.get("launcher", "auto")
        named = None if by == "auto" else [BACKENDS[by]]

        def launcher(cache, card, backends, *, spin):
            assert (card, backends, spin) == (wanted, named, which.get("spin", False))
            assert cache == tmp_path / "engines" / "kernels"
            if not reachable:
                raise KernelError('no CUDA library can reach a card; pip install "cuda-core[cu13]"')
            return host[0]

        monkeypatch.setattr(assemble, "open_launcher", launcher)
        monkeypatch.setattr(assemble, "gather", lambda ort, architecture: facts)
        monkeypatch.setattr(assemble, "find_gpu", lambda: facts.gpu)
        said: list[str] = []
        return find_card(name, said.append, ort=ort or Ort(), **which), said

    return find


def test_another_card_by_another_library(machine, tmp_path):
    """Its number reaches kernels, sessions and bindings alike."""
    fake = Ort()
    card, _ = machine("cuda", card=1, launcher="pycuda", ort=fake)
    made = card.engine(in_file(tmp_path), PROVIDERS["cuda"], parse_objective("a"))
    made._sessions._open_session((16, 16), True).close()
    assert fake.sessions[-1].values["device_id"] == "1"


def test_a_card_with_all_that_can_start(machine):
    card, said = machine()
    rtx, tensorrt, cuda = (PROVIDERS[name] for name in ("tensorrt-rtx", "tensorrt", "cuda"))
    assert card.providers == (rtx, tensorrt, cuda, STOPGAP)
    assert start_order(card.providers) == [cuda, STOPGAP]
    assert better_than(cuda, card.providers) == [rtx, tensorrt]
    assert said == []
    card, _ = machine("cuda")
    assert card.providers == (cuda,)


def test_what_is_not_fetched_is_not_computed(machine, exported):
    ort = Ort()
    card, _ = machine("cuda", ort=ort)
    path = exported("block4", "fp32", "gpu")
    made = card.engine(replace(GRAPH, path=path), card.providers[0], parse_objective("a"))
    made._sessions._open_session((16, 16), True).close()
    assert ort.models == [part(path.read_bytes(), ("gradient",), {})]
    assert len(ort.models[0]) < path.stat().st_size


def test_no_card_no_words(machine):
    assert machine(facts=replace(FULL, gpu=None)) == (None, [])
    assert machine("cpu") == (None, [])
    assert machine("openvino") == (None, [])


def test_a_card_out_of_reach_is_said(machine):
    card, said = machine(reachable=False)
    assert card is None
    assert "pip install" in said[0]
    with pytest.raises(LivedreamError, match="'cuda' cannot start: no CUDA library"):
        machine("cuda", reachable=False)
    missing = replace(FULL, library=lambda name: name != "libcudnn.so.9")
    with pytest.raises(LivedreamError, match="cuDNN"):
        machine("cuda", missing, reachable=False)
    with pytest.raises(UsageError, match="nearest"):
        machine("cida")


def test_no_kernel_is_compiled_while_it_dreams(compiler, tmp_path, monkeypatch):
    launcher, backend = counting_launcher(compiler)
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path))
    monkeypatch.setattr(assemble, "open_launcher", lambda *how, **more: launcher)
    device = open_device(0)
    monkeypatch.setattr(backend, "module", None)
    dreamer = Dreamer(device, BridgedEngine(device, ToyEngine()), LIVE)
    for index, frame in enumerate(moving(3)):
        dreamer.live(frame, index / 25)


def test_a_card_too_full_to_begin_with_is_not_used(machine, host):
    host[1].full = True
    card, said = machine()
    assert card is None
    assert said == [
        "The graphics card is not used: it failed when the kernels were loaded: "
        "CUDA_ERROR_OUT_OF_MEMORY: out of memory."
    ]


def test_a_plugin_that_does_not_register_is_passed_over(machine, monkeypatch):
    def broken(ort):
        raise LivedreamError("The provider 'tensorrt-rtx' did not start.")

    monkeypatch.setattr(assemble, "register_rtx", broken)
    card, said = machine()
    assert [provider.name for provider in card.providers] == ["tensorrt", "cuda", "cpu"]
    assert said == ["The provider 'tensorrt-rtx' did not start."]
    with pytest.raises(LivedreamError, match="did not start"):
        machine("tensorrt-rtx")


def test_nothing_that_starts_is_the_processors_turn(machine):
    nothing = replace(FULL, offered=("CPUExecutionProvider",), plugin=False)
    card, said = machine(facts=nothing)
    assert card is None
    assert "built without it" in said[0]


def test_its_engines_dream(machine, tmp_path):
    graph = in_file(tmp_path)
    card, _ = machine()
    engine = card.engine(graph, PROVIDERS["tensorrt"], parse_objective("a"))
    assert np.allclose(engine.probe(IMAGE), ToyEngine().gradient(IMAGE), atol=1e-5)
    (kept,) = (tmp_path / "engines").glob("tensorrt-*")
    assert Path(kept, "toy.engine").is_file()
    on_processor = card.engine(graph, STOPGAP, parse_objective("a"))
    assert isinstance(on_processor, BridgedEngine)
    assert [each.on_card for each in card.providers] == [True, True, True, False]


def test_auto_is_tf32_and_fp32_is_fp32(machine, tmp_path):
    graph = in_file(tmp_path)
    for precision, half, computed in (
        ("auto", False, "tf32"), ("tf32", False, "tf32"), ("fp32", False, "fp32"),
        ("auto", True, "fp16"),
    ):  # fmt: skip
        card, _ = machine("cuda", ort=Ort())
        which = replace(graph, precision="fp16" if half else "fp32")
        engine = card.engine(which, PROVIDERS["cuda"], parse_objective("a"), precision)
        engine.prepare(20, 24)
        (session,) = card.ort.sessions
        assert session.values["use_tf32"] == ("1" if computed == "tf32" else "0")
        assert engine.describe()["precision"] == computed


def test_the_missing_library_is_named(machine, tmp_path, monkeypatch):
    graph = in_file(tmp_path)
    ort = Ort()
    ort.runs_instead = "CPUExecutionProvider"
    card, _ = machine(ort=ort)
    engine = card.engine(graph, PROVIDERS["cuda"], parse_objective("a"))
    with pytest.raises(LivedreamError, match="did not start"):
        engine.prepare(20, 24)
    loader = "libcublasLt.so.13: cannot open shared object file"
    monkeypatch.setattr(assemble, "probe", lambda provider: loader)
    with pytest.raises(LivedreamError, match=r"libcublasLt.so.13.*cuBLAS comes with cudnn"):
        engine.prepare(20, 24)
