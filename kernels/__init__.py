"""Pixel work of the dream: each kernel beside the NumPy function that defines it. Knows no network.

Images are planar float32 [3, height, width], RGB in 0..1.
"""

from .add import add
from .ascend import ascend
from .balance import balance, colour_matrix, halvings, scale_weights
from .blur import blur, taps
from .carry import carry
from .compose import compose
from .hold import hold
from .jitter import jitter
from .limit import limit
from .magnitude import magnitude
from .mask import mask
from .meter import meter
from .pixels import GREY, haze, to_bytes, to_planar
from .pull import less_variation, pull, variation
from .resample import resample
from .residual import NONE, as_bytes, blend, residual
from .shrink import shrink
from .warp import CUBIC, warp

__all__ = [
    "CUBIC",
    "GREY",
    "NONE",
    "add",
    "as_bytes",
    "ascend",
    "balance",
    "blend",
    "blur",
    "carry",
    "colour_matrix",
    "compose",
    "halvings",
    "haze",
    "hold",
    "jitter",
    "less_variation",
    "limit",
    "magnitude",
    "mask",
    "meter",
    "pull",
    "resample",
    "residual",
    "scale_weights",
    "shrink",
    "taps",
    "to_bytes",
    "to_planar",
    "variation",
    "warp",
]
