"""A sheet of what the channels of a layer dream."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from livedream.export.catalogue import MODELS
from livedream.runtime.cli.layers import scan_choices
from livedream.runtime.errors import UsageError
from livedream.runtime.offline.scan import SWATCH, grey_noise, scan_layer, tiled
from livedream.runtime.offline.sheet import LINE
from livedream.runtime.store.settings import read_settings
from livedream.runtime.telling import console

LITE = MODELS["efficientnet_lite0"]


def test_swatches_lie_in_order():
    swatches = [np.full((2, 3, 3), n, np.uint8) for n in range(1, 6)]
    sheet = tiled(swatches)
    assert sheet.shape == (4, 9, 3)
    assert sheet[::2, ::3, 0].tolist() == [[1, 2, 3], [4, 5, 24]]


def test_every_channel_has_a_swatch_of_its_own(exported, tmp_path):
    path = exported(LITE.bank)
    choices = scan_choices(LITE.name, "block2", "auto", "cpu")
    target = tmp_path / "sheet.png"
    scan_layer(console, replace(choices, graph=path), "block2", target, overwrite=False)
    sheet = cv2.imread(str(target))
    channels, columns = LITE.layer("block2").channels, 6
    high = SWATCH + LINE
    assert sheet.shape == (channels // columns * high, columns * SWATCH, 3)
    cells = [
        sheet[row * high : row * high + SWATCH, column * SWATCH : (column + 1) * SWATCH]
        for row in range(channels // columns)
        for column in range(columns)
    ]
    ground = grey_noise(SWATCH).astype(float)
    for number, cell in enumerate(cells):
        assert np.abs(cell - ground).mean() > 5
        assert all(np.abs(cell.astype(float) - other).mean() > 1 for other in cells[:number])
    assert read_settings(target)["layers"] == "block2"


def test_what_cannot_be_drawn_is_said(tmp_path):
    for model, layer, said in (
        (None, "block2", "Say of which model"),
        ("efficientnet", "block2", "efficientnet_lite0"),
        ("efficientnet_lite0", "blok2", "nearest: block2"),
    ):
        with pytest.raises(UsageError, match=said):
            scan_choices(model, layer, "auto", "cpu")
    choices = scan_choices("efficientnet_lite0", "block2", "auto", "cpu")
    with pytest.raises(UsageError, match="must end in"):
        scan_layer(console, choices, "block2", tmp_path / "sheet.gif", overwrite=False)
