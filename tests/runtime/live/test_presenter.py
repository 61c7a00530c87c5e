"""Pictures at the camera's rate and size, with the newest dream on them."""

from __future__ import annotations

import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.modulation import Modulation
from livedream.runtime.control.tempo import Tempo
from livedream.runtime.dream.device import DeviceError
from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.live import composing
from livedream.runtime.live.loop import Dreamt
from livedream.runtime.live.patience import MOST
from livedream.runtime.live.presenter import Presenter, Shown
from livedream.runtime.scaling import resized
from livedream.runtime.slot import Closed, Slot
from livedream.runtime.stats import Stats

from ...patience import PATIENCE, until

FULL, SMALL = (360, 640), (90, 160)
FIELD = cv2.GaussianBlur(
    np.random.default_rng(4).integers(0, 256, (400, 900, 3), np.uint8), (0, 0), 6
)
FIELD = cv2.normalize(FIELD, None, 30, 220, cv2.NORM_MINMAX)


def frame(number: int, shift: int = 0) -> Frame:
    """A camera's frame; what is in it has moved `shift` pixels to the left."""
    image = np.ascontiguousarray(FIELD[20 : 20 + FULL[0], shift : shift + FULL[1]])
    return Frame(image, float(number), number)


def dreamt(of: Frame, change: int = 40) -> Dreamt:
    """A dream that made a spot in the middle brighter."""
    picture = resized(of.image, SMALL[1], SMALL[0])
    spot = np.zeros((*SMALL, 3), np.uint8)
    cv2.circle(spot, (80, 45), 12, (change,) * 3, -1)
    return Dreamt(picture, cv2.add(picture, spot), of.time, {"layers": "a", "camera": 1.0}, of)


class Stage:
    def __init__(self) -> None:
        self.camera: Slot[Frame] = Slot()
        self.dreams: Slot[Dreamt] = Slot()
        self.desk = Desk({"a": 4}, {})
        self.stats, self.said = Stats(), []
        self.presenter = Presenter(
            self.camera, self.dreams, self.desk, self.stats, self.said.append
        )

    def show(self, *, dream: Dreamt | None = None, camera: Frame | None = None) -> Shown | None:
        if dream:
            self.dreams.put(dream)
        if camera:
            self.camera.put(camera)
        return self.presenter._next()

    def say(self, **values: object) -> None:
        self.desk.fade(values, "test", 0)


def to_the_end(slot: Slot) -> None:
    while True:
        slot.take(PATIENCE)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def centre(shown: Shown) -> tuple[float, float]:
    """Where the dream is in the picture: (x, y) in pixels."""
    change = shown.dream.astype(float).sum(2) - shown.picture.astype(float).sum(2)
    y, x = np.mgrid[0 : change.shape[0], 0 : change.shape[1]]
    change = np.where(change > 30, change, 0)
    return float((x * change).sum() / change.sum()), float((y * change).sum() / change.sum())


def test_the_picture_is_as_large_and_sharp_as_the_camera(stage):
    first = frame(0)
    shown = stage.show(dream=dreamt(first), camera=first)
    assert shown.dream.shape == (*FULL, 3)
    np.testing.assert_array_equal(shown.picture, first.image)
    np.testing.assert_array_equal(shown.dream[:80, :200], first.image[:80, :200])
    assert shown.dream[180, 320].astype(int).sum() > first.image[180, 320].astype(int).sum() + 60
    assert (shown.time, shown.dreamt, shown.settings) == (0.0, 0.0, {"layers": "a", "camera": 1.0})


def test_every_camera_frame_is_shown_with_the_dream_where_it_belongs(stage):
    first = frame(0)
    x, y = centre(stage.show(dream=dreamt(first), camera=first))
    shown = stage.show(camera=frame(1, shift=24))
    assert (shown.time, shown.dreamt) == (1.0, 0.0)
    moved = centre(shown)
    assert moved[0] == pytest.approx(x - 24, abs=4)
    assert moved[1] == pytest.approx(y, abs=4)


