"""Dangerous and harmless sequences: functions of seconds that return pictures, uint8 BGR."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

WIDTH, HEIGHT = 160, 120
Vector = Callable[[float], np.ndarray]
Color = tuple[int, int, int]


def gray(luminance: float) -> Color:
    """The sRGB code nearest to a linear luminance, 0..1."""
    code = 12.92 * luminance if luminance <= 0.0031308 else 1.055 * luminance ** (1 / 2.4) - 0.055
    return (round(code * 255),) * 3


def plain(color: Color) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), color, np.uint8)


def flash(hertz: float, one: Color, other: Color) -> Vector:
    return lambda time: plain(other if int(time * hertz * 2 + 1e-6) % 2 else one)


def masked(hertz: float, mask: np.ndarray, antiphase: bool = False) -> Vector:
    def picture(time: float) -> np.ndarray:
        on = bool(int(time * hertz * 2 + 1e-6) % 2)
        lit = np.where(mask, on, (not on) if antiphase else False)
        return np.repeat(lit[..., None], 3, axis=2).astype(np.uint8) * 255

    return picture


def area(share: float, inside: float = 1.0) -> np.ndarray:
    """A mask whose upper-left rectangle covers `share` of the upper-left `inside` of each side."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    side = (share**0.5) * inside
    mask[: round(HEIGHT * side), : round(WIDTH * side)] = True
    return mask


def islands() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for row in range(2):
        for column in range(4):
            mask[row * 60 + 10 : row * 60 + 41, column * 40 + 5 : column * 40 + 26] = True
    return mask


def checker(size: int) -> np.ndarray:
    y, x = np.indices((HEIGHT, WIDTH)) // size
    return (x + y) % 2 == 0


def wave(shape: Callable[[float], float], hertz: float) -> Vector:
    return lambda time: plain((round(255 * shape(time * hertz % 1)),) * 3)


def bursts(pause: float) -> Vector:
    def picture(time: float) -> np.ndarray:
        at = time % (0.6 + pause)
        return plain((255,) * 3 if at < 0.6 and int(at * 10) % 2 else (0,) * 3)

    return picture


def blocks(time: float) -> np.ndarray:
    random = np.random.default_rng(int(time * 20 + 1e-6))
    small = random.integers(0, 2, (6, 8, 1), np.uint8) * 255
    return np.repeat(np.repeat(np.repeat(small, 20, 0), 20, 1), 3, 2)


def cuts(per_second: float) -> Vector:
    def picture(time: float) -> np.ndarray:
        random = np.random.default_rng(int(time * per_second + 1e-6))
        return cv2.resize(
            random.integers(0, 256, (4, 5, 3), np.uint8),
            (WIDTH, HEIGHT),
            interpolation=cv2.INTER_CUBIC,
        )

    return picture


def noisy(vector: Vector) -> Vector:
    def picture(time: float) -> np.ndarray:
        random = np.random.default_rng(int(time * 1000))
        noise = random.normal(0, 6, (HEIGHT, WIDTH, 3))
        return np.clip(vector(time) + noise, 0, 255).astype(np.uint8)

    return picture


def resized(vector: Vector) -> Vector:
    """Another size and source every 0.7 seconds, during a flash."""
    sizes = [(160, 120), (97, 41), (33, 70), (200, 150)]
    return lambda time: cv2.resize(vector(time), sizes[int(time / 0.7) % 4])


def bars(pairs: float, angle: float, hertz: float = 0.0) -> Vector:
    def picture(time: float) -> np.ndarray:
        y, x = np.indices((HEIGHT, WIDTH))
        along = (x * np.cos(angle) + y * np.sin(angle)) / WIDTH * pairs
        sign = -1 if hertz and int(time * hertz * 2 + 1e-6) % 2 else 1
        lit = sign * np.sin(2 * np.pi * along) > 0
        return np.repeat(lit[..., None], 3, axis=2).astype(np.uint8) * 255

    return picture


BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (0, 0, 255)

