"""A drifting cloudscape: a pure function of seed, size and time. What `demo` shows.

Banks of cumulus stand behind each other over three ridges of hills, the far ones small and slow.
A bank is the sum of three strips of noise that drift at different speeds, so its clouds do not
only move: they grow, fold over and dissolve. Every strip is drawn once; a frame is a few shifted
strips, a shading and two blends.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from .noise import puffs, smooth

WORK_WIDTH = 640  # Clouds are soft: larger pictures are drawn at this width and enlarged.
HORIZON = 0.80  # Where the sky ends, as a fraction of the picture's height.

# BGR, 0..255.
ZENITH = np.array([150, 84, 30], np.float32)
MIDDLE = np.array([214, 158, 92], np.float32)
HORIZON_COLOUR = np.array([188, 208, 238], np.float32)
LIT = np.array([236, 248, 255], np.float32)
SHADE = np.array([164, 128, 108], np.float32)
SUN = np.array([20, 70, 110], np.float32)


class Strip(NamedTuple):
    """Noise wider than the picture, repeated once at its end. Drifts `speed` pixels a second."""

    noise: np.ndarray
    period: int
    speed: float

    def at(self, time: float, width: int) -> np.ndarray:
        """What is in view at `time`, between pixels too. float32 [rows, width]."""
        left = (self.speed * time) % self.period
        whole = int(left)
        rest = left - whole
        here = self.noise[:, whole : whole + width]
        return cv2.addWeighted(
            here, 1 - rest, self.noise[:, whole + 1 : whole + 1 + width], rest, 0
        )


class Bank(NamedTuple):
    """A row of clouds between two rows of the picture."""

    rows: slice
    strips: list[Strip]


class Cloudscape:
    """Draws frames of `size` (width, height); the same seed and time give the same picture."""

    def __init__(self, size: tuple[int, int], seed: int = 0) -> None:
        self.size = size
        width, height = size
        shrink = min(1.0, WORK_WIDTH / width)
        self._work = max(16, round(width * shrink)), max(16, round(height * shrink))
        rng = np.random.default_rng(seed)
        self._banks = [_bank(rng, self._work, *bank) for bank in BANKS]
        self._veil = _veil(rng, self._work)
        self._sky, self._shade, self._lit = _colours(self._work)
        self._land, self._land_top = _land(np.random.default_rng(seed), size)

    def draw(self, time: float) -> np.ndarray:
        """The picture `time` seconds after the start. uint8 [height, width, 3], BGR."""
        height = self._work[1]
        rows = self._sky.shape[1]
        density = self._density(time)
        # Cloud between a point and the sun, high on the left, takes its light; at two distances,
        # for the roundness of a puff and for the dark base of a whole cloud.
        light = 0.60 + 1.1 * (density - _shifted(density, 0.012 * height))
        light += 0.75 * (density - _shifted(density, 0.05 * height))
        cover = np.clip(density * 4.5, 0, 1)
        cover *= cover * (3 - 2 * cover)
        np.clip(light, 0, 1, out=light)
        light *= cover
        planes = []
        for sky, shade, lit in zip(self._sky, self._shade, self._lit, strict=True):
            plane = cover * (shade - sky)
            plane += light * (lit - shade)
            plane += sky
            planes.append(plane)
        image = cv2.convertScaleAbs(cv2.merge(planes))
        if self._work != self.size:
            image = cv2.resize(
                image, (self.size[0], round(rows * self.size[1] / height)),
                interpolation=cv2.INTER_CUBIC,
            )  # fmt: skip
        return self._over_land(image)

    def _density(self, time: float) -> np.ndarray:
        """Above 0 inside a cloud, below in the open sky. float32 [sky rows, width]."""
        width = self._work[0]
        density = self._veil.at(time, width)
        for bank in self._banks:
            total = bank.strips[0].at(time, width)
            for strip in bank.strips[1:]:
                total += strip.at(time, width)
            part = density[bank.rows]
            np.maximum(part, total, out=part)
        return density

    def _over_land(self, sky: np.ndarray) -> np.ndarray:
        width, height = self.size
        image = np.empty((height, width, 3), np.uint8)
        image[: len(sky)] = sky
        image[len(sky) :] = sky[-1]  # Haze, where the farthest ridge dips under the horizon.
        low = image[self._land_top :]
        low[:] = cv2.convertScaleAbs(low * (1 - self._land[..., 3:]) + self._land[..., :3])
        return image


# Top and base as fractions of the height, width of a cloud in heights, speed in heights a second.
BANKS = [
    (0.56, 0.80, 0.11, 0.014),
    (0.34, 0.71, 0.22, 0.028),
    (0.00, 0.58, 0.46, 0.060),
]


def _bank(
    rng: np.random.Generator, size: tuple[int, int], top: float, base: float, cloud: float,
    speed: float,
) -> Bank:  # fmt: skip
    width, height = size
    first, last = int(top * height), int(min(base + 0.08, HORIZON) * height)
    rows = last - first
    cell = cloud * height
    # How likely a cloud is: nothing above, most a little over the base, a sharp end below it.
    y = (np.arange(first, last) / height - top) / (base - top)
    likely = np.interp(y, [0, 0.15, 0.4, 0.8, 1.0, 1.2], [-1.1, -0.42, -0.12, 0.05, -0.08, -0.8])

    def strip(periods: float, pace: float, *parts: tuple[float, np.ndarray]) -> Strip:
        noise = np.sum([weight * part for weight, part in parts], axis=0)
        period = noise.shape[1]
        return Strip(
            np.ascontiguousarray(np.pad(noise, ((0, 0), (0, width + 1)), mode="wrap")),
            period,
            pace * speed * height,
        )

    def shape(periods: float) -> tuple[int, int]:
        return rows, max(width, round(periods * max(width, 4 * cell)))

    a, b, c = shape(2.3), shape(1.9), shape(1.5)
    bodies = strip(
        2.3, 1.0, (0.50, smooth(rng, a, 1.6 * cell)), (0.20, puffs(rng, a, 0.8 * cell)),
        (1.0, np.broadcast_to(likely.astype(np.float32)[:, None], a)),
    )  # fmt: skip
    heaps = strip(1.9, 1.12, (0.16, puffs(rng, b, 0.42 * cell)), (0.22, smooth(rng, b, 0.9 * cell)))
    cauliflower = strip(
        1.5, 1.23, (0.10, puffs(rng, c, max(3, 0.2 * cell))),
        (0.055, puffs(rng, c, max(3, 0.09 * cell))), (0.03, smooth(rng, c, max(3, 0.05 * cell))),
    )  # fmt: skip
    return Bank(slice(first, last), [bodies, heaps, cauliflower])


def _veil(rng: np.random.Generator, size: tuple[int, int]) -> Strip:
    """High thin cloud, drawn out by the wind: some life in the open blue."""
    width, height = size
    rows = int(HORIZON * height)
    shape = rows, 2 * width
    streaks = sum(
        weight * cv2.resize(
            smooth(rng, (rows * 3, 2 * width // 3), cell * height / 3),
            shape[::-1], interpolation=cv2.INTER_LINEAR,
        )
        for weight, cell in ((0.2, 0.5), (0.14, 0.2), (0.1, 0.09), (0.05, 0.04))
    )  # fmt: skip
    # Squashed softly, so that it never gets as thick as a cloud.
    streaks = 0.17 * np.tanh(np.maximum(streaks - 0.06, -0.2) / 0.3).astype(np.float32)
    noise = np.pad(streaks, ((0, 0), (0, width + 1)), mode="wrap")
    return Strip(np.ascontiguousarray(noise), shape[1], 0.010 * height)


def _shifted(density: np.ndarray, reach: float) -> np.ndarray:
    """`density` as seen `reach` pixels nearer to the sun: up, and half as far to the left."""
    dy, dx = max(1, round(reach)), max(1, round(reach / 2))
    edged = cv2.copyMakeBorder(density, dy, 0, dx, 0, cv2.BORDER_REPLICATE)
    return edged[: density.shape[0], : density.shape[1]]


def _colours(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Open sky, and a cloud's shaded and lit side, hazier towards the horizon.

    Each float32 [3, sky rows, width].
    """
    width, height = size
    rows = int(HORIZON * height)
    above = (1 - np.arange(rows) / rows)[:, None, None]
    x = (np.arange(width) / width)[None, :, None]
    mist = np.exp(-above / 0.15)
    glow = np.exp(-np.square((x - 0.12) / 0.4)) * np.exp(-above / 0.35)
    sky = MIDDLE + (ZENITH - MIDDLE) * above**0.7
    sky = sky + (HORIZON_COLOUR - sky) * mist + glow * SUN
    shade = SHADE + (HORIZON_COLOUR * 0.88 - SHADE) * mist * 0.8 + glow * SUN * 0.4
    lit = LIT + (HORIZON_COLOUR * 1.04 - LIT) * mist * 0.8 + glow * SUN * 0.3

    def planar(colour: np.ndarray) -> np.ndarray:
        whole = np.broadcast_to(colour, (rows, width, 3))
        return np.ascontiguousarray(np.moveaxis(whole, -1, 0), np.float32)

    return planar(sky), planar(shade), planar(lit)


