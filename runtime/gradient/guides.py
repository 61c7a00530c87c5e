"""Pictures that guide a dream, as the layers of a graph see them.

The notebook of 2015 has every position climb the features of a guide that resemble it most
(`layer@match`). Live, a direction does: the mean of a guide's features, less that of a picture of
nothing, which every guide would share (`layer@guide1`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from ..errors import UsageError
from ..scaling import scaled
from ..store.pictures import read_photo
from .graph import Graph
from .objective import Objective
from .process import Sessions
from .providers import PROVIDERS
from .steering import Guides, steering

BOX = (320, 320)
"""(width, height) that guides are fitted into: the notebook's were about as large."""


def guides_of(graph: Graph, photos: Sequence[Path]) -> Guides:
    """What `photos` look like to all layers of `graph`, computed on the processor.

    Raises LivedreamError for photos that cannot be read and for a graph that does not tell the
    means of its layers, UsageError for a photo of a single colour.
    """
    pictures = [_planar(scaled(read_photo(photo), BOX), graph.minimum_size) for photo in photos]
    for photo, picture in zip(photos, pictures, strict=True):
        if not np.ptp(picture, axis=(1, 2)).any():
            raise UsageError(f"{photo} is a single colour, which guides nowhere; choose another.")
    layers = list(graph.layers)
    matched = [layer for layer in layers if layer.endswith("@match")]
    means, features = (
        [f"{layer}.mean" for layer in layers],
        [f"{name}.features" for name in matched],
    )
    nothing = {name: values.size for name, values in steering(Objective(()), graph.layers).items()}
    with closing(Sessions(graph.path, PROVIDERS["cpu"], nothing)) as sessions:
        seen = [sessions.values(picture, [*means, *features]) for picture in pictures]
        ground = [sessions.values(scrambled(picture), means) for picture in pictures]
    return Guides(
        tuple(map(str, photos)),
        {
            layer: [
                _unit(there[f"{layer}.mean"] - bare[f"{layer}.mean"])
                for there, bare in zip(seen, ground, strict=True)
            ]
            for layer in layers
        },
        {
            layer: np.concatenate([each[f"{layer}.features"] for each in seen], axis=1).ravel()
            for layer in matched
        },
    )


def _planar(bgr: np.ndarray, smallest: int) -> np.ndarray:
    """float32 [3, height, width] in 0..1, RGB, no side below `smallest`."""
    height, width = bgr.shape[:2]
    size = max(width, smallest), max(height, smallest)
    if size != (width, height):
        bgr = cv2.resize(bgr, size)
    return np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1), np.float32) / 255


def scrambled(picture: np.ndarray) -> np.ndarray:
    """A picture of nothing: the colours of `picture`, its waves as loud, their places random."""
    _, height, width = picture.shape
    noise = np.random.default_rng(2015).standard_normal((height, width))
    turned = np.exp(1j * np.angle(np.fft.rfft2(noise)))
    turned[0, 0] = 1
    waves = np.fft.irfft2(np.fft.rfft2(picture) * turned, (height, width))
    return waves.clip(0, 1).astype(np.float32)


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
