from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from livedream.runtime.cuda.assemble import STOPGAP, Card
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.ladder import Facts
from livedream.runtime.cuda.readback import CardError
from livedream.runtime.cuda.stepdown import LOST, MEMORY, step_down, trouble
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.device import DeviceError
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream
from livedream.runtime.errors import LivedreamError
from livedream.runtime.gradient.graph import read_graph
from livedream.runtime.gradient.host import HostEngine
from livedream.runtime.gradient.platform import Processor
from livedream.runtime.gradient.providers import PROVIDERS

from ..toy import ToyEngine
from ..toy_graph import write_toy
from .fakes import pictures_on
from .test_device import LIVE, moving, picture
from .test_engine import GRAPH, Setting


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("cuMemAlloc failed: out of memory", MEMORY),
        ("CUDA_ERROR_OUT_OF_MEMORY: The API call failed", MEMORY),
        ("Failed to allocate memory for requested buffer of size 8294400", MEMORY),
        ("Available memory of 12 is smaller than requested bytes of 99", MEMORY),
        ("cuMemcpyHtoDAsync failed: an illegal memory access: CUDA_ERROR_ILLEGAL_ADDRESS", LOST),
        ("CUDA failure 719: unspecified launch failure", LOST),
        ("cudaErrorDevicesUnavailable", LOST),
        ("CUDA_ERROR_ECC_UNCORRECTABLE", LOST),
        ("GPU has fallen off the bus", LOST),
        ("cuEventSynchronize failed: CUDA_ERROR_UNKNOWN", LOST),
        ("CUDA failure 999: unknown error ; GPU=0", LOST),
        ("the layer does not exist", None),
    ],
)
def test_errors_are_told_apart(text, kind):
    assert trouble(RuntimeError(text)) == kind
    said = LivedreamError("cuda could not open the graph.")
    said.__cause__ = RuntimeError(text)
    assert trouble(said) == kind


def test_memory_errors_of_the_processor_count():
    assert trouble(MemoryError()) == MEMORY


def test_down_by_octaves_then_size_then_off_the_card():
    dream, size, said = Dream(octaves=3), (720, 1280), []
    for _ in range(30):
        step = step_down(MEMORY, dream, size, 75)
        said.append(step.message)
        if not step.card:
            break
        dream, size = step.dream, step.size
        height, width = size
        assert abs(width / height - 1280 / 720) < 0.05
    assert said[:3] == [
        "The card has no memory left; going on with 2 octaves.",
        "The card has no memory left; going on with 1 octave.",
        "The card has no memory left; going on at 960x540.",
    ]
    assert "processor" in said[-1]
    assert len(said) < 15
    assert min(size) >= 75
    assert step.dream.octaves == 1


def test_octaves_the_picture_has_no_room_for_are_not_counted():
    step = step_down(MEMORY, Dream(octaves=6, octave_scale=2.0), (100, 200), 75)
    assert step.dream.octaves == 6
    assert step.size == (75, 150) or not step.card


def test_a_lost_card_is_left_at_once():
    dream = Dream(octaves=3)
    step = step_down(LOST, dream, (720, 1280), 75)
    assert (step.card, step.dream, step.size) == (False, dream, (180, 320))
    assert step.message == "The card stopped working; dreaming on on the processor at 320x180."
    assert step_down(LOST, dream, (100, 200), 75).size == (100, 200)


def test_a_full_card_is_recognised_where_it_shows(host):
    device = CudaDevice(host[0])
    host[1].full = True
    with pytest.raises(RuntimeError) as caught:
        device.upload(picture(50, 90))
    assert trouble(caught.value) == MEMORY


def card_of(device: CudaDevice) -> Card:
    return Card(device, Facts(("CPUExecutionProvider",)), (PROVIDERS["cuda"],))


@pytest.mark.usefixtures("uncollected")
def test_a_full_card_goes_on_with_less(host, tmp_path):
    """Every new size is refused; the dream goes on with what fits."""
    made = Setting(host, tmp_path)
    card = card_of(made.device)
    held = pictures_on(host[1])
    dreamer = Dreamer(made.device, made.engine, LIVE)
    frames = moving(6)
    for n in range(3):
        dreamer.live(frames[n], n / 25)
    host[1].full = True
    tall = np.ascontiguousarray(picture(62, 90))
    try:
        dreamer.live(tall, 0.2)
    except RuntimeError as error:
        recovery = card.recover(error, dreamer, (62, 90))
        # Nothing is left of the old size, nor of the frame that failed.
        assert pictures_on(host[1]) == held
    assert recovery.platform is card
    assert recovery.size == (62, 90)
    assert dreamer.dream.octaves == 1
    assert dreamer._residual is None
    host[1].full = False
    assert dreamer.live(tall, 0.25).shape == tall.shape
    assert dreamer.sizes(62, 90) == [(62, 90)]
    assert isinstance(dreamer.device, CudaDevice)