def _land(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Three ridges, near ones darker: premultiplied BGR and cover, float32 [rows, width, 4], and
    the row of the picture where they begin."""
    width, height = size
    top = int(height * (HORIZON - 0.10))
    rows = np.arange(top, height, dtype=np.float32)[:, None]
    land = np.zeros((height - top, width, 4), np.float32)
    # Level and swing in heights, length of a hill in heights, colour.
    ridges = [
        (HORIZON - 0.035, 0.040, 0.40, np.array([176, 156, 122], np.float32)),
        (HORIZON + 0.030, 0.045, 0.55, np.array([112, 124, 84], np.float32)),
        (HORIZON + 0.110, 0.050, 0.80, np.array([46, 84, 54], np.float32)),
    ]
    for depth, (level, swing, hill, colour) in enumerate(ridges):
        bumps = [
            smooth(rng, (1, width), hill * height * 0.5**octave)[0] * 0.5**octave
            for octave in range(6)
        ]
        line = np.sum(bumps, axis=0)
        crest = (level - swing * line) * height
        cover = np.clip(rows - crest[None, :] + 0.5, 0, 1)
        below = np.clip((rows - crest[None, :]) / (0.16 * height), 0, 1)
        woods = _woods(rng, size, depth)[top:]
        shade = 1.08 - 0.35 * below + (0.05 + 0.07 * depth) * woods
        bgr = np.clip(colour * shade[..., None], 0, 255)
        land[..., :3] += cover[..., None] * (bgr - land[..., :3])
        land[..., 3] += cover * (1 - land[..., 3])
    return land, top


def _woods(rng: np.random.Generator, size: tuple[int, int], depth: int) -> np.ndarray:
    """Trees and meadows: puffs, flattened as ground is. float32 [height, width]."""
    width, height = size
    cell = height * (0.05 + 0.04 * depth)
    # Ground is seen flat: drawn twice as high, then pressed. Half as fine where it is large.
    fine = 1 if width <= WORK_WIDTH else 2
    shape = 2 * height // fine, width // fine
    cell /= fine
    meadows = smooth(rng, shape, 2.2 * cell)
    trees = 0.8 * puffs(rng, shape, max(2, 0.35 * cell)) + puffs(rng, shape, max(2, 0.14 * cell))
    ground = meadows + np.clip(0.5 + 2 * smooth(rng, shape, 1.3 * cell), 0, 1) * trees
    return cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA)
