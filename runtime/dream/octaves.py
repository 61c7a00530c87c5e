"""The scales that a dream grows on."""

from __future__ import annotations


def octave_sizes(
    height: int, width: int, octaves: int, scale: float, minimum: int
) -> list[tuple[int, int]]:
    """(height, width) from small to large, each rounded from the next larger one as the notebook
    does. Octaves below the network's `minimum` side are left out, the full size never is.
    """
    sizes = [(height, width)]
    for _ in range(octaves - 1):
        height, width = round(height / scale), round(width / scale)
        if min(height, width) < minimum:
            break
        sizes.append((height, width))
    return sizes[::-1]
