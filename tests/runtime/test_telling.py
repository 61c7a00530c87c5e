"""Words for a terminal that is slow, gone, or none."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from livedream.runtime import telling
from livedream.runtime.telling import Told

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")


class Pipe:
    """Standard error that somebody reads, or does not."""

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        self.stream = os.fdopen(writer, "w", encoding="latin-1")

    def read(self) -> bytes:
        return os.read(self.reader, 1 << 16)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for close in (pipe.stream.close, lambda: os.close(pipe.reader)):
        with suppress(OSError):
            close()


def test_what_is_told_arrives_in_order_and_in_the_terminals_encoding(pipe, monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    told = Told()
    assert told.writable()
    assert told.encoding == "latin-1"
    for text in ("one, ", "zwölf, ", "夢"):
        assert told.write(text) == len(text)
    assert told.drain(10)
    assert pipe.read() == "one, zwölf, ?".encode("latin-1")
    assert told.write("more") == 4  # by the same thread
    assert told.drain(10)
    assert pipe.read() == b"more"


def test_a_reader_that_is_gone_is_nobodys_error(pipe, monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    told = Told()
    os.close(pipe.reader)
    told.write("lost")
    told.write("lost too")
    assert told.drain(10)
    pipe.reader = os.open("/dev/null", os.O_RDONLY)


def test_a_reader_that_stands_still_holds_nobody_up(pipe, monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    monkeypatch.setattr(telling, "WAITING", 5)
    told = Told()
    told.write("x" * (1 << 20))  # more than a pipe takes
    for number in range(50):
        told.write(f"{number} ")
    assert told.drain(0.05) is False
    heard = b""
    while not heard.endswith(b"4 "):
        heard += pipe.read()
    # One was being written; of the others as many as may wait, and the first of them.
    assert heard.lstrip(b"x").split() in ([b"0", b"1", b"2", b"3", b"4"], [b"0", b"1", b"2", b"3"])
    assert told.drain(10)


@pytest.mark.parametrize("stream", [None, io.StringIO()])
def test_in_memory_or_nowhere_it_is_written_at_once(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    told = Told()
    assert told.write("word") == 4
    assert told.encoding == "utf-8"
    assert told.isatty() is False
    if stream:
        assert stream.getvalue() == "word"
    with pytest.raises(OSError, match=r"no standard error|fileno"):
        told.fileno()


def test_a_stream_that_is_closed_is_nobodys_error(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    assert Told().write("word") == 4
    assert Told().isatty() is False


def test_a_terminal_is_known_as_one(monkeypatch):
    controller, terminal = os.openpty()
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        assert Told().isatty() is True
        assert Told().fileno() == terminal
    os.close(controller)


def test_a_command_is_told_as_it_is_to_be_typed(pipe, monkeypatch):
    """Brackets are extras of pip, and what was wrapped cannot be copied."""
    monkeypatch.setattr(sys, "stderr", pipe.stream)
    text = "Install [bold]it[/bold]: " + "pip install 'livedream[cpu]' " * 20
    telling.console.print(text)
    assert telling.told.drain(10)
    assert pipe.read().decode() == text + "\n"


@pytest.mark.parametrize("odd", ["a\x1b[31mb", "a\x9bb", "a\rb", "a\x07b", "a\u202eb"])
def test_a_name_does_nothing_to_the_terminal(odd, monkeypatch):
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    telling.console.print(f"photo {odd}.jpg [brackets]\nsecond line, ä 日本")
    text = heard.getvalue()
    assert text.startswith("photo a\\")
    assert text.endswith("b.jpg [brackets]\nsecond line, ä 日本\n")
    assert all(letter.isprintable() or letter in "\n\t" for letter in text)
