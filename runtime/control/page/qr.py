"""The page's address as a QR code: for a terminal, and over the picture."""

from __future__ import annotations

import numpy as np

from ...errors import LivedreamError

MARGIN = 4
"""Modules of white around a code, without which it is not found."""


def code_of(text: str) -> np.ndarray:
    """The modules, bool [n, n] with their margin; True is dark. Raises LivedreamError where segno
    is missing."""
    try:
        import segno
    except ModuleNotFoundError as error:
        raise LivedreamError('The code needs segno: `pip install "livedream[page]"`.') from error
    rows = segno.make(text, error="m", micro=False).matrix_iter(border=MARGIN)
    return np.array([[bool(module) for module in row] for row in rows])


def as_blocks(code: np.ndarray) -> str:
    """For black letters on white: two modules a letter, one above the other."""
    if len(code) % 2:
        code = np.vstack([code, np.zeros((1, code.shape[1]), bool)])
    letters = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    return "\n".join(
        "".join(letters[bool(above), bool(below)] for above, below in zip(*pair, strict=True))
        for pair in zip(code[::2], code[1::2], strict=True)
    )
