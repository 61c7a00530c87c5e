"""The window under a real X server, driven by real keys. In a process of its own, because Qt ends
the process when something is wrong."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from ...patience import PATIENCE, until

PLAYER = """
    import sys, time
    import cv2
    import numpy as np
    from livedream.runtime.live.window import Window, draw_hud, Status

    image = np.zeros((240, 320, 3), np.uint8)
    image[:] = (40, 160, 80)
    status = Status(24.0, 0.05, "Mixed_6b", "cpu", (320, 240))
    with Window("livedream-test", (320, 240)) as window:
        deadline = time.monotonic() + 60
        told = False
        while time.monotonic() < deadline:
            window.show(image, lambda canvas: draw_hud(canvas, status))
            binding = window.poll()
            if not told:
                print("ready", flush=True)
                told = True
            if binding:
                print(binding.name, flush=True)
                if binding.name == "fullscreen":
                    window.toggle_fullscreen()
                if binding.name == "hud":
                    print(*window.size, flush=True)
                if binding.name == "quit":
                    break
            time.sleep(0.005)
        print("closed" if window.closed else "open", flush=True)
        window.show(image)
        print("closed" if window.closed else "open", flush=True)
"""


class Player:
    """A program with a window, and a person at its keys."""

    def __init__(self, display: str, program: str = PLAYER, folder: Path | None = None) -> None:
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("QT_")
        }
        self.environment["DISPLAY"] = display
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.first = self.line()
        assert self.first, self.process.communicate()
        self.window = self.tool("search", "--sync", "--name", "^livedream-test$").split()[-1]
        self.tool("windowfocus", "--sync", self.window)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def line_of(self, text: str) -> bool:
        """Reads until `text`; False where the program ended before."""
        while line := self.line():
            if line == text:
                return True
        return False

    def until(self, name: str, value: object, seen: dict) -> None:
        """Reads what the program tells of itself until `name` has `value`; `seen` is the newest."""
        stuck = threading.Timer(PATIENCE, self.process.kill)
        stuck.start()
        while seen[name] != value:
            line = self.line()
            assert line, f"{name} never was {value}: {seen}"
            seen.update(json.loads(line))
        stuck.cancel()

    def tool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True,
            timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout

    def press(self, key: str) -> str:
        """What the window reports for a key."""
        self.tool("key", key)
        return self.line()

    def size(self, expected: str) -> str:
        """The drawn area; asked again for a while until it is as expected."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.press("i") == "hud"
            size = self.line()
            if size == expected or time.monotonic() > deadline:
                return size
            time.sleep(0.1)


@pytest.fixture
def player(display):
    player = Player(display)
    yield player
    if player.process.poll() is None:
        player.process.kill()
    player.process.communicate(timeout=PATIENCE)


def test_real_keys_reach_their_parameters(player):
    pressed = {
        "f": "fullscreen", "m": "mirror", "space": "freeze", "c": "compare", "n": "layer",
        "plus": "step_size", "equal": "step_size", "KP_Add": "step_size", "bracketright": "octaves",
        "r": "record", "s": "snapshot", "h": "help", "question": "help", "0": "reset",
        "BackSpace": "reset", "N": "layer",
    }  # fmt: skip
    assert {key: player.press(key) for key in pressed} == pressed
    assert player.press("Escape") == "quit"
    assert player.line() == "open"  # Quitting is the program's to do: the window is still there.
    assert player.process.wait(PATIENCE) == 0