def test_at_a_cut_the_old_dream_is_not_shown(stage):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    other = Frame(first.image // 4, 1.0, 1)
    shown = stage.show(camera=other)
    np.testing.assert_array_equal(shown.dream, other.image)


def test_panic_is_the_bare_camera_at_once_and_back(stage):
    first = frame(0)
    stage.say(camera=0.3)
    dreamed = stage.show(dream=dreamt(first), camera=first)
    assert not np.array_equal(dreamed.dream, first.image)
    stage.say(panic=True)
    np.testing.assert_array_equal(stage.show(camera=replace(first, index=1)).dream, first.image)
    stage.say(panic=False)
    again = stage.show(camera=replace(first, index=2))
    assert not np.array_equal(again.dream, first.image)


def test_what_is_said_while_a_frame_is_awaited_shapes_that_frame(stage, monkeypatch):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    take = stage.camera.take

    def late(wait, **how):
        stage.say(amount=0)
        return take(wait, **how)

    monkeypatch.setattr(stage.camera, "take", late)
    np.testing.assert_array_equal(stage.show(camera=replace(first, index=1)).dream, first.image)


def test_what_is_said_while_the_dream_is_carried_shapes_that_picture_too(stage, monkeypatch):
    stage.show(dream=dreamt(frame(1)), camera=frame(1))
    carried = stage.presenter._composing.afterimage.at

    def carry(*arguments):
        stage.say(amount=0)
        return carried(*arguments)

    monkeypatch.setattr(stage.presenter._composing.afterimage, "at", carry)
    shown = stage.show(camera=frame(2))
    assert np.array_equal(shown.dream, shown.picture)


def test_waves_are_those_of_the_moment_at_which_a_picture_is_seen(stage):
    now = time.monotonic()
    stage.say(amount=0.5)
    stage.desk.modulate([Modulation("amount", 1, 100, "beats", "square")])
    stage.desk.tempo = Tempo(60, now + 20, 0)  # Down until then, and up after it.
    stage.stats.shown(0.3)

    def dreams(at: float) -> bool:
        taken = replace(frame(1), time=at)
        shown = stage.show(dream=dreamt(taken), camera=taken)
        return not np.array_equal(shown.dream, shown.picture)

    assert not dreams(now + 19.6)
    assert dreams(now + 19.8)
    assert not dreams(now)  # Never for a moment that is over.
    stage.desk.tempo = Tempo(60, time.monotonic() - 0.1, 0)
    assert dreams(now - 5)


def test_amount_size_and_mirror_are_the_desks(stage):
    first = frame(0)
    stage.say(amount=0, picture="320x320", mirror=True)
    shown = stage.show(dream=dreamt(first), camera=first)
    expected = cv2.flip(resized(first.image, 320, 180), 1)
    np.testing.assert_array_equal(shown.dream, expected)
    stage.say(picture="160x90", amount=1, mirror=False)
    dream = dreamt(frame(1))
    shown = stage.show(dream=dream, camera=dream.frame)
    np.testing.assert_array_equal(shown.dream, dream.result)  # to the bit
    assert (shown.time, shown.settings) == (1.0, {"layers": "a", "camera": 1.0})
    stage.say(amount=0.5)
    half = stage.show(dream=dreamt(frame(2)), camera=frame(2))
    brighter = half.dream.astype(int) - half.picture
    assert brighter.max() == pytest.approx(20, abs=1)


def test_the_light_goes_down_to_black(stage):
    first = frame(0)
    bright = stage.show(dream=dreamt(first), camera=first)
    stage.say(light=0.5)
    half = stage.show(dream=dreamt(frame(1)), camera=frame(1))
    assert half.picture.mean() == pytest.approx(bright.picture.mean() / 2, rel=0.05)
    stage.say(light=0)
    dark = stage.show(dream=dreamt(frame(2)), camera=frame(2))
    assert not dark.dream.any()
    assert not dark.picture.any()


@pytest.mark.parametrize(
    ("size", "fits"),
    [((60, 3840), (30, 1920)), ((2160, 96), (1080, 48)), ((1080, 1920), (1080, 1920))],
)
def test_no_picture_is_larger_than_a_screen(stage, size, fits):
    large = Frame(np.full((*size, 3), 90, np.uint8), 0.0, 0)
    small = resized(large.image, 40, 40)
    stage.show(dream=Dreamt(small, small, 0.0, {"camera": 1.0}, large), camera=large)
    assert stage.show(camera=replace(large, index=1)).dream.shape == (*fits, 3)


def test_a_dream_that_comes_with_a_newer_frame_is_shown_on_that(stage):
    first, newest = frame(0), frame(4, shift=20)
    stage.show(dream=dreamt(first), camera=first)
    shown = stage.show(dream=dreamt(frame(1)), camera=newest)
    np.testing.assert_array_equal(shown.picture, newest.image)
    assert (shown.time, shown.dreamt) == (4.0, 1.0)


def test_in_a_panic_the_camera_is_shown_clean(stage):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    stage.say(panic=True)
    shown = stage.show(camera=frame(1))
    np.testing.assert_array_equal(shown.dream, shown.picture)


def test_where_nothing_comes_nothing_failed(stage):
    assert stage.presenter._next() is None
    first = frame(0)
    assert stage.show(camera=first) is None  # no dream yet
    stage.show(dream=dreamt(first))
    stage.camera.take(0)
    assert stage.presenter._next() is None
    assert (stage.stats.unshown, stage.said) == (0, [])


@pytest.mark.parametrize("error", [None, LivedreamError("the cable burnt")])
def test_after_the_cameras_end_the_last_dreams_are_still_shown(stage, error):
    first, last = frame(0), frame(2, shift=30)
    stage.show(dream=dreamt(first))
    stage.camera.close(error)
    shown = stage.show(dream=dreamt(last))
    np.testing.assert_array_equal(shown.picture, last.image)
    stage.dreams.close()
    stage.presenter.run()
    with pytest.raises(Closed):
        stage.presenter.output.take(0)
    assert stage.said == []


def test_without_fluid_each_dream_is_shown_on_its_own_frame(stage):
    stage.say(fluid=False)
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    second = frame(3, shift=40)
    shown = stage.show(dream=dreamt(second), camera=frame(9, shift=80))
    assert shown.time == 3.0
    np.testing.assert_array_equal(shown.picture, second.image)


def test_the_frozen_picture_stands_while_its_dream_grows(stage):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    stage.say(freeze=True)
    shown = stage.show(dream=dreamt(first, change=80), camera=frame(5, shift=60))
    np.testing.assert_array_equal(shown.picture, first.image)


def test_a_new_dream_comes_up_over_some_pictures_and_the_camera_at_once(stage):
    first = frame(0)
    stage.show(dream=dreamt(first, 40), camera=first)

    def brightness(number: int, **more: object) -> float:
        image = Frame(first.image, 0.04 * number, number)
        shown = stage.show(camera=image, **more)
        return float(shown.dream[180, 320].astype(int).sum() - image.image[180, 320].sum()) / 3

    before = brightness(1)
    after = [
        brightness(2, dream=dreamt(replace(first, time=0.08), 80)),
        *map(brightness, (3, 4, 8)),
    ]
    assert before == pytest.approx(40, abs=3)
    assert after == pytest.approx([60, 70, 75, 80], abs=3)
    stage.say(calm=0)
    again = brightness(9, dream=dreamt(replace(first, time=0.36), 40))
    assert again == pytest.approx(40, abs=3)


def test_the_camera_keeps_the_contrast_that_is_said_under_the_dream(stage):
    stage.say(camera=0.5)
    first = frame(0)
    picture = resized(first.image, SMALL[1], SMALL[0])
    faded = cv2.convertScaleAbs(picture, None, 0.5, 59)
    dream = Dreamt(picture, faded, 0.0, {"layers": "a", "camera": 0.5}, first)
    shown = stage.show(dream=dream, camera=first)
    np.testing.assert_allclose(shown.dream.astype(int), 0.5 * first.image + 59, atol=2)
    np.testing.assert_array_equal(shown.picture, first.image)
    stage.say(amount=0.5)
    shown = stage.show(dream=dream, camera=first)
    np.testing.assert_allclose(shown.dream.astype(int), 0.75 * first.image + 29.5, atol=2)


@pytest.mark.parametrize(("tone", "kept"), [(1, "light"), (-1, "dark")])
def test_a_dream_in_the_lights_or_in_the_shadows_alone(stage, tone, kept):
    image = np.full((*FULL, 3), 40, np.uint8)
    image[:, 320:] = 200
    first = Frame(image, 0.0, 0)
    small = resized(image, SMALL[1], SMALL[0])
    stage.say(tone=tone)
    dream = Dreamt(small, small + np.uint8(30), 0.0, {"layers": "a", "camera": 1.0}, first)
    for camera in (first, Frame(image, 0.04, 1)):  # its own picture, and a later one
        shown = stage.show(dream=dream, camera=camera)
        change = shown.dream.astype(int) - image
        dark, light = change[:, :280].mean(), change[:, 360:].mean()
        assert (light if kept == "light" else dark) == pytest.approx(30, abs=2)
        assert (dark if kept == "light" else light) == pytest.approx(0, abs=2)


def test_between_two_dreams_the_dream_drifts_on(stage):
    first = frame(0)
    x, y = centre(stage.show(dream=dreamt(first), camera=first))
    stage.say(drift_x=0.5, drift_y=0)
    moved = centre(stage.show(camera=Frame(first.image, 0.2, 1)))
    assert moved[0] == pytest.approx(x + 0.2 * 0.5 * FULL[1], abs=4)
    assert moved[1] == pytest.approx(y, abs=4)


def test_a_picture_from_a_card_that_failed_is_passed_over(stage):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)

    class Lost:
        def __array__(self, *_: object, **__: object):
            raise DeviceError("gone")

    failed = dreamt(frame(1))
    object.__setattr__(failed, "result", Lost())
    shown = stage.show(dream=failed, camera=frame(2))
    assert shown.dreamt == 0.0


