"""Rooms that are seen by a camera, made up: a wall with things on it, noise, people, lamps."""

from __future__ import annotations

import cv2
import numpy as np

SIZE = (160, 120)
RATE = 5.0


def wall(seed: int = 0) -> np.ndarray:
    """float32 [h, w]: textured, 40..200."""
    random = np.random.default_rng(seed)
    rough = random.random((SIZE[1], SIZE[0]), np.float32)
    rough = cv2.GaussianBlur(rough, (0, 0), 6)
    return cv2.normalize(rough, None, 40, 200, cv2.NORM_MINMAX)


def person(room: np.ndarray, x: float, sway: float = 0.0) -> np.ndarray:
    """Somebody dark at column `x`, about 8 % of the picture."""
    seen = room.copy()
    x = int(x + sway)
    cv2.ellipse(seen, (x, 80), (14, 40), 0, 0, 360, 20.0, -1)
    cv2.circle(seen, (x, 32), 10, 60.0, -1)
    return seen


def camera(light: np.ndarray, random: np.random.Generator, noise: float = 2.0) -> np.ndarray:
    """What a sensor makes of it, uint8."""
    return (light + random.normal(0, noise, light.shape)).clip(0, 255).astype(np.uint8)


def picture(time: float, seed: int = 5) -> np.ndarray:
    """What is projected: soft clouds that change in every place, uint8."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] / 40
    total = np.zeros((SIZE[1], SIZE[0]))
    for _ in range(8):
        fx, fy, speed, phase = random.uniform(-2, 2, 2).tolist() + random.uniform(1, 6, 2).tolist()
        total += np.sin(fx * x + fy * y + speed * time + phase)
    return (128 + 40 * total / np.sqrt(8)).clip(0, 255).astype(np.uint8)


def lit(room: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The room with `shown` projected, turned and askew, on a part of it."""
    corners = np.float32([[0, 0], [159, 0], [159, 119], [0, 119]])
    there = np.float32([[60, 10], [150, 25], [140, 85], [65, 70]])
    matrix = cv2.getPerspectiveTransform(corners, there)
    return room * 0.6 + 0.5 * cv2.warpPerspective(shown.astype(np.float32), matrix, SIZE)
