"""Spout and Syphon in, against stand-ins of the interfaces that their libraries document."""

from __future__ import annotations

import sys
import threading
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.live.sources import neighbours, open_source
from livedream.runtime.live.sources.neighbours import Shared, SpoutReceiver
from livedream.runtime.pauses import Pauses

from ...patience import PATIENCE

RGBA = (200, 60, 30, 255)
BGR = [30, 60, 200]


class Receiver:
    """SpoutGL's: one OpenGL context, in one thread; the first calls tell of a sender's size."""

    made: list[Receiver]
    size = (6, 4)
    sends = True

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.calls: list[str] = []
        self._told: tuple[int, int] | None = None
        self.made.append(self)

    def _own(self, call: str) -> None:
        assert threading.get_ident() == self.thread
        self.calls.append(call)

    def createOpenGL(self) -> bool:
        self._own("createOpenGL")
        return True

    def setReceiverName(self, name: str) -> None:
        self._own(f"setReceiverName {name}")

    def receiveImage(self, pixels, form: int, invert: bool, host: int) -> bool:
        self._own("receiveImage")
        if not self.sends:
            return False
        if pixels is not None and pixels.shape == (self.size[1], self.size[0], 4):
            pixels[:] = RGBA
        return True

    def isUpdated(self) -> bool:
        told, self._told = self._told, self.size
        return self.sends and told != self.size

    def isFrameNew(self) -> bool:
        return True

    def getSenderWidth(self) -> int:
        return self.size[0]

    def getSenderHeight(self) -> int:
        return self.size[1]

    def releaseReceiver(self) -> None:
        self._own("releaseReceiver")

    def closeOpenGL(self) -> None:
        self._own("closeOpenGL")


@pytest.fixture
def receiver(monkeypatch) -> type[Receiver]:
    kind = type("Receiver", (Receiver,), {"made": []})
    module = ModuleType("SpoutGL")
    module.SpoutReceiver = kind  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "SpoutGL", module)
    monkeypatch.setattr(neighbours.sys, "platform", "win32")
    return kind


def test_spout_in_its_colours_of_any_size_on_one_thread(receiver):
    source = open_source("spout:Resolume")
    assert source.describe() == "spout Resolume"
    assert not receiver.made, "its context belongs to the thread that reads"
    frame = source.read()
    assert frame
    assert frame.image.shape == (4, 6, 3)
    assert frame.image[2, 3].tolist() == BGR
    receiver.size = (8, 10)
    following = source.read()
    assert following
    assert following.image.shape == (10, 8, 3)
    assert (frame.index, following.index) == (0, 1)
    source.close()
    assert source.read() is None
    assert receiver.made[0].calls[:2] == ["createOpenGL", "setReceiverName Resolume"]
    assert receiver.made[0].calls[-2:] == ["releaseReceiver", "closeOpenGL"]


def test_a_program_that_goes_is_told_once_and_connected_again(receiver):
    said: list[str] = []
    source = Shared(
        "spout x", lambda: SpoutReceiver("x"), said.append, retry=Pauses(0, 0), silent=0.03
    )
    assert source.read()
    receiver.sends = False
    found = []
    reader = threading.Thread(target=lambda: found.append(source.read()))
    # The context is that of the thread which reads: as in a show, there is one.
    source._release()
    reader.start()
    while len(receiver.made) < 4:
        assert reader.is_alive()
    receiver.sends = True
    reader.join(PATIENCE)
    assert found[0] is not None
    assert said == ["spout x is lost, retrying", "spout x is back"]


def test_syphon_in_its_colours_and_the_right_way_up(monkeypatch):
    class Texture:
        pixels = np.zeros((2, 3, 4), np.uint8)
        pixels[0] = (30, 60, 200, 255)  # The lowest row, blue first.

        def pixelFormat(self) -> int:
            return neighbours.BGRA8

    class Client:
        is_valid = has_new_frame = True
        new_frame_image = Texture()

        def __init__(self, description) -> None:
            assert description.name == "Wall"

        def stop(self) -> None:
            stopped.append(True)

    stopped: list[bool] = []
    servers = [
        SimpleNamespace(name="Other", app_name="OBS"),
        SimpleNamespace(name="Wall", app_name="VDMX"),
    ]
    library, tools = ModuleType("syphon"), ModuleType("syphon.utils.numpy")
    vars(library).update(
        SyphonMetalClient=Client, SyphonServerDirectory=lambda: SimpleNamespace(servers=servers)
    )
    vars(tools).update(copy_mtl_texture_to_image=lambda texture: texture.pixels)
    for name, module in (("syphon", library), ("syphon.utils.numpy", tools)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(neighbours.sys, "platform", "darwin")
    source = open_source("syphon:VDMX")
    frame = source.read()
    assert frame
    assert frame.image[:, 1].tolist() == [[0, 0, 0], BGR]
    source.close()
    assert source.read() is None
    assert stopped == [True]
    with pytest.raises(LivedreamError, match="There is no Syphon server Nobody"):
        neighbours.SyphonReceiver("Nobody")


@pytest.mark.parametrize(
    ("kind", "system", "missing"),
    [("spout", "win32", "SpoutGL"), ("syphon", "darwin", "syphon")],
)
def test_elsewhere_and_without_the_library_it_says_what_to_do(monkeypatch, kind, system, missing):
    monkeypatch.setattr(neighbours.sys, "platform", "linux")
    with pytest.raises(LivedreamError, match="own; NDI does the same here"):
        open_source(kind)
    monkeypatch.setattr(neighbours.sys, "platform", system)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(LivedreamError, match=rf'pip install "livedream\[{kind}\]"'):
        open_source(f"{kind}:x")
