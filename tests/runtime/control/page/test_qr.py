from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("segno", reason="needs the extra `page`")

from livedream.runtime.control.page.qr import MARGIN, as_blocks, code_of
from livedream.runtime.live.window.hud import draw_code

ADDRESS = "http://192.168.100.100:8642/?key=AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize("size", [(480, 640), (1080, 1920), (360, 270)])
def test_a_camera_reads_it_from_the_window(size):
    shown = draw_code(np.full((*size, 3), 128, np.uint8), code_of(ADDRESS))
    assert cv2.QRCodeDetector().detectAndDecode(shown)[0] == ADDRESS


def test_a_camera_reads_it_from_a_terminal():
    code = code_of(ADDRESS)
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    lines = as_blocks(code).splitlines()
    drawn = np.array(
        [[dark[letter][half] for letter in line] for line in lines for half in (0, 1)], np.uint8
    )
    np.testing.assert_array_equal(drawn[: len(code)], code)
    assert not drawn[:MARGIN].any()
    assert not drawn[-MARGIN:].any()
    picture = cv2.resize(255 * (1 - drawn), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == ADDRESS
