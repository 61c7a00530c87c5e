"""The flash limiter on pictures that stay on the card."""

from __future__ import annotations

import numpy as np
import pytest

from livedream.kernels.launcher import Launcher
from livedream.kernels.operations import Operations
from livedream.runtime.cuda.buffers import Pool
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.card_pixels import CardPixels
from livedream.runtime.cuda.readback import CardError
from livedream.runtime.live.limiting import Limiting
from livedream.runtime.safety.limiter import FlashLimiter
from livedream.runtime.safety.pattern import softened
from livedream.runtime.safety.pixels import Processor

from ..safety import vectors
from ..safety.checking import limited, worst
from ..safety.defined import DefinedPixels
from .fakes import LateBackend


def pixels_on(launcher: Launcher) -> CardPixels:
    stream = launcher.stream()
    operations = Operations(launcher, stream)
    return CardPixels(CudaDevice(launcher), stream, Pool(launcher), operations)


def flashing():
    """Two moving halves that flash, and a change of size while they are held: 12 pictures."""
    for index in range(12):
        size = (48, 64) if index < 9 else (40, 70)
        picture = np.full((*size, 3), 40, np.uint8)
        picture[:, index : 30 + index] = 230 * (index % 2)
        picture[20:, 45:] = (0, 0, 255 * (index // 2 % 2))
        yield picture, index / 15


@pytest.mark.parametrize("which", ["late", "card"])
def test_pictures_on_the_card_are_limited_by_the_definitions(request, which):
    if which == "card":
        launcher = request.getfixturevalue("card")
    else:
        late = LateBackend(request.getfixturevalue("compiler"), eager=False)
        launcher = Launcher(late)  # pyright: ignore[reportArgumentType]
    pixels = pixels_on(launcher)
    limiter = FlashLimiter(pixels)
    expected, times = limited(flashing(), pixels=DefinedPixels())
    shown = []
    for (picture, time), wanted in zip(flashing(), expected, strict=True):
        shown.append(pixels.fetched(limiter.limit(pixels.sent(picture), time)))
        assert np.array_equal(shown[-1], wanted)
    assert worst(shown, times) <= 4
    given = [picture for picture, _ in flashing()]
    assert not all(map(np.array_equal, shown, given))


def test_a_calm_picture_is_itself_and_only_its_cells_come_down(host):
    launcher, backend = host
    pixels = pixels_on(launcher)
    limiter = FlashLimiter(pixels)
    pictures = [pixels.sent(np.full((20, 30, 3), 100 + n, np.uint8)) for n in range(4)]
    limiter.limit(pictures[0], 0.0)
    backend.counts.clear()
    for n, picture in enumerate(pictures[1:]):
        assert limiter.limit(picture, n / 30) is picture
    assert backend.counts == {"launches": 3, "from": 3, "synchronisations": 3}


def test_a_flash_sends_weights_alone_and_in_the_end_allocates_nothing(host):
    launcher, backend = host
    pixels = pixels_on(launcher)
    limiter = FlashLimiter(pixels)
    one, other = (pixels.sent(np.full((20, 30, 3), level, np.uint8)) for level in (0, 255))
    for n in range(7):
        limiter.limit((one, other)[n % 2], n / 30)
    backend.counts.clear()
    held = limiter.limit(other, 7 / 30)
    assert held is not other
    assert backend.counts["to"] == 1
    assert backend.counts["allocations"] == backend.counts["pinned"] == 0


def test_stripes_are_softened_as_by_the_processor(host):
    pixels, bars = pixels_on(host[0]), vectors.bars(12, 0.4)(0)
    there = pixels.sent(bars)
    assert np.abs(pixels.small(there).astype(int) - Processor().small(bars)).max() <= 1
    left = pixels.fetched(softened(pixels, there, 0.7))
    assert np.abs(left.astype(int) - softened(Processor(), bars, 0.7)).max() <= 2


def test_a_card_that_fails_says_so(host, monkeypatch):
    launcher, backend = host
    pixels = pixels_on(launcher)
    picture = pixels.sent(np.zeros((4, 4, 3), np.uint8))

    def lost(waited: object) -> None:
        raise RuntimeError("CUDA_ERROR_UNKNOWN")

    monkeypatch.setattr(backend, "synchronize", lost)
    with pytest.raises(CardError, match="CUDA_ERROR_UNKNOWN"):
        pixels.measure(picture)


def test_the_window_beside_the_camera_goes_on_from_what_the_card_showed(host):
    """It is limited in host memory; on and off, neither flashes more than all others."""
    compositor = CudaDevice(host[0]).compositor()
    limiting, window, times = Limiting(), [], []
    for index, (picture, time) in enumerate(flashing()):
        there = compositor.upload(picture)
        beside = index // 3 % 2 == 1
        shown, seen = limiting.limited(compositor, there, picture, "strict", beside, (time,) * 2)
        assert seen is not shown if beside else index > 3 or seen is shown
        window.append(seen)
        times.append(time)
    assert worst(window, times) <= 4
    limiting.close()
    compositor.close()
