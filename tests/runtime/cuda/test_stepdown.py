from __future__ import annotations

import pytest

from livedream.runtime.cuda.device import CudaDevice
from livedream.runtime.cuda.stepdown import LOST, MEMORY, step_down, trouble
from livedream.runtime.errors import LivedreamError
from livedream.runtime.parameters import Dream

from .test_device import picture


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
    assert (step.card, step.dream, step.size) == (False, dream, (720, 1280))


def test_a_full_card_is_recognised_where_it_shows(host):
    device = CudaDevice(host[0])
    host[1].full = True
    with pytest.raises(RuntimeError) as caught:
        device.upload(picture(50, 90))
    assert trouble(caught.value) == MEMORY
