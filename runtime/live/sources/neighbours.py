"""Pictures that another program on this machine shares: Spout on Windows, Syphon on macOS. Written
from the documentation of SpoutGL and syphon-python; run against stand-ins of them alone."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np

from ...errors import LivedreamError
from ...frame import Frame
from ...pauses import Pauses
from .base import OnEvent, safely

GL_RGBA = 0x1908
BGRA8 = 80
"""Metal's number for pixels whose blue comes first, as in most shared textures."""

LOOK = 1 / 120
"""Seconds between two looks for a new picture."""

SILENT = 2.0
"""Seconds without one after which the other program counts as gone."""


class Receiver(Protocol):
    """What is connected to the other program. Used in one thread alone, which owns its context."""

    def newest(self) -> np.ndarray | None:
        """uint8 BGR [height, width, 3]; None where none came since."""
        ...

    def release(self) -> None: ...


class Shared:
    """The pictures of another program, which may come and go. `connect` finds it, in the thread
    that reads, or raises LivedreamError: it is tried again and again then."""

    live = True

    def __init__(
        self,
        name: str,
        connect: Callable[[], Receiver],
        on_event: OnEvent | None = None,
        *,
        retry: Pauses = Pauses(),  # noqa: B008 - it holds two numbers
        silent: float = SILENT,
    ) -> None:
        self.cost = 0.0
        self._name, self._connect, self._tell = name, connect, safely(on_event)
        self._retry, self._silent = retry, silent
        self._stop = threading.Event()
        self._receiver: Receiver | None = None
        self._next = 0
        self._lost = False

    def describe(self) -> str:
        return self._name

    def read(self) -> Frame | None:
        heard = time.monotonic()
        while not self._stop.wait(LOOK):
            receiver = self._receiver = self._receiver or self._connected()
            if receiver is None:
                break
            image = receiver.newest()
            now = time.monotonic()
            if image is not None:
                if self._lost:
                    self._lost = False
                    self._tell(f"{self._name} is back")
                self._next += 1
                return Frame(image, now, self._next - 1)
            if now - heard > self._silent:
                self._release()
                self._lose()
                heard = now
        self._release()
        return None

    def close(self) -> None:
        self._stop.set()

    def _connected(self) -> Receiver | None:
        for pause in self._retry:
            try:
                return self._connect()
            except LivedreamError:
                self._lose()
            if self._stop.wait(pause):
                break
        return None

    def _lose(self) -> None:
        if self._next and not self._lost:
            self._lost = True
            self._tell(f"{self._name} is lost, retrying")

    def _release(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.release()


class SpoutReceiver:
    """The sender that is called `name`; an empty name is the one that is active."""

    def __init__(self, name: str) -> None:
        self._receiver: Any = spout().SpoutReceiver()
        if not self._receiver.createOpenGL():
            raise LivedreamError("Spout finds no OpenGL; update the graphics driver.")
        if name:
            self._receiver.setReceiverName(name)
        self._pixels: np.ndarray | None = None

    def newest(self) -> np.ndarray | None:
        receiver = self._receiver
        got = receiver.receiveImage(self._pixels, GL_RGBA, False, 0)
        if receiver.isUpdated():  # Of another size from now on.
            height, width = receiver.getSenderHeight(), receiver.getSenderWidth()
            self._pixels = np.zeros((height, width, 4), np.uint8)
            return None
        if not got or self._pixels is None or not receiver.isFrameNew():
            return None
        return cv2.cvtColor(self._pixels, cv2.COLOR_RGBA2BGR)

    def release(self) -> None:
        self._receiver.releaseReceiver()
        self._receiver.closeOpenGL()


class SyphonReceiver:
    """The first server whose name, or that of its program, holds `name`."""

    def __init__(self, name: str) -> None:
        library = syphon()
        directory = library.SyphonServerDirectory()
        servers = [each for each in directory.servers if name in each.name or name in each.app_name]
        if not servers:
            raise LivedreamError(f"There is no Syphon server {name}.".replace(" .", "."))
        self._copy = importlib.import_module("syphon.utils.numpy").copy_mtl_texture_to_image
        self._client: Any = library.SyphonMetalClient(servers[0])

    def newest(self) -> np.ndarray | None:
        client = self._client
        if not client.is_valid or not client.has_new_frame:
            return None
        texture = client.new_frame_image
        code = cv2.COLOR_BGRA2BGR if texture.pixelFormat() == BGRA8 else cv2.COLOR_RGBA2BGR
        # Shared textures begin with their lowest row.
        return cv2.flip(cv2.cvtColor(self._copy(texture), code), 0)

    def release(self) -> None:
        self._client.stop()


def spout() -> Any:
    """SpoutGL. Raises LivedreamError where there is none."""
    if sys.platform != "win32":
        raise LivedreamError("Spout is Windows' own; NDI does the same here, --source ndi.")
    try:
        return importlib.import_module("SpoutGL")
    except ImportError as error:
        raise LivedreamError('Spout is not installed; pip install "livedream[spout]".') from error


def syphon() -> Any:
    """syphon-python. Raises LivedreamError where there is none."""
    if sys.platform != "darwin":
        raise LivedreamError("Syphon is macOS' own; NDI does the same here, --source ndi.")
    try:
        return importlib.import_module("syphon")
    except ImportError as error:
        raise LivedreamError('Syphon is not installed; pip install "livedream[syphon]".') from error


def open_shared(kind: str, name: str, on_event: OnEvent | None = None) -> Shared:
    """kind: spout or syphon. Raises LivedreamError where this machine has none."""
    library, receiver = {"spout": (spout, SpoutReceiver), "syphon": (syphon, SyphonReceiver)}[kind]
    library()
    return Shared(f"{kind} {name}".strip(), lambda: receiver(name), on_event)