SHOW = f"""
    import json, sys, time
    from pathlib import Path
    sys.path.insert(0, {str(Path(__file__).parents[3])!r})
    import cv2  # before PyAV, as the command does
    import numpy as np
    from rich.console import Console
    from livedream.runtime.control.player import Player
    from livedream.runtime.control.shelf import Looks
    from livedream.runtime.live.controls import Controls
    from livedream.runtime.live.notice import Notice
    from livedream.runtime.live.presenter import Presenter
    from livedream.runtime.live.takes import Takes
    from livedream.runtime.live.window import Window
    from livedream.runtime.sinks.outputs import Outputs
    from tests.runtime.live.test_loop import Film, Network, Setting

    resets, pictures, told = [], [], None
    show = Setting(Film(10**9))
    presenter = Presenter(show.capture.shown, show.dreaming.output, show.desk, show.stats)
    player = Player(show.desk, Looks(Network.layers))
    notice = Notice(Console(stderr=True))
    takes = Takes(show.desk, notice)
    outputs = Outputs([], print)
    controls = Controls(
        show.desk, show.dreaming, presenter, player, outputs, takes, [], notice
    )
    plain = np.full((240, 320, 3), 200, np.uint8)

    def effects(newest):
        shown, over = controls.picture(newest), controls.overlay(plain, show.stats)
        pictures[:] = [*pictures[-3:], newest.picture]
        return {{
            **{{name: newest.settings[name] for name in ("layers", "step_size", "octaves")}},
            "mirror": bool(newest.picture[0, -1, 0] > newest.picture[0, 0, 0]),
            "freeze": all(np.array_equal(each, pictures[0]) for each in pictures[1:]),
            "compare": np.array_equal(shown[:, :15], newest.picture[:, :15]),
            "help": bool(over[0, 0, 0] < 100),
            "hud": bool(over[12, 12, 0] < 100 < over[0, 0, 0]),
            "fullscreen": window.fullscreen,
            "record": takes.recorder is not None and takes.recorder.seconds > 0,
            "snapshot": len(list(Path().glob("livedream-*.png"))),
            "reset": len(resets),
        }}

    with show, Window("livedream-test", (320, 240)) as window:
        controls.window = window
        presenter.start()
        reset = show.dreamer.reset
        show.dreamer.reset = lambda: (resets.append(1), reset())
        while not controls.quitting:
            newest = presenter.output.take(60)
            controls.attend()
            window.show(controls.picture(newest))
            binding = window.poll()
            if binding:
                controls.press(binding)
            now = effects(newest)
            if now != told:
                print(json.dumps(now), flush=True)
                told = now
    presenter.stop()
    takes.close()
    show.capture.close()
    print("over", flush=True)
"""


def test_every_key_does_what_it_says_from_the_press_to_the_picture(display, tmp_path):
    player = Player(display, SHOW, tmp_path)
    begin = json.loads(player.first)
    for key, effect in (
        ("n", {"layers": "b"}), ("p", {"layers": "a"}), ("p", {"layers": "c"}),
        ("plus", {"step_size": 1.75}), ("minus", {"step_size": 1.5}),
        ("bracketright", {"octaves": 2}), ("bracketleft", {"octaves": 1}),
        ("space", {"freeze": True}), ("space", {"freeze": False}),
        ("m", {"mirror": True}), ("m", {"mirror": False}),
        ("c", {"compare": True}), ("c", {"compare": False}),
        ("i", {"hud": False}), ("i", {"hud": True}),
        ("h", {"help": True, "hud": False}), ("h", {"help": False, "hud": True}),
        ("f", {"fullscreen": True}), ("f", {"fullscreen": False}),
        ("s", {"snapshot": 1}), ("r", {"record": True}), ("r", {"record": False}),
        ("0", {"reset": ...}), ("BackSpace", {"reset": ...}),
    ):  # fmt: skip
        player.tool("key", key)
        for name, value in effect.items():
            player.until(name, begin[name] + 1 if value is ... else value, begin)
    player.tool("key", "q")
    assert player.line_of("over")
    assert player.process.wait(PATIENCE) == 0
    assert len(list(tmp_path.glob("*.mp4"))) == 1


def test_it_starts_at_a_multiple_and_follows_a_resize(player):
    assert player.size("640 480") == "640 480"
    player.tool("windowsize", "--sync", player.window, "900", "500")
    assert player.size("900 500") == "900 500"


def screenshot(player: Player, path: Path) -> np.ndarray:
    """The window at 900x500 as it is on the screen; black where it is not painted."""
    player.tool("windowsize", "--sync", player.window, "900", "500")
    assert player.size("900 500") == "900 500"
    deadline = time.monotonic() + 5
    while True:  # The window paints some time after it has its size.
        subprocess.run(
            ["import", "-window", player.window, str(path)], env=player.environment, check=True,
            timeout=PATIENCE,
        )  # fmt: skip
        screen = cv2.imread(str(path))
        painted = screen[400, 450].any() and not screen[400, 5].any()
        if painted or time.monotonic() > deadline:
            return screen
        time.sleep(0.1)


