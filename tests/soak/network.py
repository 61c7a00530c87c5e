"""The process that computes the gradient in a soak: as the program's own, with a network that
throws, or computes what is no number, when the switches say so."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from livedream.runtime.gradient import waiting
from livedream.runtime.gradient.serving import Server
from livedream.runtime.gradient.shared import Size

from .switches import Switch, switches


class Faulty(Server):
    held: np.ndarray

    def run(self, size: Size) -> None:
        held = self.held
        held[Switch.GRADIENTS] += 1
        if held[Switch.THROWS] > 0:
            held[Switch.THROWS] -= 1
            raise RuntimeError("the provider threw: out of luck")
        time.sleep(held[Switch.TAKES] / 1e6)
        super().run(size)
        if held[Switch.NANS] > 0:
            held[Switch.NANS] -= 1
            self._shared.images(size)[1][:, ::3] = np.nan


if __name__ == "__main__":
    Faulty.held = switches(Path(sys.argv[1]))
    waiting.Server = Faulty
    waiting.main(json.loads(sys.argv[2]))
