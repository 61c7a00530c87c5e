"""Pictures composed on the card, its kernels on the processor, against those of host memory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest

from livedream.kernels.launcher import Launcher
from livedream.runtime.control.desk import Desk
from livedream.runtime.cuda.card import CudaDevice
from livedream.runtime.cuda.card_compositor import CardCompositor
from livedream.runtime.dream.cpu import CpuDevice
from livedream.runtime.dream.device import DeviceError
from livedream.runtime.frame import Frame
from livedream.runtime.live.climbing import FIRST
from livedream.runtime.live.composing import HostCompositor
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.presenter import Presenter, Shown
from livedream.runtime.scaling import resized
from livedream.runtime.slot import Slot
from livedream.runtime.stats import Stats

from .fakes import LateBackend

FULL, SMALL = (56, 64), (28, 32)
FIELD = cv2.normalize(
    cv2.GaussianBlur(
        np.random.default_rng(4).integers(0, 256, (90, 200, 3), np.uint8), (0, 0), 2
    ),
    None, 30, 220, cv2.NORM_MINMAX,
)  # fmt: skip
ADDED = cv2.GaussianBlur(
    np.random.default_rng(5).normal(0, 0.6, (*SMALL, 3)).astype(np.float32), (0, 0), 1.5
).transpose(2, 0, 1)


def frame(number: int) -> Frame:
    """A camera's frame; what is in it moves to the left."""
    image = np.ascontiguousarray(FIELD[9 : 9 + FULL[0], 2 * number : 2 * number + FULL[1]])
    return Frame(image, number / 25, number)


class Show:
    """A presenter, and dreams that a device computes."""

    def __init__(self, device, **said: object) -> None:
        self.device = device
        self.camera: Slot[Frame] = Slot()
        self.dreams: Slot[Dreamt] = Slot()
        self.desk = Desk({"a": 4}, {})
        self.desk.fade({"flash_limit": "off", **said}, "test", 0)
        self.said: list[str] = []
        self.presenter = Presenter(self.camera, self.dreams, self.desk, Stats(), self.said.append)

    def dreamt(self, of: Frame, detail: np.ndarray | None = None) -> Dreamt:
        """A dream, by way of the device, as `Dreamer` does it."""
        device, contrast = self.device, float(self.desk.base["camera"])
        picture = resized(of.image, SMALL[1], SMALL[0])
        base = device.upload(picture, contrast)
        added = device.subtract(self.put(ADDED + base_of(picture, contrast)), base)
        result = device.download(device.add(base, added), base)
        said = {"layers": "a", "camera": contrast}
        return Dreamt(picture, result, of.time, said, of, detail, device)

    def put(self, planes: np.ndarray):
        return self.device.put(planes) if isinstance(self.device, CudaDevice) else planes

    def show(self, number: int, dream: Dreamt | None = None) -> Shown:
        if dream:
            self.dreams.put(dream)
        self.camera.put(frame(number))
        shown = self.presenter._next()
        assert shown is not None
        return shown

    def run(self, count: int = 6) -> list[np.ndarray]:
        """Pictures, with a dream of each second frame that comes a frame late."""
        shown = []
        for number in range(count):
            fresh = self.dreamt(frame(max(0, number - 1))) if number % 2 or not number else None
            shown.append(self.show(number, fresh).dream.copy())
        return shown


def base_of(picture: np.ndarray, contrast: float) -> np.ndarray:
    return CpuDevice().upload(picture, contrast)


@contextmanager
def playing(device, **said: object) -> Iterator[Show]:
    show = Show(device, **said)
    try:
        yield show
    finally:
        show.presenter._composing.close()


