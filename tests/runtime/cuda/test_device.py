"""The cuda device, its kernels on the processor, against the cpu device."""

from __future__ import annotations

import gc
import queue
import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest

from livedream import kernels
from livedream.kernels.launcher import Launcher
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.cuda.bridge import BridgedEngine
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.readback import Download
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.dreamer import Dreamer
from livedream.runtime.dream.values import Dream

from ...patience import PATIENCE
from ..dream.test_dreamer import picture
from ..toy import ToyEngine
from .fakes import LateBackend, counting_launcher

LIVE = Dream(octaves=2, steps=1, step_size=2, jitter=4, half_life=1, strength=12)


def moving(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """A picture that drifts to the right, a pixel a frame."""
    wide = picture(height, width + count)
    return [np.ascontiguousarray(wide[:, count - n : count - n + width]) for n in range(count)]


def both(host, dream: Dream, **options) -> tuple[Dreamer, Dreamer]:
    device = CudaDevice(host[0], **options)
    on_card = Dreamer(device, BridgedEngine(device, ToyEngine()), dream, seed=5)
    return on_card, Dreamer(CpuDevice(), ToyEngine(), dream, seed=5)


def test_the_notebooks_first_octave_is_the_cpu_devices(host):
    google = replace(RECIPES["google"].dream, octaves=1)
    ours, theirs = both(host, google)
    bgr = picture(40, 56)
    difference = np.abs(ours.still(bgr).astype(int) - theirs.still(bgr))
    assert difference.mean() <= 1
    assert difference.max() <= 2


def test_octaves_are_the_cpu_devices(host):
    google = replace(RECIPES["google"].dream, octaves=3, steps=3, blur=0.7)
    ours, theirs = both(host, google)
    bgr = picture()
    assert np.abs(ours.still(bgr).astype(int) - theirs.still(bgr)).mean() <= 1


def test_live_is_the_cpu_devices(host):
    ours, theirs = both(host, LIVE)
    for index, frame in enumerate(moving(8)):
        got, expected = ours.live(frame, index / 25), theirs.live(frame, index / 25)
        assert np.abs(got.astype(int) - expected).mean() <= 1
    assert np.abs(got.astype(int) - frame).mean() > 4


WEIGHTS = np.random.default_rng(2).random((7, 9)).astype(np.float32)

OPERATIONS = {
    "resample": lambda device, a, b: device.resample(a, 31, 17, False),
    "resample corners": lambda device, a, b: device.resample(a, 31, 17, True),
    "resample difference": lambda device, a, b: device.resample(device.subtract(a, b), 9, 40, True),
    "subtract": lambda device, a, b: device.subtract(a, b),
    "add": lambda device, a, b: device.add(a, b),
    "add difference": lambda device, a, b: device.add(a, device.subtract(a, b)),
    "add resampled": lambda device, a, b: device.add(a, device.resample(b, 20, 24, False)),
    "add resampled difference": lambda device, a, b: device.add(
        a, device.resample(device.subtract(a, b), 20, 24, True)
    ),
    "limit": lambda device, a, b: device.limit(a, 0.1),
    "limit difference": lambda device, a, b: device.limit(device.subtract(a, b), 0.1),
    "limit nothing": lambda device, a, b: device.limit(device.subtract(a, b), 0),
    "add limited": lambda device, a, b: device.add(b, device.limit(device.subtract(a, b), 0.1)),
    "add limited to another": lambda device, a, b: device.add(
        a, device.limit(device.subtract(a, b), 0.1)
    ),
    "mask": lambda device, a, b: device.mask(a, WEIGHTS, 3, -40),
    "mask a difference": lambda device, a, b: device.mask(device.subtract(a, b), WEIGHTS, 0, 0),
    "ascend masked": lambda device, a, b: device.ascend(a, device.mask(b, WEIGHTS, 5, 3), 1, 5, 3),
    "pull": lambda device, a, b: device.pull(a, device.subtract(a, b), 0.7, 0.3, 3, -40),
    "ascend pulled": lambda device, a, b: device.ascend(
        a, device.pull(device.blur(b, 1), a, 0.7, 0.3, 5, 3), 0.02, 5, 3
    ),
    "prune": lambda device, a, b: device.prune(device.subtract(a, b), b, 0.3, 0.2, 3, -40),
    "jitter": lambda device, a, b: device.jitter(a, 3, -40),
    "jitter twice": lambda device, a, b: device.jitter(device.jitter(a, 3, -4), 1, 1),
    "subtract a jittered": lambda device, a, b: device.subtract(device.jitter(a, 1, 2), b),
    "blur": lambda device, a, b: device.blur(a, 0.8),
    "blur nothing": lambda device, a, b: device.blur(a, 0),
    "balance": lambda device, a, b: device.balance(a, 0.65, 1),
    "balance colours": lambda device, a, b: device.balance(device.subtract(a, b), 0.3, 0),
    "ascend balanced": lambda device, a, b: (
        device.ascend(a, device.balance(device.blur(b, 1), 0.65, 1), 0.02, 5, 3)
    ),
    "ascend": lambda device, a, b: device.ascend(device.jitter(a, 5, 3), b, 0.02, 5, 3),
    "ascend blurred": lambda device, a, b: device.ascend(a, device.blur(b, 1), 0.02, 5, 3),
    "ascend after another blur": lambda device, a, b: (
        gradient := device.blur(b, 1), device.blur(a, 2), device.ascend(a, gradient, 0.02, 0, 0)
    )[-1],
    "ascend after a limit": lambda device, a, b: (
        gradient := device.blur(b, 1), device.limit(a, 0.01),
        device.ascend(a, gradient, 0.02, 0, 0),
    )[-1],
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_together_are_the_cpu_devices(host, name):
    random = np.random.default_rng(1)
    a, b = (random.random((3, 20, 24), np.float32) for _ in range(2))
    device = CudaDevice(host[0])
    got = OPERATIONS[name](device, device.put(a), device.put(b))
    expected = OPERATIONS[name](CpuDevice(), a, b)
    assert device.size(got) == expected.shape[1:]
    assert np.abs(device.fetch(got) - expected).max() < 2e-5


def test_warped_is_the_definition(host):
    random = np.random.default_rng(1)
    residual, base = (random.random((3, 20, 24), np.float32) for _ in range(2))
    flow, keep = random.random((2, 20, 24), np.float32), random.random((20, 24), np.float32)
    device = CudaDevice(host[0])
    warped = device.warp(device.put(residual), flow, keep)
    flow[:] = keep[:] = 9  # they are copied
    total = device.add(device.put(base), warped)
    random = np.random.default_rng(1)
    residual, base = (random.random((3, 20, 24), np.float32) for _ in range(2))
    flow, keep = random.random((2, 20, 24), np.float32), random.random((20, 24), np.float32)
    expected = kernels.warp(residual, flow, keep)
    assert np.abs(device.fetch(warped) - expected).max() < 1e-5
    assert np.abs(device.fetch(total) - base - expected).max() < 1e-5


def test_the_networks_place_does_not_move_and_old_arrays_are_refused(host):
    device = CudaDevice(host[0])
    image = device.put(np.ones((3, 20, 24), np.float32))
    first = device.jitter(image, 1, 1)
    second = device.jitter(image, 2, 2)
    assert first.place is second.place
    device.blur(second, 1)
    with pytest.raises(RuntimeError, match="after the next one"):
        device.blur(first, 1)
    other = device.jitter(device.put(np.ones((3, 20, 25), np.float32)), 1, 1)
    device.blur(second, 1)
    assert other.place is not second.place


def run(dreamer: Dreamer, frames: list[np.ndarray], start: int = 0) -> list[np.ndarray]:
    return [dreamer.live(frame, (start + n) / 25) for n, frame in enumerate(frames)]


def test_a_steady_stream_allocates_nothing(host):
    ours, _ = both(host, LIVE, ahead=1)
    frames = moving(10)
    shown = None
    for start in (0, 4):
        if start:
            host[1].counts.clear()
        for n in range(start, 4 if not start else 10):
            shown = np.asarray(ours.live(frames[n], n / 25))
    assert shown is not None
    counts = host[1].counts
    assert (counts["allocations"], counts["pinned"], counts["frees"]) == (0, 0, 0)


class Still:
    """An engine on the card that climbs the image itself: no waiting."""

    minimum_size = 8

    def gradient(self, image):
        return image


@pytest.mark.parametrize("ahead", [0, 1])
@pytest.mark.parametrize("read", [True, False])
def test_one_wait_a_frame(host, ahead, read):
    device = CudaDevice(host[0], ahead=ahead)
    dreamer = Dreamer(device, Still(), LIVE)
    frames = moving(7)
    run(dreamer, frames[:3])
    host[1].counts.clear()
    for n, frame in enumerate(frames[3:]):
        got = dreamer.live(frame, (3 + n) / 25)
        if read:
            np.asarray(got)
    assert host[1].counts["synchronisations"] in ((4, 5) if read else (4,))
    # Nobody looked at those that were not read: what is shown is composed on the card.
    assert host[1].counts["from"] == (0 if ahead and not read else 4)
    # The camera's bytes, the flow and where to trust it.
    assert host[1].counts["to"] == 12


def test_a_download_is_read_when_it_is_wanted(host):
    device = CudaDevice(host[0], ahead=1)
    image = device.upload(picture())
    host[1].counts.clear()
    first = device.download(image)
    assert isinstance(first, Download)
    assert first.shape == picture().shape
    assert host[1].counts["synchronisations"] == 0
    second = device.download(image)
    assert host[1].counts["synchronisations"] == 1
    assert np.array_equal(np.asarray(first), picture())
    assert np.array_equal(np.asarray(second), picture())
    np.asarray(second)
    second.drawn.finish(device)
    assert host[1].counts["synchronisations"] == 3
    assert host[1].counts["from"] == 2
    assert np.asarray(second, np.float32).dtype == np.float32


def test_a_picture_that_is_kept_is_not_written_over(host):
    device = CudaDevice(host[0])
    bgr = picture()
    kept = device.download(device.upload(bgr))[2:4]
    for _ in range(4):
        device.download(device.upload(255 - bgr))
    assert np.array_equal(kept, bgr[2:4])
    pinned = host[1].counts["pinned"]
    del kept
    gc.collect()
    device.download(device.upload(bgr))
    assert host[1].counts["pinned"] == pinned


def test_passes_over_memory_are_saved(host):
    """Launches of a live frame: each is one pass over the picture, but for the measuring ones'
    second, small part."""
    device = CudaDevice(host[0])
    dreamer = Dreamer(device, Still(), replace(LIVE, blur=1.0))
    frames = moving(3)
    run(dreamer, frames[:2])
    host[1].counts.clear()
    run(dreamer, frames[2:], 2)
    # to planar, warp + base, resample, [jitter, blur, finish, ascend], resample + image,
    # [jitter, blur, finish, ascend], measure, finish, limit + base, to bytes
    assert host[1].counts["launches"] == 16


def test_a_mask_goes_to_the_card_once_for_all_steps(host):
    device = CudaDevice(host[0])
    dreamer = Dreamer(device, Still(), replace(LIVE, steps=3))
    dreamer.mask = WEIGHTS
    frames = moving(4)
    run(dreamer, frames[:2])
    host[1].counts.clear()
    run(dreamer, frames[2:], 2)
    # Of two frames each: the picture, the flow, where it holds, and the mask of what is carried;
    # then that of the steps.
    assert host[1].counts["to"] == 2 * 5


def test_other_threads_attach_and_let_go(host):
    device = CudaDevice(host[0])
    with device.attached():
        assert sum(host[1].threads.values()) == 1
    assert not sum(host[1].threads.values())


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("ahead", [0, 1])
def test_nothing_is_used_again_before_its_work_is_done(compiler, eager, ahead):
    """On a card that does everything as late as it may."""
    frames = moving(8, 32, 40)
    right = Dreamer(CudaDevice(counting_launcher(compiler)[0]), Still(), LIVE, seed=5)
    expected = run(right, frames)
    launcher = Launcher(LateBackend(compiler, eager))  # pyright: ignore[reportArgumentType]
    late = Dreamer(CudaDevice(launcher, ahead=ahead), Still(), LIVE, seed=5)
    shown = []
    for n, frame in enumerate(frames):
        camera = frame.copy()
        shown.append(late.live(camera, n / 25))
        camera[:] = 0  # the camera's buffer is its own again
        if n % 3 == 0:
            shown[-1] = np.asarray(shown[-1])
            gc.collect()
    assert all(np.array_equal(got, want) for got, want in zip(shown, expected, strict=True))


def test_a_difference_of_what_will_be_written_over_is_taken_at_once(host):
    device, cpu = CudaDevice(host[0]), CpuDevice()
    random = np.random.default_rng(1)
    a, b = (random.random((3, 20, 24), np.float32) for _ in range(2))
    shifted = device.jitter(device.put(a), 1, 2)
    difference = device.subtract(shifted, device.put(b))
    smaller = device.resample(shifted, 10, 12)
    warped = device.warp(shifted, np.zeros((2, 4, 4), np.float32), np.ones((4, 4), np.float32))
    device.jitter(device.put(b), 3, 3)
    moved = cpu.jitter(a, 1, 2)
    assert np.abs(device.fetch(difference) - (moved - b)).max() < 1e-6
    assert np.abs(device.fetch(smaller) - cpu.resample(moved, 10, 12)).max() < 1e-5
    assert np.abs(device.fetch(warped) - moved).max() < 1e-6


def test_one_thread_dreams_another_shows(host):
    """As it is on stage: the reader takes whatever is newest, and keeps it a while."""
    frames = moving(12)
    theirs = Dreamer(CpuDevice(), ToyEngine(), LIVE, seed=5)
    expected = [theirs.live(frame, n / 25) for n, frame in enumerate(frames)]
    device = CudaDevice(host[0], ahead=1)
    ours = Dreamer(device, BridgedEngine(device, ToyEngine()), LIVE, seed=5)
    slot: queue.Queue = queue.Queue()

    def dream() -> None:
        with device.attached():
            for n, frame in enumerate(frames):
                slot.put((n, ours.live(frame, n / 25)))

    thread = threading.Thread(target=dream)
    thread.start()
    kept = []
    for _ in frames:
        n, download = slot.get(timeout=PATIENCE)
        if n % 3 == 0:
            kept.append((n, np.asarray(download)))
    thread.join()
    for n, got in kept:
        assert np.abs(got.astype(int) - expected[n]).mean() <= 1
    assert not any(host[1].threads.values())


def test_many_steps_of_a_still_picture_keep_no_pinned_memory(host):
    """Where the network is on the processor, each step brings a gradient."""
    google = replace(RECIPES["google"].dream, octaves=1, steps=20)
    ours, _ = both(host, google)
    ours.still(picture(40, 56))
    assert host[1].counts["pinned"] <= 5


def test_events_are_used_again(host):
    """A steady stream of frames makes none: pycuda loses one that is let go by another thread."""
    device = CudaDevice(host[0], ahead=1)
    for _ in range(3):
        shown = device.download(device.upload(picture()))
    host[1].counts.clear()
    for _ in range(3):
        thread = threading.Thread(target=np.asarray, args=[shown])
        thread.start()
        thread.join()
        shown = device.download(device.upload(picture()))
    assert host[1].counts["events"] == 0


def test_trim_gives_back_what_nobody_uses(host):
    device = CudaDevice(host[0])
    image = device.upload(picture())
    device.download(device.upload(picture(30, 40)))
    before = host[1].counts["frees"]
    device.trim()
    assert host[1].counts["frees"] > before
    assert np.array_equal(device.download(image), picture())


def test_only_none_or_one_frame_is_queued_ahead(host):
    with pytest.raises(ValueError, match="0 or 1"):
        CudaDevice(host[0], ahead=2)


def test_others_show_what_a_card_dreams(card):
    """One thread dreams, another shows: the same pictures, and nothing is lost on the way."""
    frames = moving(8, 48, 64)
    theirs = Dreamer(CpuDevice(), ToyEngine(), LIVE, seed=5)
    expected = [theirs.live(frame, n / 25) for n, frame in enumerate(frames)]
    device = CudaDevice(card, ahead=1)
    ours = Dreamer(device, BridgedEngine(device, ToyEngine()), LIVE, seed=5)
    shown: queue.Queue = queue.Queue()
    seen: list[np.ndarray] = []

    def dream() -> None:
        with device.attached():
            for n, frame in enumerate(frames):
                shown.put(ours.live(frame, n / 25))

    def show() -> None:
        for _ in frames:
            seen.append(np.array(shown.get(timeout=PATIENCE)))

    with warnings.catch_warnings(record=True) as lost:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=work) for work in (dream, show)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()
    assert [str(warning.message) for warning in lost] == []
    assert len(seen) == len(frames)
    for got, want in zip(seen, expected, strict=True):
        assert np.abs(got.astype(int) - want).mean() <= 1


def test_the_notebooks_first_octave_on_a_card(card):
    google = replace(RECIPES["google"].dream, octaves=1)
    ours, theirs = both((card, None), google)
    bgr = picture(120, 160)
    assert np.abs(ours.still(bgr).astype(int) - theirs.still(bgr)).mean() <= 1


@pytest.mark.parametrize("ahead", [0, 1])
def test_on_a_card(card, ahead):
    """The same dream on a real card as on the processor."""
    ours, theirs = both((card, None), LIVE, ahead=ahead)
    for index, frame in enumerate(moving(6, 60, 80)):
        got, expected = ours.live(frame, index / 25), theirs.live(frame, index / 25)
        assert np.abs(np.asarray(got).astype(int) - expected).mean() <= 1
