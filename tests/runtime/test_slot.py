import threading
import time

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.frame import Frame
from livedream.runtime.live.capture import Capture
from livedream.runtime.slot import Closed, Slot

from ..patience import PATIENCE


def test_the_newest_replaces_and_the_replaced_is_counted():
    slot: Slot[int] = Slot()
    for number in range(5):
        slot.put(number)
    assert slot.take(0) == 4
    assert slot.dropped == 4
    assert slot.take(0.01) is None  # Each item comes out once.


def test_of_several_the_first_comes_out_or_the_newest_alone():
    slot: Slot[int] = Slot(2)
    for number in range(4):
        slot.put(number)
    assert slot.dropped == 2
    assert slot.peek(0) == 3
    assert [slot.take(0, newest=False), slot.take(0, newest=False)] == [2, 3]
    assert slot.take(0, newest=False) is None
    slot.put(4)
    slot.put(5)
    assert slot.take(0) == 5
    assert slot.dropped == 3
    assert slot.take(0) is None


def test_none_is_an_item_like_any_other():
    slot: Slot[object] = Slot()
    slot.put(None)
    slot.put(None)
    assert slot.dropped == 1


class Waiting(threading.Thread):
    """Takes from a slot, and is inside its `take` already. With or without a limit, it is woken."""

    def __init__(self, slot: Slot, timeout: float | None) -> None:
        super().__init__(daemon=True)
        self.slot, self.timeout = slot, timeout
        self.got: object = None
        self.start()
        while not slot._changed._waiters:  # pyright: ignore[reportAttributeAccessIssue]
            time.sleep(0.001)

    def run(self) -> None:
        try:
            self.got = self.slot.take(self.timeout)
        except Closed as closed:
            self.got = closed

    def woken(self) -> object:
        self.join(PATIENCE)
        assert not self.is_alive(), "it still waits"
        return self.got


@pytest.mark.parametrize("timeout", [None, 600])
def test_take_waits_for_what_comes_later(timeout):
    slot: Slot[str] = Slot()
    waiting = Waiting(slot, timeout)
    slot.put("late")
    assert waiting.woken() == "late"


@pytest.mark.parametrize("timeout", [None, 600])
def test_close_wakes_those_who_wait(timeout):
    slot: Slot[int] = Slot()
    assert not slot.closed
    waiting = [Waiting(slot, timeout) for _ in range(2)]
    slot.close()
    assert all(isinstance(each.woken(), Closed) for each in waiting)
    assert slot.closed


def test_the_last_item_can_still_be_taken_after_close():
    slot: Slot[int] = Slot()
    slot.put(7)
    slot.close()
    slot.put(8)
    assert slot.take() == 7
    with pytest.raises(Closed):
        slot.take()


def test_the_first_error_stays():
    slot: Slot[int] = Slot()
    slot.close(LivedreamError("first"))
    slot.close(LivedreamError("second"))
    with pytest.raises(LivedreamError, match="first"):
        slot.take()


class Script:
    """A source that plays a list: frames are numbers, exceptions are raised."""

    live = True
    cost = 0.25

    def __init__(self, *script, block: threading.Event | None = None) -> None:
        self.script = list(script)
        self.block = block
        self.closed = False

    def describe(self) -> str:
        return "script"

    def read(self) -> Frame | None:
        if not self.script:
            if self.block:
                self.block.wait(PATIENCE)
            return None
        item = self.script.pop(0)
        if isinstance(item, BaseException):
            raise item
        return Frame(np.zeros((2, 2, 3), np.uint8), time.monotonic(), item)

    def close(self) -> None:
        self.closed = True


def test_capture_keeps_only_the_newest():
    with Capture(Script(*range(100))) as capture:
        capture.playing.thread.join(PATIENCE)
        newest = capture.take(0)
        assert newest is not None
        assert newest.index == 99
        assert capture.slot.dropped == 99
        with pytest.raises(Closed):
            capture.take(0)


def test_a_clip_waits_while_something_is_opened_for_its_first_frame():
    source = Script(*range(5))
    source.live = False
    with Capture(source) as capture:
        first = capture.first(5)
        assert first is not None
        assert first.index == 0
        capture.playing.thread.join(0.05)
        assert len(source.script) == 4
        taken = capture.take(PATIENCE)
        assert taken is not None
        assert taken.index == 0
        assert taken.time > first.time
        capture.playing.thread.join(PATIENCE)
        assert not source.script

    source = Script(0, 1)
    source.live = False
    capture = Capture(source).start()
    assert capture.close(timeout=PATIENCE) is True


class Endless(Script):
    """A source that does not hear that it is closed."""

    def read(self) -> Frame:
        return Frame(np.zeros((2, 2, 3), np.uint8), time.monotonic(), 0)


def test_leaving_closes_the_source_and_ends_the_thread():
    source = Endless()
    with Capture(source) as capture:
        assert capture.take(PATIENCE) is not None
    assert source.closed
    capture.playing.thread.join(PATIENCE)
    assert not capture.playing.thread.is_alive()


def test_a_capture_that_never_began_closes_its_source():
    source = Script(0)
    assert Capture(source).close() is True
    assert source.closed


def test_capture_hands_the_sources_error_to_the_taker():
    capture = Capture(Script(LivedreamError("the cable burnt"))).start()
    with pytest.raises(LivedreamError, match="burnt"):
        capture.take(PATIENCE)
    capture.close()


def test_a_library_that_ends_the_program_inside_of_a_thread_is_an_error_like_others():
    capture = Capture(Script(0, SystemExit(3))).start()
    assert capture.take(PATIENCE) is not None
    with pytest.raises(LivedreamError, match="SystemExit: 3"):
        capture.take(PATIENCE)
    assert capture.shown.take(PATIENCE) is not None
    with pytest.raises(LivedreamError, match="SystemExit: 3"):
        capture.shown.take(PATIENCE)
    capture.close()


def test_capture_records_what_the_frames_cost():
    seen = []

    class Spy:
        def record(self, name: str, seconds: float) -> None:
            seen.append((name, seconds))

    with Capture(Script(0, 1), Spy()) as capture:  # pyright: ignore[reportArgumentType]
        capture.playing.thread.join(PATIENCE)
    assert seen == [("capture", 0.25)] * 2


def test_capture_stops_although_a_read_blocks():
    block = threading.Event()
    source = Script(0, block=block)
    capture = Capture(source).start()
    assert capture.take(PATIENCE) is not None
    assert capture.close(timeout=0.1) is False
    assert capture.playing.thread.daemon  # What blocks for ever must not hold up the exit either.
    assert source.closed
    with pytest.raises(Closed):
        capture.take(0)
    block.set()
    assert capture.close(timeout=PATIENCE) is True