SAID = {
    "plain": {},
    "half": {"amount": 0.5, "light": 0.7},
    "faded camera": {"camera": 0.4, "calm": 0},
    "mirrored and smaller": {"mirror": True, "picture": "48x42"},
    "in the lights": {"tone": 0.8},
    "adrift": {"zoom": 1.4, "turn": 40},
    "panic": {"panic": True, "light": 0.5},
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_shown_is_the_processors(host, name):
    with playing(CudaDevice(host[0], ahead=1), **SAID[name]) as ours:
        got = ours.run()
        assert isinstance(ours.presenter._composing.compositor, CardCompositor)
    with playing(CpuDevice(), **SAID[name]) as theirs:
        expected = theirs.run()
    for one, other in zip(got, expected, strict=True):
        difference = np.abs(one.astype(int) - other)
        assert difference.mean() < 0.5
        # OpenCV looks at places of 1/32 pixel.
        assert np.quantile(difference, 0.999) <= 3
    assert not ours.said


def test_a_dream_as_large_as_the_picture_is_shown_to_the_bit(host):
    with playing(CudaDevice(host[0], ahead=1), picture="32x28", fluid=False, calm=0) as show:
        for number in range(2):
            dream = show.dreamt(frame(number))
            np.testing.assert_array_equal(show.show(number, dream).dream, dream.dream)
        show.desk.fade({"light": 0.5}, "test", 0)
        dream = show.dreamt(frame(2))
        half = cv2.convertScaleAbs(dream.dream, alpha=0.5).astype(int)
        assert np.abs(show.show(2, dream).dream - half).max() <= 1


def test_a_picture_takes_one_upload_of_the_camera_and_one_download(host):
    device = CudaDevice(host[0], ahead=1)
    with playing(device) as show:
        show.run(8)
        gc.collect()
        host[1].counts.clear()
        show.show(8)
        counts = dict(host[1].counts)
        # The camera's bytes, and the motion with where to trust it, at 240 pixels.
        assert (counts.pop("to"), counts.pop("from"), counts.pop("synchronisations")) == (2, 1, 1)
        # Two dreams as one, carried, laid over the picture.
        assert counts == {"launches": 3}


def test_a_dream_is_not_downloaded(host):
    with playing(CudaDevice(host[0], ahead=1)) as show:
        show.run(8)
        dream = show.dreamt(frame(7))
        host[1].counts.clear()
        show.show(8, dream)
        assert host[1].counts["from"] == 1
        assert host[1].counts["to"] == 3  # And the motion to the new dream.


def test_finer_detail_and_masks_are_the_processors(host):
    detail = np.random.default_rng(6).integers(100, 156, (*FULL, 3), np.uint8)
    mask = cv2.blur((np.random.default_rng(7).random((18, 24)) > 0.5).astype(np.float32), (5, 5))
    got, expected = [], []
    for device, pictures in ((CudaDevice(host[0], ahead=1), got), (CpuDevice(), expected)):
        with playing(device) as show:
            show.presenter._where.at = lambda *_: mask
            shown = show.show(0, show.dreamt(frame(0), detail))
            pictures += [shown.dream, show.show(1).dream]
    for one, other in zip(got, expected, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 0.6


@pytest.mark.parametrize("eager", [True, False])
def test_nothing_is_used_again_before_its_work_is_done(compiler, host, eager):
    """On a card that does everything as late as it may."""
    with playing(CudaDevice(host[0], ahead=1)) as show:
        expected = show.run()
    launcher = Launcher(LateBackend(compiler, eager))  # pyright: ignore[reportArgumentType]
    with playing(CudaDevice(launcher, ahead=1)) as late:
        got = late.run()
    assert all(np.array_equal(one, other) for one, other in zip(got, expected, strict=True))


def test_a_card_without_memory_leaves_the_pictures_to_the_processor(host):
    with playing(CudaDevice(host[0], ahead=1)) as show:
        show.run(4)
        before = show.show(4).dream.copy()
        dream = show.dreamt(frame(4))
        host[1].full = True
        show.desk.fade({"picture": "48x42"}, "test", 0)  # No memory of that size yet.
        shown = show.show(5, dream)
        assert isinstance(show.presenter._composing.compositor, HostCompositor)
        assert len(show.said) == 1
        assert "out of memory. Pictures are composed on the processor." in show.said[0]
        # With the dream, which could still be read.
        assert np.abs(shown.dream.astype(int) - shown.picture).mean() > 5
        assert before.shape != shown.dream.shape
        composing, host[1].full = show.presenter._composing, False
        show.show(6, show.dreamt(frame(6)))
        assert isinstance(composing.compositor, HostCompositor)
        now = composing._clock()
        composing._clock = lambda: now + FIRST
        shown = show.show(7, show.dreamt(frame(7)))
        assert isinstance(composing.compositor, CardCompositor)
        assert np.abs(shown.dream.astype(int) - shown.picture).mean() > 5
        assert len(show.said) == 1


def test_a_card_that_goes_on_failing_is_tried_later_and_later(host):
    with playing(CudaDevice(host[0], ahead=1)) as show:
        show.run(4)
        composing, now = show.presenter._composing, [0.0]
        composing._clock = lambda: now[0]
        show.desk.fade({"picture": "48x42"}, "test", 0)
        dream, host[1].full = show.dreamt(frame(4)), True
        for number, moment in enumerate((0, FIRST - 1, FIRST, 3 * FIRST - 1, 3 * FIRST), 4):
            now[0] = moment
            show.show(number, dream)
        assert len(show.said) == 3
        host[1].full = False


def test_a_card_that_is_lost_leaves_the_bare_camera_until_the_processor_dreams(host, monkeypatch):
    with playing(CudaDevice(host[0], ahead=1)) as show:
        show.run(4)

        def lost(*_: object):
            raise RuntimeError("cuEventSynchronize failed: CUDA_ERROR_ILLEGAL_ADDRESS")

        for name in ("synchronize", "copy_from", "copy_to"):
            monkeypatch.setattr(host[1], name, lost)
        shown = show.show(4)
        np.testing.assert_array_equal(shown.dream, frame(4).image)
        assert "CUDA_ERROR_ILLEGAL_ADDRESS. Pictures are composed" in show.said[0]
        show.device = CpuDevice()
        again = show.show(5, show.dreamt(frame(4)))
        assert np.abs(again.dream.astype(int) - again.picture).mean() > 5
        assert len(show.said) == 1


def test_what_it_was_given_is_given_back(host):
    backend = host[1]
    with playing(CudaDevice(host[0], ahead=1)) as show:
        show.dreamt(frame(0))
        before = len(backend._live)
        show.run(3)
        assert len(backend._live) > before + 5
        device = show.device
    with device.attached():
        device.trim()
    # What is left is the dreams', and two that the presenter holds.
    assert len(backend._live) <= before + 5


def test_a_dream_of_unknown_base_is_the_processors(host):
    with playing(CudaDevice(host[0], ahead=1)) as show:
        dream = show.dreamt(frame(0))
        dream.result.base = None  # pyright: ignore[reportAttributeAccessIssue]
        shown = show.show(0, dream)
        assert np.abs(shown.dream.astype(int) - shown.picture).mean() > 5
        assert isinstance(show.presenter._composing.compositor, HostCompositor)


def test_a_card_that_has_no_stream_to_give_is_not_composed_on(host, monkeypatch):
    device = CudaDevice(host[0], ahead=1)

    def none(urgent: bool):
        raise RuntimeError("cuStreamCreate failed: CUDA_ERROR_OUT_OF_MEMORY")

    monkeypatch.setattr(host[1], "stream", none)
    with pytest.raises(DeviceError, match="OUT_OF_MEMORY"):
        device.compositor()
    with playing(device) as show:
        show.show(0, replace(show.dreamt(frame(0))))
        assert len(show.said) == 1


def test_flashes_are_limited_on_the_card_and_on_without_it(host, monkeypatch):
    """White and black pictures in turn: held on the card, and held on when it fails."""
    with playing(CudaDevice(host[0], ahead=1), flash_limit="strict", amount=0) as show:
        dark = frame(0)
        shown = []
        for number in range(16):
            if number == 10:
                monkeypatch.setattr(host[1], "launch", broken)
            image = np.full_like(dark.image, 255 * (number % 2))
            dream = show.dreamt(dark) if number == 0 else None
            if dream:
                show.dreams.put(dream)
            show.camera.put(Frame(image, number / 25, number))
            made = show.presenter._next()
            assert made is not None
            shown.append(float(made.dream.mean()))
        steps = np.abs(np.diff(shown))
        assert (steps > 25).sum() <= 4
        assert len(show.said) == 1


def broken(*_: object) -> None:
    raise RuntimeError("cuLaunchKernel failed: CUDA_ERROR_ILLEGAL_ADDRESS")
