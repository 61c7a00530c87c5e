"""A real Chromium, driven over its devtools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from ....patience import PATIENCE, until

NAMES = ("chromium", "chromium-browser", "google-chrome")


def installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """Without a window, with a profile of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        program = installed()
        assert program
        self._process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", "--remote-debugging-port=0",
             f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        told = folder / "DevToolsActivePort"
        until(
            lambda: told.exists() and len(told.read_text().splitlines()) == 2,
            "Chromium did not start",
        )
        port, path = told.read_text().splitlines()
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(
                f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None, open_timeout=PATIENCE
            )
        )
        self._numbers = itertools.count(1)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, address: str, width: int = 390, height: int = 844, touch: bool = True) -> Tab:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        tab.turn(width, height, touch)
        tab.call("Page.navigate", url=address)
        return tab

    def close(self) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(10)


class Tab:
    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def call(self, method: str, **parameters: Any) -> Any:
        return self._browser.call(method, self._session, **parameters)

    def turn(self, width: int, height: int, touch: bool = True) -> None:
        """Its size in pixels of CSS; touch: as a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if touch else 1, mobile=touch,
        )  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=touch)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression is."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Waits until the expression is true, and returns what it is."""
        end = time.monotonic() + PATIENCE
        while not (value := self.value(expression)):
            assert time.monotonic() < end, f"never: {expression}"
            time.sleep(0.03)
        return value

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=CODES[key],
            )

    def swipe(self, start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> None:
        """A finger from `start` to `end`."""
        for at in range(steps + 1):
            share = at / steps
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            kind = "touchStart" if at == 0 else "touchMove"
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def box(self, selector: str) -> dict[str, float]:
        """Where an element is once it stands still on the screen: x, y, width, height."""
        found = json.dumps(selector)
        self.value(f"document.querySelector({found}).scrollIntoView({{block: 'center'}})")
        # A touch is led by what was last painted: two frames later that is what is measured.
        frame = "requestAnimationFrame"
        self.value(f"new Promise(done => {frame}(() => {frame}(() => done(0))))")
        return self.value(f"document.querySelector({found}).getBoundingClientRect().toJSON()")

    def picture(self, path: Path) -> None:
        """A screenshot as PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


CODES = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowRight": 39,
    "Delete": 46,
    "ArrowDown": 40,
}
