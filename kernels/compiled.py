"""Kernels of the shown picture, compiled for this processor by Numba.

What OpenCV does in many passes over a picture is one here, in one call that does not hold Python's
lock. They do what `meter`, `hold` and `carry` of this package define. Importing this module
compiles it, which takes seconds once: Numba keeps the result where NUMBA_CACHE_DIR says. Raises
ImportError where Numba does not fit what is installed, RuntimeError where nothing can be kept.

Pictures are uint8 BGR [height, 3 * width] without gaps. Light is float32 [2, sums, width]:
luminance and redness, linear in 0..1, of height / sums rows of pixels together.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32, int32, uint8, uint16, void

_Given: Any = numba.types.Array(uint8, 2, "C", readonly=True)
_Made: Any = uint8[:, ::1]
_Plane: Any = float32[:, ::1]
_Light: Any = float32[:, :, ::1]


def _compiled(*arguments: Any) -> Any:
    return numba.njit(void(*arguments), nogil=True, cache=True, fastmath=True, error_model="numpy")


_inlined: Any = numba.njit(inline="always")

_BEND = np.float32(10.5)
"""Of the codes: up to it IEC 61966-2-1 is a line, and from there a curve."""
_LINE = np.float32(1 / 12.92 / 255)
# The polynomial of the fifth degree that is nearest to the curve: within 2.1e-5 of it.
_C0 = np.float32(0.001021006)
_C1 = np.float32(0.02998184 / 255)
_C2 = np.float32(0.5397533 / 255**2)
_C3 = np.float32(0.6094171 / 255**3)
_C4 = np.float32(-0.2392371 / 255**4)
_C5 = np.float32(0.05908419 / 255**5)
_BLUE, _GREEN, _RED = np.float32(0.0722), np.float32(0.7152), np.float32(0.2126)


@_inlined
def _linear(byte):
    """The light, 0..1, of a code, 0..255. A table takes twice the time: processors look up one byte
    at a time, and compute with many."""
    code = float32(byte)
    curve = _C0 + code * (_C1 + code * (_C2 + code * (_C3 + code * (_C4 + code * _C5))))
    return code * _LINE if code < _BEND else curve


@_inlined
def _clear(light, strip):
    for x in range(light.shape[2]):
        light[0, strip, x] = light[1, strip, x] = 0


@_inlined
def _add_light(row, luminance, redness):
    """Of a row of pixels."""
    for x in range(luminance.size):
        blue, green, red = _linear(row[3 * x]), _linear(row[3 * x + 1]), _linear(row[3 * x + 2])
        luminance[x] += _BLUE * blue + _GREEN * green + _RED * red
        redness[x] += max(red - green - blue, float32(0))


@_compiled(_Given, _Light)
def meter(picture, light):
    """Fills `light` with that of the picture."""
    strips = light.shape[1]
    high = picture.shape[0] // strips
    for strip in range(strips):
        _clear(light, strip)
        for y in range(strip * high, (strip + 1) * high):
            _add_light(picture[y], light[0, strip], light[1, strip])


@_inlined
def _part(byte, weight):
    """The nearest to byte * weight / 255."""
    product = uint16(uint16(byte) * weight + uint16(128))
    return uint16(uint16(product + (product >> uint16(8))) >> uint16(8))


@_inlined
def _hold_row(now, last, weights, held):
    """Whether `last` counts there."""
    any_weight = uint8(0)
    for x in range(weights.size):
        any_weight |= weights[x]
    if any_weight == 0:
        for place in range(now.size):
            held[place] = now[place]
        return False
    for x in range(weights.size):
        share = uint16(weights[x])
        rest = uint16(uint16(255) - share)
        for channel in range(3):
            place = 3 * x + channel
            held[place] = uint8(_part(last[place], share) + _part(now[place], rest))
    return True


@_compiled(_Given, _Given, _Given, _Light, _Made, _Light)
def hold(picture, before, weights, known, held, light):
    """Fills `held` with as many 255ths of `before` as the weights, uint8 [height, width], say, and
    of `picture` the rest, and `light` with that of it; nothing is measured without sums.

    known: the light of `picture`, with as many sums; none where it is not known.
    """
    strips = max(light.shape[1], 1)
    high = weights.shape[0] // strips
    for strip in range(strips):
        differs = known.shape[1] == 0
        for y in range(strip * high, (strip + 1) * high):
            differs |= _hold_row(picture[y], before[y], weights[y], held[y])
        if light.shape[1] == 0:
            continue
        if differs:
            _clear(light, strip)
            for y in range(strip * high, (strip + 1) * high):
                _add_light(held[y], light[0, strip], light[1, strip])
        else:
            for x in range(light.shape[2]):
                light[0, strip, x] = known[0, strip, x]
                light[1, strip, x] = known[1, strip, x]


@_compiled(_Given, _Plane, _Made)
def keep(residual, share, kept):
    """Fills `kept` with the share, [height, width] in 0..1, of a residual, bytes around 128."""
    for y in range(share.shape[0]):
        given, row, much = residual[y], kept[y], share[y]
        for x in range(much.size):
            for channel in range(3):
                place = 3 * x + channel
                level = much[x] * (float32(given[place]) - float32(128))
                row[place] = uint8(int32(level + float32(128.5)))
