"""A second opinion: the independent port of EA's IRIS, where `iris-pse-detection` is installed."""

import pytest

from tests.runtime.safety import vectors
from tests.runtime.safety.checking import limited

pytest.importorskip("iris_pse_detection")

RATE = 30
# It fails lasting stripes however they are shown; the limiter leaves patterns alone.
FLASHES = [name for name in vectors.VECTORS if "size" not in name]


def verdicts(pictures):
    """(fails, fails for lasting too long) of a sequence of pictures of one size."""
    from iris_pse_detection import Configuration
    from iris_pse_detection.flash_detection import FlashDetection

    detection = FlashDetection(RATE, pictures[0].shape[:2], Configuration())
    for index, picture in enumerate(pictures):
        detection.set_current_frame(picture)
        detection.analyse_frame(index)
    return detection.flash_fail, detection.extended_failure


def pictures_of(name, seconds):
    return [(vectors.VECTORS[name](time), time) for time in vectors.times(RATE, seconds)]


@pytest.mark.parametrize("name", FLASHES)
def test_every_limited_vector_passes(name):
    shown, _ = limited(pictures_of(name, 2.5))
    assert verdicts(shown) == (False, False)


def test_what_is_not_limited_fails():
    assert verdicts([picture for picture, _ in pictures_of("full 10 Hz", 2.5)])[0]


@pytest.mark.parametrize("name", ["full 2.5 Hz", "full 10 Hz", "sine", "red/yellow"])
def test_nothing_limited_lasts_too_long(name):
    shown, _ = limited(pictures_of(name, 6))
    assert verdicts(shown) == (False, False)