VECTORS: dict[str, Vector] = {
    **{f"full {hertz} Hz": flash(hertz, BLACK, WHITE) for hertz in (2.5, 3.0, 3.5, 10, 15)},
    **{f"64/109 {hertz} Hz": flash(hertz, (64,) * 3, (109,) * 3) for hertz in (2.5, 3.5, 10)},
    "delta .11": flash(10, gray(0.3), gray(0.41)),
    "darker .79": flash(10, gray(0.79), gray(0.9)),
    "darker .81": flash(10, gray(0.81), gray(0.92)),
    "26 % of the screen": masked(10, area(0.26)),
    "24 % of the screen": masked(10, area(0.24)),
    "26 % of the block": masked(10, area(0.26, 1 / 3)),
    "24 % of the block": masked(10, area(0.24, 1 / 3)),
    "islands": masked(10, islands()),
    "antiphase halves": masked(10, np.indices((HEIGHT, WIDTH))[1] < WIDTH // 2, True),
    "checker 2": masked(10, checker(2), True),
    "checker 20": masked(10, checker(20), True),
    "sine": wave(lambda phase: 0.5 + 0.5 * np.sin(2 * np.pi * phase), 10),
    "sawtooth": wave(lambda phase: phase, 6),
    "bursts .9 s": bursts(0.9),
    "bursts 1.05 s": bursts(1.05),
    "blocks": blocks,
    **{f"cuts {rate}/s": cuts(rate) for rate in (1, 3, 8)},
    "noisy": noisy(flash(10, (64,) * 3, (200,) * 3)),
    "red/cyan": flash(10, (0x4E, 0x4E, 0xCD), (0x84, 0x84, 0x3C)),
    "red/black": flash(10, RED, BLACK),
    "red/yellow": flash(10, RED, (0, 255, 255)),
    "red .79": flash(10, (*gray(0.105)[:2], 230), BLACK),
    "red .81": flash(10, (*gray(0.093)[:2], 230), BLACK),
    "reversing bars": bars(8, 0.4, 10),
    "sizes and sources": resized(flash(10, BLACK, WHITE)),
    "cuts of sizes": resized(cuts(8)),
}

CALM: dict[str, Vector] = {
    "delta .09": flash(10, gray(0.3), gray(0.385)),
    "half a hertz": flash(0.5, BLACK, WHITE),
    "still": cuts(0.001),
    "bars": bars(8, 0.4),
}


def times(rate: float, seconds: float, jitter: bool = False) -> Iterator[float]:
    """Presentation times, seconds; jittered by 40 ms and with a tenth dropped where asked."""
    random = np.random.default_rng(int(rate))
    last = -1.0
    for index in range(int(rate * seconds)):
        time = index / rate
        if jitter:
            time += float(random.uniform(0, 0.04))
            if random.random() < 0.1 or time <= last:
                continue
        last = time
        yield time


def hostile(seed: int, frames: int) -> Iterator[tuple[np.ndarray, float]]:
    """A random stream built to flash: levels, colors, masks, sizes, rates and pauses at random."""
    random = np.random.default_rng(seed)
    rate = float(random.choice([7, 10, 15, 24, 30, 60]))
    size = tuple(int(side) for side in random.integers(24, 200, 2))
    kind = int(random.integers(6))
    cells = int(random.integers(1, 24))
    changes = float(random.choice([0.1, 0.3, 0.6, 1.0]))
    time = float(random.uniform(0, 1e6))
    picture = np.zeros((4, 4, 3), np.uint8)
    for _ in range(frames):
        if random.random() < 0.01:
            size = tuple(int(side) for side in random.integers(24, 200, 2))
        if random.random() < changes:
            if kind == 0:
                picture = np.full((1, 1, 3), random.integers(0, 256), np.uint8)
            elif kind == 1:
                picture = random.integers(0, 256, (1, 1, 3)).astype(np.uint8)
            elif kind == 2:
                picture = (
                    random.integers(0, 2, (cells, cells, 1)).repeat(3, 2).astype(np.uint8) * 255
                )
            elif kind == 3:
                picture = random.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
            elif kind == 4:
                picture = (random.integers(0, 2, (cells, cells, 3)) * (0, 0, 255)).astype(np.uint8)
            else:
                near = random.integers(60, 120) + random.integers(0, 60, (cells, 1, 1))
                picture = np.repeat(near, 3, 2).astype(np.uint8)
        how = cv2.INTER_NEAREST if kind != 3 else cv2.INTER_LINEAR
        yield cv2.resize(picture, size, interpolation=how), time
        time += 1 / rate * float(random.uniform(0.2, 1.8))
