"""What is drawn: pure functions, no screen needed."""

import ctypes.util
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from livedream.runtime.control import keys
from livedream.runtime.errors import TRY_LATER, LivedreamError
from livedream.runtime.live.window import display_problem, hud, screen
from livedream.runtime.live.window.hud import (
    Status,
    compare,
    draw_code,
    draw_help,
    draw_hud,
    draw_message,
)
from livedream.runtime.live.window.window import Window, starting_size
from livedream.runtime.scaling import letterbox

from ...patience import PATIENCE
from ...xserver import xserver

SIZES = [(320, 240), (240, 320), (960, 720), (1920, 1080)]
STATUS = Status(21.3, 0.061, "Mixed_6b", "openvino", (320, 240))


def grey(size, level=128):
    return np.full((size[1], size[0], 3), level, np.uint8)


def changed(before, after):
    """The box that holds every changed pixel: left, top, right, bottom."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return columns.min(), rows.min(), columns.max(), rows.max()


@pytest.fixture
def texts(monkeypatch):
    """What is written, and where each line begins."""
    written = []
    put = cv2.putText

    def spy(image, text, corner, *more):
        written.append((text, corner))
        return put(image, text, corner, *more)

    monkeypatch.setattr(hud.cv2, "putText", spy)
    return written


class TestHud:
    @pytest.mark.parametrize("size", SIZES)
    def test_draws_in_the_corners_and_leaves_the_middle(self, size):
        before = grey(size)
        recording = Status(**{**vars_of(STATUS), "recording": 12.0})
        after = draw_message(draw_hud(before, recording), "hi")
        assert (before == 128).all()  # Drawn on a copy.
        height, width = after.shape[:2]
        assert (after[height // 3 : 2 * height // 3] == 128).all()
        left, top, right, bottom = changed(before, after)
        assert min(left, top) > 0
        assert right < width
        assert bottom < height

    @pytest.mark.parametrize("size", [(1, 1), (4, 4), (300, 5), (5, 300), (1280, 5), (30, 30)])
    def test_windows_too_small_for_words_do_not_end_the_show(self, size):
        recording = Status(**{**vars_of(STATUS), "recording": 12.0})
        for canvas in (
            draw_hud(grey(size), recording),
            draw_message(grey(size), "camera 0 is lost, retrying"),
            draw_help(grey(size)),
            draw_code(grey(size), np.eye(45, dtype=bool)),
            compare(grey(size), grey(size)),
        ):
            assert canvas.shape == (size[1], size[0], 3)

    @pytest.mark.parametrize("size", SIZES)
    def test_text_is_large_enough_and_stands_out(self, size):
        after = draw_hud(grey(size, 250), STATUS)
        bright, plate = after.max(), after[changed(grey(size, 250), after)[1] + 2].min()
        assert int(bright) - int(plate) > 100
        scale = hud._Type.fitting(after)
        capital = cv2.getTextSize("M", hud.FONT, scale.scale, scale.thickness)[0][1]
        assert capital >= 7

    @pytest.mark.parametrize("size", SIZES)
    def test_long_names_and_sentences_stay_inside(self, size):
        name = "Mixed_6b:412*0.7+Mixed_5d*0.3+Conv2d_4a_3x3*0.11+Mixed_7c:1001"
        message = "camera 0 (HD Pro Webcam C920) is lost, retrying until it comes back " * 2
        sinks = ("https://a.server.far.away/whip/of/a/long/name?token=0123456789  connecting",)
        status = Status(9, 0.1, name, "cpu", (320, 240), sinks=sinks)
        after = draw_message(draw_hud(grey(size), status), message)
        left, _, right, bottom = changed(grey(size), after)
        assert left > 0
        assert right < size[0] - 1
        assert bottom < size[1] - 1

    def test_the_numbers_are_rate_age_and_size(self, texts):
        draw_hud(grey((960, 720)), STATUS)
        assert [text for text, _ in texts] == ["21.3 fps   61 ms", "Mixed_6b", "openvino  320x240"]
        texts.clear()
        more = {"fps": 7.96, "age": 1.2345, "frozen": True, "recording": 61 * 60 + 7.9}
        draw_hud(grey((960, 720)), Status(**{**vars_of(STATUS), **more, "details": ("step 3",)}))
        assert [text for text, _ in texts] == [
            "8.0 fps   1234 ms   frozen", "Mixed_6b", "openvino  320x240", "step 3", "   REC 61:07",
        ]  # fmt: skip

    def test_the_help_has_keys_left_and_what_they_do_right(self, texts):
        draw_help(grey((960, 720)))
        title, *table = texts
        assert title[0] == "livedream"
        keyed, sentences = table[::2], table[1::2]
        assert [
            (key[0], text[0]) for key, text in zip(keyed, sentences, strict=True)
        ] == keys.rows()
        (left,) = {x for _, (x, _) in keyed}
        (right,) = {x for _, (x, _) in sentences}
        type_ = hud._Type(1.0)
        widest = max(type_.width(key) for key, _ in keys.rows())
        assert left < left + widest / 2 < right
        rows = [y for _, (_, y) in keyed]
        assert rows == sorted(set(rows)) == [y for _, (_, y) in sentences]

    def test_recording_shows_a_red_dot(self):
        recording = Status(**{**vars_of(STATUS), "recording": 62.0})
        after = draw_hud(grey((960, 720)), recording)
        red = (after[..., 2] > 200) & (after[..., 1] < 90)
        assert red[:80, 600:].sum() > 50
        assert not (draw_hud(grey((960, 720)), STATUS)[..., 2] > 200)[:80, 600:].any()

    def test_no_message_draws_nothing(self):
        np.testing.assert_array_equal(draw_message(grey((320, 240)), ""), grey((320, 240)))

    @pytest.mark.parametrize("size", SIZES)
    def test_the_help_fits_and_has_a_line_for_every_key(self, size):
        after = draw_help(np.zeros((size[1], size[0], 3), np.uint8))
        left, top, right, bottom = changed(np.zeros_like(after), after)
        assert min(left, top) > 0
        assert right < size[0] - 1
        assert bottom < size[1] - 1
        if size[0] >= 960:  # Where lines stand apart enough to be counted.
            lit = (after > 60).any(axis=(1, 2))
            lines = np.count_nonzero(lit[1:] & ~lit[:-1])
            assert lines >= len(keys.BINDINGS) + 1


def vars_of(status):
    return {name: getattr(status, name) for name in status.__dataclass_fields__}


class TestCompare:
    def test_left_is_raw_right_is_dream(self):
        raw, dream = grey((640, 480), 10), grey((640, 480), 90)
        image = compare(raw, dream)
        assert (image[:, :320] == 10).all()
        assert (image[:, 320] > 200).all()
        assert (image[:, 321:] == 90).all()
        assert (dream == 90).all()

    def test_sizes_may_differ_and_ends_are_whole(self):
        raw, dream = grey((1280, 720), 10), grey((320, 180), 90)
        assert compare(raw, dream).shape == dream.shape
        assert (compare(raw, dream, at=1.0) == 10).all()
        assert (compare(raw, dream, at=0.0)[:, 1:] == 90).all()


class TestLetterbox:
    @pytest.mark.parametrize(
        ("image", "window", "inner"),
        [
            ((320, 240), (1920, 1080), (1440, 1080)),
            ((320, 240), (600, 800), (600, 450)),
            ((1280, 720), (640, 480), (640, 360)),
            ((320, 240), (640, 480), (640, 480)),
        ],
    )
    def test_aspect_is_kept_and_bars_are_black(self, image, window, inner):
        canvas = letterbox(grey(image, 200), window)
        assert canvas.shape == (window[1], window[0], 3)
        left, top, right, bottom = changed(np.zeros_like(canvas), canvas)
        assert (right - left + 1, bottom - top + 1) == inner
        assert abs(left - (window[0] - 1 - right)) <= 1
        assert abs(top - (window[1] - 1 - bottom)) <= 1

    def test_never_hands_out_the_picture_itself(self):
        image = grey((640, 480))
        assert not np.shares_memory(letterbox(image, (640, 480)), image)


def test_windows_start_comfortable():
    assert starting_size((320, 240)) == (640, 480)
    assert starting_size((640, 480)) == (640, 480)
    assert starting_size((1920, 1080)) == (1280, 720)
    assert starting_size((640, 272)) == (1280, 544)
    assert starting_size((900, 300)) == (900, 300)


class TestScreen:
    @pytest.fixture(autouse=True)
    def _linux(self, monkeypatch):
        monkeypatch.setattr(screen.sys, "platform", "linux")
        monkeypatch.setattr(screen.cv2, "currentUIFramework", lambda: "QT")
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def test_none_without_display(self):
        with pytest.raises(LivedreamError, match=r"DISPLAY is not set.*--headless.*--record"):
            Window()

    def test_none_where_nobody_answers(self, monkeypatch):
        monkeypatch.setenv("DISPLAY", ":94")
        with pytest.raises(LivedreamError, match=r":94.*--headless"):
            Window()

    def test_none_under_wayland_alone(self, monkeypatch):
        monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert "Wayland" in screen.display_problem()

    def test_none_in_a_build_without_windows(self, monkeypatch):
        monkeypatch.setattr(screen.cv2, "currentUIFramework", lambda: "")
        with pytest.raises(LivedreamError, match="opencv-python-headless"):
            Window()

    def test_other_systems_always_have_one(self, monkeypatch):
        monkeypatch.setattr(screen.sys, "platform", "darwin")
        assert screen.display_problem() is None


GOING = """
import threading, time
import cv2, numpy as np
from livedream.runtime.live.window import display_problem, told_at_its_end