@pytest.mark.skipif(shutil.which("import") is None, reason="not installed: import (ImageMagick)")
def test_the_screen_shows_the_picture_at_its_aspect(display, tmp_path):
    shot = tmp_path / "shot.png"
    # Without a window manager Qt sometimes never learns that its window can be seen, whatever is
    # shown in it: then it is tried again.
    for _ in range(5):
        player = Player(display)
        screen = screenshot(player, shot)
        assert player.press("q") == "quit"
        player.process.communicate(timeout=PATIENCE)
        if screen.any():
            break
    assert screen.shape == (500, 900, 3)
    row = screen[400]
    bars = (row == 0).all(axis=1)
    # 4:3 in 900x500 is 667 wide, between bars of 116 and 117.
    assert bars[:115].all()
    assert bars[-115:].all()
    assert tuple(row[450]) == (40, 160, 80)
    assert 660 <= (~bars).sum() <= 670
    assert screen[10:60, 120:300].max() > 200  # The HUD's text.
    if keep := os.environ.get("LIVEDREAM_KEEP_SCREENSHOT"):
        shutil.copy(shot, keep)


def test_closing_by_the_frame_is_quitting(player):
    ask_to_close(player.environment["DISPLAY"], int(player.window))
    assert player.line() == "quit"
    assert player.line() == "closed"
    assert player.line() == "closed"  # Showing another frame does not open it again.
    assert player.process.wait(PATIENCE) == 0


def manages(display: str) -> bool:
    """Whether a window manager is there."""
    asked = ["xdotool", "get_num_desktops"]
    return not subprocess.run(
        asked, env={**os.environ, "DISPLAY": display}, capture_output=True
    ).returncode


@pytest.mark.skipif(shutil.which("openbox") is None, reason="not installed: openbox")
def test_full_screen_fills_it_and_comes_back(display):
    manager = subprocess.Popen(
        ["openbox"], env={**os.environ, "DISPLAY": display}, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: manages(display))
        player = Player(display)
        assert player.press("f") == "fullscreen"
        assert player.size("1000 700") == "1000 700"
        assert player.press("f") == "fullscreen"
        assert player.size("640 480") == "640 480"
        assert player.press("q") == "quit"
        player.process.communicate(timeout=PATIENCE)
    finally:
        manager.terminate()
        manager.wait(PATIENCE)


def test_no_noise_on_the_console(player):
    player.press("q")
    _, errors = player.process.communicate(timeout=PATIENCE)
    assert errors == ""


def test_a_picture_that_is_shown_already_is_not_drawn_again_and_again(display):
    code = """
        import time
        import numpy as np
        from livedream.runtime.live.window import Window
        drawn = []
        def overlay(canvas):
            drawn.append(1)
            return canvas
        image = np.zeros((240, 320, 3), np.uint8)
        with Window("livedream-test", (320, 240)) as window:
            window.show(image, overlay)
            window.show(image, overlay)
            print(len(drawn))
            window.show(image.copy(), overlay)
            print(len(drawn))
            time.sleep(0.11)
            window.show(image, overlay)
            print(len(drawn))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "DISPLAY": display},
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "2", "3"]


@pytest.mark.parametrize("name", [None, ":95"])
def test_without_a_display_it_is_an_error_not_an_abort(name):
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    if name:
        environment["DISPLAY"] = name
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PLAYER)], env=environment, capture_output=True,
        text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1  # A Python error; an abort would be negative.
    assert "--headless" in done.stderr


def ask_to_close(display: str, window: int) -> None:
    """What a window manager sends when somebody clicks the X: WM_DELETE_WINDOW."""

    class ClientMessage(ctypes.Structure):
        _fields_ = (
            ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
            ("display", ctypes.c_void_p), ("window", ctypes.c_ulong),
            ("message_type", ctypes.c_ulong), ("format", ctypes.c_int),
            ("data", ctypes.c_long * 5), ("padding", ctypes.c_long * 16),
        )  # fmt: skip

    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XInternAtom.restype = ctypes.c_ulong
    x.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x.XSendEvent.argtypes = [
        ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p,
    ]  # fmt: skip
    x.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x.XOpenDisplay(display.encode())
    event = ClientMessage(
        type=33,
        window=window,
        format=32,
        message_type=x.XInternAtom(connection, b"WM_PROTOCOLS", 0),
    )
    event.data[0] = x.XInternAtom(connection, b"WM_DELETE_WINDOW", 0)
    x.XSendEvent(connection, window, 0, 0, ctypes.byref(event))
    x.XCloseDisplay(connection)