def test_it_ends_with_the_dreams_and_their_error(stage):
    first = frame(0)
    stage.dreams.put(dreamt(first))
    stage.camera.put(first)
    stage.presenter.start()
    assert stage.presenter.output.take(PATIENCE) is not None
    stage.camera.close()
    stage.dreams.close(ValueError("the show"))
    with pytest.raises(ValueError, match="the show"):
        to_the_end(stage.presenter.output)
    stage.presenter.join(PATIENCE)


def test_odd_frames_are_left_out_and_many_in_a_row_end_it(stage):
    first = frame(0)
    stage.show(dream=dreamt(first), camera=first)
    odd = Frame(np.zeros((4, 4), np.uint8), 1.0, 1)
    for _ in range(MOST - 1):
        stage.camera.put(odd)
        assert stage.presenter._next() is None
    stage.camera.put(frame(2))
    assert stage.presenter._next() is not None
    for _ in range(MOST - 1):
        stage.camera.put(odd)
        stage.presenter._next()
    assert stage.said == [
        "A frame was not shown: The source gave uint8 4x4, which is no colour picture."
    ]
    stage.camera.put(odd)
    with pytest.raises(LivedreamError, match=r"100 frames in a row .* shown; .* no colour picture"):
        stage.presenter._next()
    assert stage.stats.report()["unshown"] == 2 * MOST - 1


def test_a_library_that_ends_the_program_is_an_error_for_the_taker(stage, monkeypatch):
    def leave(*given):
        raise SystemExit(3)

    monkeypatch.setattr(composing, "residual_of", leave)
    stage.dreams.put(dreamt(frame(0)))
    stage.presenter.run()
    with pytest.raises(LivedreamError, match="SystemExit: 3"):
        stage.presenter.output.take(0)


def test_the_presenter_hears_nothing_after_the_end(stage):
    heard: list[Shown] = []
    stage.presenter.listener = heard.append
    stage.presenter.start()
    first = frame(0)
    stage.dreams.put(dreamt(first))
    stage.camera.put(first)
    until(lambda: heard)
    stage.presenter.stop()
    stage.presenter.join(PATIENCE)
    assert not stage.presenter.is_alive()
    with pytest.raises(Closed):
        to_the_end(stage.presenter.output)