with told_at_its_end():
    pass
assert display_problem() is None
with told_at_its_end():
    threading.Thread(target=lambda: [cv2.blur(np.zeros((900, 900)), (9, 9)) for _ in range(10**6)],
                     daemon=True).start()
    cv2.namedWindow("w")
    print("shown", flush=True)
    while True:
        cv2.imshow("w", np.zeros((50, 50), np.uint8))
        cv2.waitKey(10)
"""


def test_a_display_that_goes_is_told_and_ends_the_show_at_once():
    if not shutil.which("Xvfb"):
        pytest.skip("not installed: Xvfb")
    with xserver(320, 240) as display:
        child = subprocess.Popen(
            [sys.executable, "-c", GOING], env={**os.environ, "DISPLAY": display},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout
        assert child.stdout.readline() == "shown\n"
    _, told = child.communicate(timeout=PATIENCE)
    assert child.returncode == TRY_LATER
    assert "livedream: The display is gone.\n" in told


def test_a_display_that_has_gone_is_known(monkeypatch):
    if not shutil.which("Xvfb"):
        pytest.skip("not installed: Xvfb")
    with xserver(320, 240) as display:
        monkeypatch.setenv("DISPLAY", display)
        assert display_problem() is None
        assert display_problem() is None
    assert "does not answer" in str(display_problem())


def test_qt_sets_up_the_xlib_that_is_installed(tmp_path):
    """That of OpenCV's wheel writes past the field that keeps Xlib out of Qt's events."""
    if not shutil.which("Xvfb") or "QT" not in cv2.currentUIFramework():
        pytest.skip("needs Xvfb and a Qt window")
    installed = ctypes.util.find_library("X11-xcb")
    if installed is None:
        pytest.skip("not installed: libX11-xcb")
    opened = "from livedream.runtime.live.window import Window; Window().poll()"
    with xserver(320, 240) as display:
        subprocess.run(
            [sys.executable, "-c", opened], check=True, timeout=60,
            env={**os.environ, "DISPLAY": display, "LD_DEBUG": "bindings",
                 "LD_DEBUG_OUTPUT": str(tmp_path / "bound")},
        )  # fmt: skip
    bound = [
        line
        for path in tmp_path.glob("bound.*")
        for line in path.open(errors="replace")
        if "`XSetEventQueueOwner'" in line
    ]
    assert bound
    assert all(f"/{installed} [" in line.partition(" to ")[2] for line in bound), bound