@pytest.mark.usefixtures("uncollected")
def test_the_pictures_of_the_frame_that_failed_go_with_it(host, tmp_path):
    """They hang on the error, which whoever handles it still holds."""
    made = Setting(host, tmp_path)
    held = pictures_on(host[1])
    dreamer = Dreamer(made.device, made.engine, LIVE)
    frames = moving(2)
    dreamer.live(frames[0], 0.0)
    made.ort.fails = [RuntimeError("CUDA failure 2: out of memory")]
    try:
        dreamer.live(frames[1], 0.04)
    except RuntimeError as error:
        card_of(made.device).recover(error, dreamer, (48, 64))
        made.engine.close()
        made.device.trim()
        assert pictures_on(host[1]) == held
    assert not made.ort.fails


def test_a_full_card_gives_up_first_what_it_can_do_without(host, tmp_path):
    """The session of a part of the graph goes; the same picture is dreamt by the whole."""
    path = write_toy(tmp_path / "toy.onnx")
    graph = replace(GRAPH, path=path, layers={"a": 4, "b": 4}, cuts={"a": {}})
    made = Setting(host, tmp_path, graph=graph)
    dreamer = Dreamer(made.device, made.engine, LIVE)
    made.engine.prepare(48, 64)
    first = card_of(made.device).recover(MemoryError(), dreamer, (48, 64))
    assert (first.size, dreamer.dream) == ((48, 64), LIVE)
    assert [session.ended for session in made.ort.sessions] == [False, True]
    second = card_of(made.device).recover(MemoryError(), dreamer, (48, 64))
    assert (second.size, dreamer.dream) != ((48, 64), LIVE)
    made.engine.close()


def test_no_engine_is_built_in_a_picture(host, tmp_path):
    """Where TensorRT's has no room, the quick provider goes on; the rest is for the background."""
    made = Setting(host, tmp_path, provider=PROVIDERS["tensorrt"])
    made.engine.prepare(48, 64)
    card = Card(made.device, Facts(()), (PROVIDERS["tensorrt"], STOPGAP))
    dreamer = Dreamer(made.device, made.engine, LIVE)
    recovery = card.recover(MemoryError(), dreamer, (48, 64))
    assert recovery.platform is card
    assert dreamer.engine.provider is STOPGAP
    assert made.ort.sessions[0].ended


def test_a_lost_card_goes_on_without(host, tmp_path, monkeypatch):
    made = Setting(host, tmp_path, ahead=1)
    device = made.device
    made.engine.graph = read_graph(write_toy(tmp_path / "toy.onnx"))
    dreamer = Dreamer(device, made.engine, LIVE)

    def lost(waited):
        raise RuntimeError("cuEventSynchronize failed: CUDA_ERROR_ILLEGAL_ADDRESS")

    shown = device.download(device.upload(picture()))
    monkeypatch.setattr(host[1], "synchronize", lost)
    for _ in range(2):  # the one who shows, then the one who dreams
        with pytest.raises(CardError, match="card failed") as caught:
            np.asarray(shown)
    assert isinstance(caught.value, DeviceError)
    recovery = card_of(device).recover(caught.value, dreamer, (48, 64))
    assert isinstance(recovery.platform, Processor)
    assert dreamer.device is recovery.platform.device
    assert isinstance(dreamer.engine, HostEngine)
    assert dreamer.engine.objective == made.engine.objective
    assert dreamer.live(moving(1)[0], 0.0).shape == (48, 64, 3)


def test_other_errors_go_on_up(host):
    device = CudaDevice(host[0])
    dreamer = Dreamer(device, ToyEngine(), LIVE)
    with pytest.raises(ValueError, match="something else"):
        card_of(device).recover(ValueError("something else"), dreamer, (48, 64))
    at_home = Dreamer(CpuDevice(), ToyEngine(), LIVE)
    with pytest.raises(MemoryError):
        Processor((PROVIDERS["cpu"],)).recover(MemoryError(), at_home, (48, 64))
