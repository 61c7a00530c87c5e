from __future__ import annotations

import pytest

from livedream.runtime.control.listening import Clock, clock_of, place_of, targets_of
from livedream.runtime.errors import UsageError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", ("127.0.0.1", 8642)),
        (":9000", ("127.0.0.1", 9000)),
        ("lan", ("0.0.0.0", 8642)),
        ("lan:9000", ("0.0.0.0", 9000)),
        ("192.168.1.4:9000", ("192.168.1.4", 9000)),
        ("192.168.1.4", ("192.168.1.4", 8642)),
    ],
)
def test_on_this_machine_alone_unless_more_is_said(text, place):
    assert place_of(text) == place


def test_clocks_are_named_with_the_network_where_they_need_it():
    assert clock_of("lan:link") == Clock("link", "0.0.0.0", 9996)
    assert clock_of("os2l") == Clock("os2l", "127.0.0.1", 9996)
    assert clock_of("lan:os2l:9000") == Clock("os2l", "0.0.0.0", 9000)


def test_those_who_are_told_are_named_with_their_ports():
    assert targets_of("tablet:9000, 10.0.0.7:9001") == (("tablet", 9000), ("10.0.0.7", 9001))


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (place_of, "lan:0", "1 to 65535"),
        (place_of, ":port", "1 to 65535"),
        (clock_of, "link", "lan:link"),
        (clock_of, "lan:link:9000", "is no clock"),
        (clock_of, "midi", "is no clock"),
        (targets_of, "tablet", "HOST:PORT"),
        (targets_of, ":9000", "HOST:PORT"),
        (targets_of, "tablet:0", "1 to 65535"),
        (targets_of, "", "HOST:PORT"),
    ],
)
def test_what_is_none_is_told(read, text, says):
    with pytest.raises(UsageError, match=says):
        read(text)
