"""What the limiter promises, counted by the oracle on what it shows."""

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import UsageError
from livedream.runtime.safety import meter
from livedream.runtime.safety.cells import planes, smoothed
from livedream.runtime.safety.limiter import FlashLimiter
from livedream.runtime.safety.pixels import Processor
from livedream.runtime.safety.transitions import THRESHOLDS
from tests.runtime.safety import oracle, vectors
from tests.runtime.safety.checking import OWN_GRIDS, SHIFTED_GRIDS, flashing_share, limited, worst
from tests.runtime.safety.defined import DefinedPixels, GuessingPixels


@pytest.fixture
def pixels(compiled) -> Processor:
    """Every way of the processor."""
    if not compiled:
        return Processor()
    from livedream.runtime.safety.compiled_pixels import CompiledProcessor

    return CompiledProcessor()


RATES = {name: (24, 30, 60, 7)[index % 4] for index, name in enumerate(vectors.VECTORS)}


def sequence(vector, rate, seconds=1.7, jitter=False):
    return [(vector(time), time) for time in vectors.times(rate, seconds, jitter)]


@pytest.mark.parametrize("name", vectors.VECTORS)
def test_at_most_two_flashes_in_any_second_and_cell(name):
    shown = limited(sequence(vectors.VECTORS[name], RATES[name], jitter=RATES[name] == 30))
    assert worst(*shown) <= 4


@pytest.mark.parametrize("name", ["full 10 Hz", "red/cyan", "islands", "sizes and sources"])
@pytest.mark.parametrize("mode", ["strict", "standard"])
def test_shifted_grids_stay_within_the_area_rule(name, mode):
    shown = limited(sequence(vectors.VECTORS[name], 30), mode)
    for grid, shift in SHIFTED_GRIDS:
        assert flashing_share(*shown, grid, shift) <= 0.25


@pytest.mark.parametrize("seed", range(8))
def test_hostile_streams(seed):
    shown = limited(vectors.hostile(seed, 60), "standard" if seed % 4 == 3 else "strict")
    if seed % 4 != 3:
        assert worst(*shown) <= 4
    assert flashing_share(*shown, (53, 31), 0.5) <= 0.25


@pytest.mark.parametrize("name", ["red/cyan", "full 10 Hz", "cuts of sizes"])
def test_every_way_of_the_processor_holds_the_bound(pixels, name):
    assert worst(*limited(sequence(vectors.VECTORS[name], 30), pixels=pixels)) <= 4


@pytest.mark.parametrize("seed", range(11, 13))
def test_every_way_of_the_processor_on_hostile_streams(pixels, seed):
    shown = limited(vectors.hostile(seed, 40), pixels=pixels)
    assert worst(*shown) <= 4
    assert flashing_share(*shown, (53, 31), 0.5) <= 0.25


@pytest.mark.parametrize("name", ["red/cyan", "cuts of sizes"])
def test_the_cards_way_holds_the_same_bound(name):
    assert worst(*limited(sequence(vectors.VECTORS[name], 30), pixels=DefinedPixels())) <= 4


@pytest.mark.parametrize("seed", range(8, 11))
def test_the_cards_way_on_hostile_streams(seed):
    shown = limited(vectors.hostile(seed, 40), pixels=DefinedPixels())
    assert worst(*shown) <= 4
    assert flashing_share(*shown, (53, 31), 0.5) <= 0.25


@pytest.mark.parametrize("name", ["full 10 Hz", "islands", "cuts of sizes"])
@pytest.mark.parametrize("mode", ["strict", "standard"])
def test_the_bound_rests_on_nothing_that_is_foreseen(name, mode):
    shown = limited(sequence(vectors.VECTORS[name], 30), mode, GuessingPixels())
    if mode == "strict":
        assert worst(*shown) <= 4
    assert flashing_share(*shown, (160, 90)) <= 0.25


def off_by(pixels, picture):
    """How far what is measured in any cell is from what the oracle sees: luminance and redness."""
    measured = map(planes, pixels.measure(picture))
    return np.max(
        [
            np.abs(np.stack(signals) - oracle.signals(picture, grid)).max((1, 2))
            for grid, *signals in zip(OWN_GRIDS, *measured, strict=True)
        ],
        axis=0,
    )


def pictures():
    """Of noise, and of one colour each: there nothing evens out what each pixel is off by."""
    random = np.random.default_rng(3)
    sizes = (320, 240), (161, 97), (97, 141), (640, 360), (160, 1080), (3, 2)
    yield from (random.integers(0, 256, (*size[::-1], 3), np.uint8) for size in sizes)
    for height in (2, 90, 120, 720, 1080):
        columns = np.repeat(random.integers(0, 256, (1, 160, 3), np.uint8), 2, axis=1)
        yield np.repeat(columns, height, axis=0)


def test_what_the_card_measures_is_what_the_oracle_sees():
    assert max(off_by(DefinedPixels(), picture).max() for picture in pictures()) < 5e-7


@pytest.mark.parametrize("single", [False, True], ids=["pairs", "single bytes"])
def test_what_is_measured_is_what_the_oracle_sees(pixels, single, monkeypatch):
    """Twice as far off, between two pictures, is a fifth at most of what the limiter's thresholds
    lie under the standards'."""
    if single:
        monkeypatch.setattr(meter, "_pairs", lambda: None)
    bound = np.array([1e-4, 3e-4])
    found = np.max([off_by(pixels, picture) for picture in pictures()], axis=0)
    assert (found < bound).all()
    assert (2 * bound <= 0.2 * (np.array([oracle.LUMINANCE, oracle.RED]) - THRESHOLDS[:, 0])).all()


