"""A folder of pictures, a screen, NDI: sources beside cameras and clips."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.live.sources import open_source
from livedream.runtime.live.sources.slides import FADES, FPS, STAYS, Slides

from ...patience import PATIENCE

EACH = round(STAYS * FPS)


def save(path, value: int, width: int = 64, height: int = 48) -> None:
    assert cv2.imwrite(str(path), np.full((height, width, 3), value, np.uint8))


class TestSlides:
    def test_pictures_follow_by_name_fade_and_come_again(self, tmp_path):
        save(tmp_path / "b.png", 200)
        save(tmp_path / "a.png", 100)
        slides = open_source(str(tmp_path), paced=False)
        assert slides.describe() == f"folder {tmp_path.name}: 2 pictures, 64x48"
        assert isinstance(slides, Slides)
        half = EACH - round(FADES * FPS / 2)
        values = {
            index: int(slides.picture(index)[5, 5, 0])
            for index in (0, half, EACH, EACH + half, 2 * EACH)
        }
        np.testing.assert_allclose(list(values.values()), [100, 150, 200, 150, 100], atol=2)

    def test_how_long_they_stay_and_fade_may_change_while_they_play(self, tmp_path):
        for name, value in (("a", 100), ("b", 200), ("c", 40)):
            save(tmp_path / f"{name}.png", value)
        slides = Slides(tmp_path, paced=False)
        pace = [1.0, 0.0]
        slides.pace = lambda: (pace[0], pace[1])
        levels = [int(slides.picture(index)[5, 5, 0]) for index in (0, FPS - 1, FPS)]
        pace[:] = 2.0, 9.0  # A fade is no longer than the picture stays.
        levels += [int(slides.picture(FPS + index)[5, 5, 0]) for index in (FPS, 2 * FPS)]
        np.testing.assert_allclose(levels, [100, 100, 200, 120, 40], atol=2)

    def test_others_are_fitted_into_the_first_ones_size(self, tmp_path):
        save(tmp_path / "1.png", 90)
        save(tmp_path / "2.jpg", 200, 30, 90)
        slides = Slides(tmp_path, paced=False)
        tall = slides.picture(EACH)
        assert tall.shape == (48, 64, 3)
        np.testing.assert_allclose(tall[24, [2, 32]], [(0,) * 3, (200,) * 3], atol=2)

    def test_what_is_no_picture_is_left_out_and_what_is_broken_told(self, tmp_path):
        save(tmp_path / "a.png", 100)
        (tmp_path / "b.txt").write_text("no picture")
        whole = (tmp_path / "a.png").read_bytes()
        (tmp_path / "c.png").write_bytes(whole[: len(whole) // 2])
        (tmp_path / "folder.png").mkdir()
        told: list[str] = []
        slides = Slides(tmp_path, paced=False, on_event=told.append)
        values = {int(slides.picture(number * EACH)[5, 5, 0]) for number in range(4)}
        assert values == {100}
        assert len(told) == 1
        assert "c.png" in told[0]

    def test_a_folder_without_pictures(self, tmp_path):
        with pytest.raises(LivedreamError, match="holds no picture that can be read"):
            open_source(str(tmp_path))


class TestScreen:
    def test_the_screen_is_read_in_its_colours(self, display):
        pytest.importorskip("mss")
        program = f"""
            import os, sys
            os.environ["DISPLAY"] = {display!r}
            from livedream.runtime.live.sources import open_source
            source = open_source("screen", paced=False)
            print(source.describe())
            import cv2, numpy as np
            cv2.namedWindow("w")
            image = np.zeros((200, 300, 3), np.uint8)
            image[:] = 230, 40, 20
            for _ in range(2000):
                cv2.imshow("w", image)
                cv2.waitKey(25)
                found = source.read().image
                count = int((found == (230, 40, 20)).all(2).sum())
                if count == 60000:
                    break
            print(found.shape, count)
            try:
                open_source("screen:7")
            except Exception as error:
                print(error)
        """
        out = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True,
            timeout=PATIENCE,
        ).stdout.splitlines()  # fmt: skip
        assert out[0] == "screen 1: 1000x700"
        assert out[1] == "(700, 1000, 3) 60000"
        assert out[2] == "There is no screen 7; this machine has 1."

    def test_without_its_library_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "mss", None)
        with pytest.raises(LivedreamError, match=r'pip install "livedream\[screen\]"'):
            open_source("screen")

    def test_without_a_display_it_says_so(self, monkeypatch):
        pytest.importorskip("mss")
        monkeypatch.setenv("DISPLAY", ":4711")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        with pytest.raises(LivedreamError, match="no screen to take pictures of"):
            open_source("screen")


SENDER = """
import time, numpy as np
from livedream.runtime.sinks.ndi import Ndi
sink = Ndi("sender one")
print(sink.open((64, 48), 30), flush=True)
image = np.zeros((48, 64, 3), np.uint8)
image[:] = 30, 60, 200
while True:
    sink.send(image, 0.0)
    time.sleep(0.02)
"""

RECEIVER = """
import sys
from livedream.runtime.live.sources import open_source
source = open_source("ndi:sender one", on_event=print)
print(source.describe(), flush=True)
for _ in range(3):
    frame = source.read()
print(frame.image.shape, frame.image[20, 20].tolist(), flush=True)
sys.stdin.readline()
frame = source.read()
print("again", frame.image.shape, flush=True)
source.close()
"""


@pytest.mark.skipif(not importlib.util.find_spec("NDIlib"), reason="needs ndi-python")
def test_ndi_is_read_and_comes_back_after_it_went_away(tmp_path, monkeypatch):
    config = {"ndi": {"networks": {"ips": "127.0.0.1"}}}
    (tmp_path / "ndi-config.v1.json").write_text(json.dumps(config))
    monkeypatch.setenv("NDI_CONFIG_DIR", str(tmp_path))

    def start(program: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    sender = start(SENDER)
    assert sender.stdout
    sender.stdout.readline()
    receiver = start(RECEIVER)
    assert receiver.stdout
    assert receiver.stdin
    try:
        assert receiver.stdout.readline() == "NDI sender one: 64x48\n"
        shape, _, colour = receiver.stdout.readline().partition(") ")
        assert shape == "(48, 64, 3"
        np.testing.assert_allclose(json.loads(colour), (30, 60, 200), atol=12)
        sender.kill()
        sender.wait()
        receiver.stdin.write("\n")
        receiver.stdin.flush()
        heard = [receiver.stdout.readline()]
        sender = start(SENDER)
        while "again" not in heard[-1]:
            heard.append(receiver.stdout.readline())
            assert heard[-1], heard
        assert "NDI sender one is lost, retrying\n" in heard
        assert "NDI sender one is back\n" in heard
        assert receiver.wait(PATIENCE) == 0
    finally:
        for process in (sender, receiver):
            process.kill()
            process.wait()


def test_an_unknown_name_still_lists_the_sources():
    with pytest.raises(UsageError, match="screens"):
        open_source("screens")
