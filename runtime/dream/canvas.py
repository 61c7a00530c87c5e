"""What a picture that grows from nothing is made of: pixels, waves, or the phases of waves.

A canvas holds values, makes an image of them, and leads the image's gradient back to them. Every
canvas is a torus: what leaves it on the right comes in on the left, so that it can be tiled.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...kernels.balance import CORRELATION

GREY = np.float32(0.5)
NATURAL = 1.5
"""Exponent of the amplitudes of a natural picture's waves over their frequency; 1.35 to 1.76 were
measured on photographs."""

CONTRAST = 2.0
"""How far the natural waves reach around grey, on the way into the sigmoid."""


class Canvas(Protocol):
    """Values, the image they make, and the way of a gradient back to them."""

    values: np.ndarray
    """float64, of any shape: what is climbed."""

    def image(self) -> np.ndarray:
        """float32 [3, height, width], RGB in 0..1."""
        ...

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        """The gradient of the values, of their shape, from that of the image just made, float32
        [3, height, width]."""
        ...


class Pixels:
    """The image itself, begun as grey with a little noise: textures as the notebook draws them."""

    def __init__(self, height: int, width: int, random: np.random.Generator) -> None:
        self.values = GREY + 0.01 * random.standard_normal((3, height, width))

    def image(self) -> np.ndarray:
        self.values.clip(0, 1, out=self.values)
        return self.values.astype(np.float32)

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        return gradient


class Waves:
    """Waves in colours that do not depend on each other: every scale and colour grows alike.

    After Olah, Mordvintsev and Schubert, "Feature Visualization" (2017), and its library lucid: a
    Fourier spectrum weighted by 1 / frequency, the colours of natural pictures, a sigmoid.
    """

    def __init__(self, height: int, width: int, random: np.random.Generator) -> None:
        self.size = height, width
        frequencies = _frequencies(height, width)
        self.weights = 0.25 / np.maximum(frequencies, 1 / max(height, width))
        self.values = 0.01 * random.standard_normal((2, 3, *frequencies.shape))

    def image(self) -> np.ndarray:
        self._made = _shown(_waves(self._spectrum(), self.size))
        return self._made.astype(np.float32)

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        pulled = self.weights * spectrum_of(_before_sigmoid(gradient, self._made))
        return np.stack((pulled.real, pulled.imag))

    def _spectrum(self) -> np.ndarray:
        return self.weights * (self.values[0] + 1j * self.values[1])


class Phases:
    """Waves of a natural picture's amplitudes, of which only the phases grow: no wave gets loud.

    After Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude
    Constrained Optimization" (2023), with 1 / frequency ** NATURAL in place of the mean spectrum
    of ImageNet.
    """

    def __init__(self, height: int, width: int, random: np.random.Generator) -> None:
        self.size = height, width
        frequencies = _frequencies(height, width)
        loud = np.maximum(frequencies, 1 / max(height, width)) ** -NATURAL
        loud[0, 0] = 0
        self.values = random.uniform(-np.pi, np.pi, (3, *frequencies.shape))
        self.loud = loud * (CONTRAST / _waves(loud * np.exp(1j * self.values), self.size).std())

    def image(self) -> np.ndarray:
        self._waves = self.loud * np.exp(1j * self.values)
        self._made = _shown(_waves(self._waves, self.size))
        return self._made.astype(np.float32)

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        pulled = spectrum_of(_before_sigmoid(gradient, self._made))
        return (np.conj(pulled) * 1j * self._waves).real


CANVASES: dict[str, type[Pixels | Waves | Phases]] = {
    "waves": Waves,
    "phases": Phases,
    "pixels": Pixels,
}

MIX = CORRELATION / np.linalg.norm(CORRELATION, axis=0).max()
"""Free colours to RGB."""


def _frequencies(height: int, width: int) -> np.ndarray:
    """Cycles a pixel of every wave of a real picture, [height, width // 2 + 1]."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])


def _waves(spectrum: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.fft.irfft2(spectrum, s=size, axes=(-2, -1), norm="ortho")


def spectrum_of(planes: np.ndarray, *, once: bool = False) -> np.ndarray:
    """The adjoint of `_waves`: its real part belongs to the real parts of the spectrum. once: its
    inverse."""
    width = planes.shape[-1]
    spectrum = np.fft.rfft2(planes, axes=(-2, -1), norm="ortho")
    if once:
        return spectrum
    # Waves between the first and the last column stand for two, themselves and their mirror.
    spectrum[..., 1 : (width + 1) // 2] *= 2
    return spectrum


def _shown(waves: np.ndarray) -> np.ndarray:
    """Waves in free colours, float64 [3, height, width], as RGB in 0..1."""
    return 0.5 + 0.5 * np.tanh(0.5 * np.einsum("ij,jhw->ihw", MIX, waves))


def _before_sigmoid(gradient: np.ndarray, made: np.ndarray) -> np.ndarray:
    """The adjoint of `_shown` at the image it made."""
    return np.einsum("ij,ihw->jhw", MIX, gradient * made * (1 - made))