@pytest.mark.parametrize("name", vectors.CALM)
def test_calm_pictures_pass_untouched(name):
    limiter = FlashLimiter(Processor())
    for picture, time in sequence(vectors.CALM[name], 30, 4):
        assert limiter.limit(picture, time) is picture


def test_the_standard_mode_limits_more_than_a_quarter_of_a_view():
    flashing = sequence(vectors.VECTORS["26 % of the block"], 30)
    assert flashing_share(*limited(flashing, "off"), (160, 90)) > 0.25
    assert flashing_share(*limited(flashing, "standard"), (160, 90)) <= 0.25


def test_a_flash_that_is_too_small_in_area_passes_only_the_standard_mode():
    flashing = sequence(vectors.VECTORS["24 % of the block"], 30, 1.5)
    mask = vectors.area(0.08, 1 / 3)
    assert worst(*limited(flashing)) <= 4
    small = sequence(vectors.masked(10, mask), 30, 1.5)
    assert worst(*limited(small, "standard")) > 4


def test_the_state_outlives_a_change_of_source_and_size():
    limiter = FlashLimiter(Processor())
    shown, times = [], []
    for index in range(90):
        lit = index // 3 % 2
        size = (40 + index // 6, 60)
        picture = np.full((*size, 3), 255 * lit, np.uint8)
        shown.append(limiter.limit(picture, index / 30).copy())
        times.append(index / 30)
    assert worst(shown, times) <= 4


def test_time_that_stands_still_or_runs_back_frees_nothing():
    limiter = FlashLimiter(Processor())
    shown = []
    for index in range(40):
        picture = vectors.plain(vectors.WHITE if index % 2 else vectors.BLACK)
        shown.append(limiter.limit(picture, 5.0 if index % 2 else 3.0).copy())
    assert worst(shown, [index / 1000 for index in range(40)]) <= 4


def test_nobody_writes_on_what_was_shown():
    """What comes next is pulled toward it."""
    limiter = FlashLimiter(Processor())
    for picture, time in sequence(vectors.VECTORS["full 10 Hz"], 30, 2):
        shown = limiter.limit(picture.copy(), time)
        with pytest.raises(ValueError, match="read-only"):
            shown[:] = 77


def test_the_flash_comes_back_after_a_rest():
    limiter = FlashLimiter(Processor())
    for picture, time in sequence(vectors.VECTORS["full 10 Hz"], 30, 2):
        limiter.limit(picture, time)
    black, white = vectors.plain(vectors.BLACK), vectors.plain(vectors.WHITE)
    for index in range(120):
        limiter.limit(black, 2 + index / 30)
    assert limiter.limit(white, 6.0) is white


def test_off_passes_everything_and_another_mode_is_refused():
    flashing = sequence(vectors.VECTORS["full 10 Hz"], 30)
    assert worst(*limited(flashing, "off")) == 20
    with pytest.raises(UsageError, match="strict, standard, off"):
        FlashLimiter(Processor(), "loose")


def test_the_oracle_counts_as_the_standards_do():
    times = [index / 60 for index in range(180)]
    three = [vectors.flash(3.0, vectors.BLACK, vectors.WHITE)(time) for time in times]
    assert oracle.counted(three, times, (16, 9)).max(axis=(1, 2)).tolist() == [6, 0]
    red = [vectors.flash(3.0, vectors.BLACK, vectors.RED)(time) for time in times]
    assert oracle.counted(red, times, (16, 9)).max(axis=(1, 2)).tolist() == [6, 6]
    small = [vectors.VECTORS["24 % of the block"](time) for time in times]
    assert 0.2 < flashing_share(small, times, (48, 36)) <= 0.25


def by_definition(picture, before, weights):
    """What `blended` gives, in real numbers: weights in 255 parts, rounded up over the cells; of
    each picture its share, rounded; both together."""
    codes = np.ceil(smoothed(weights) * 255).astype(np.uint8)
    size = picture.shape[1], picture.shape[0]
    share = cv2.resize(codes, size, interpolation=cv2.INTER_LINEAR)[..., None] / 255
    return (np.rint(before * share) + np.rint(picture * (1 - share))).astype(np.uint8)


def test_pulling_does_what_differs_and_gives_what_is_defined(pixels):
    random, way = np.random.default_rng(4), type(pixels)
    for size in ((320, 240), (640, 480), (200, 112), (320, 180), (161, 97), (97, 41)):
        picture = random.integers(0, 256, (*size[::-1], 3), np.uint8)
        before = random.integers(0, 256, picture.shape, np.uint8)
        weights = np.zeros(160 * 90 + 32 * 18 + 1, np.float32)
        pixels = way()
        pixels.measure(picture)
        for strength in (0, 4, 9):  # The picture is known; then what was made of it, twice.
            weights[random.integers(0, 160 * 90, strength)] = random.random(strength)
            mixed, found = pixels.pulled(picture, before, weights)
            whole = by_definition(picture, before, weights)
            np.testing.assert_array_equal(mixed, whole)
            np.testing.assert_array_equal(found, way().measure(whole))
            np.testing.assert_array_equal(way().mixed(picture, before, weights), whole)
        unknown = way().pulled(picture, before, weights)
        np.testing.assert_array_equal(unknown[0], whole)
        np.testing.assert_array_equal(unknown[1], found)


def test_what_is_foreseen_is_near_what_is_measured(pixels):
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (12, 20, 3), np.uint8)
    picture = cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC)
    noisy = cv2.add(picture, random.integers(0, 12, picture.shape, np.uint8))
    foreseen = pixels.foreseen(noisy)
    assert foreseen is not None
    assert np.abs(foreseen - pixels.measure(noisy)).max() < 0.02
    assert pixels.foreseen(picture[:180, :320]) is None
