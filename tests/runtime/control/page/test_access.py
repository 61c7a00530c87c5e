"""Every way in that is not the front door, as a request that says it."""

from __future__ import annotations

import socket

import pytest

from livedream.runtime.control.page.access import (
    Door,
    Refused,
    Request,
    check_socket,
    door,
    host_of,
    level_of,
    own_address,
    swapped,
)

LOOPBACK = Door("127.0.0.1", 8642, {})
LAN = Door("0.0.0.0", 8642, {"look": "eyes", "control": "hands"})


def test_only_what_others_reach_has_tokens_and_no_two_shows_share_them():
    assert not door("127.0.0.1", 1).tokens
    assert not door("127.1.2.3", 1).tokens
    one, other = door("0.0.0.0", 1), door("192.0.2.7", 1)
    kept = [*one.tokens.values(), *other.tokens.values()]
    assert len(set(kept)) == 4
    assert min(map(len, kept)) >= 20


def test_the_address_to_open_is_one_that_others_reach():
    assert LOOPBACK.address() == "http://127.0.0.1:8642/"
    assert LAN.address("look") == f"http://{own_address()}:8642/?key=eyes"
    assert Door("10.0.0.5", 1, LAN.tokens).address() == "http://10.0.0.5:1/?key=hands"


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost:8642", "LOCALHOST:8642"])
def test_this_machine_by_its_names(host):
    assert host_of(Request("/", hosts=[host]), LOOPBACK, "127.0.0.1") == host


def test_on_the_network_by_its_address_and_its_own_name():
    own = socket.gethostname()
    for host in ("10.0.0.5:8642", f"{own}:8642", f"{own}.local:8642"):
        host_of(Request("/", hosts=[host]), LAN, "10.0.0.5")


@pytest.mark.parametrize(
    "hosts",
    [
        [], ["evil.example:8642"], ["127.0.0.1:80"], ["127.0.0.1"], ["10.0.0.6:8642"],
        ["127.0.0.1:8642", "evil.example:8642"], ["127.0.0.1:8642.evil.example"], [""],
        ["user@127.0.0.1:8642"],
    ],
)  # fmt: skip
@pytest.mark.parametrize(("at", "local"), [(LOOPBACK, "127.0.0.1"), (LAN, "10.0.0.5")])
def test_a_name_that_points_here_is_not_this_machine(hosts, at, local):
    with pytest.raises(Refused) as refused:
        host_of(Request("/", hosts=hosts), at, local)
    assert refused.value.status == 421


def test_without_a_port_only_where_browsers_leave_it_out():
    assert host_of(Request("/", hosts=["127.0.0.1"]), Door("127.0.0.1", 80, {}), "127.0.0.1")


@pytest.mark.parametrize(
    "origins",
    [
        [], ["null"], ["https://127.0.0.1:8642"], ["http://evil.example"], ["http://127.0.0.1"],
        ["http://127.0.0.1:8642", "http://evil.example"], ["http://localhost:8642"],
    ],
)  # fmt: skip
def test_no_other_page_opens_a_socket(origins):
    with pytest.raises(Refused):
        check_socket(Request("/socket", origins=origins), "127.0.0.1:8642")
    check_socket(Request("/socket", origins=["http://127.0.0.1:8642"]), "127.0.0.1:8642")


@pytest.mark.parametrize(
    ("cookie", "level"),
    [("hands", "control"), ("eyes", "look"), ("x", None), ("", None), ("händs", None)],
)
def test_a_cookie_says_how_far(cookie, level):
    request = Request("/", cookies=[f"other=1; livedream-8642={cookie}"])
    if level:
        assert level_of(request, LAN) == level
    else:
        with pytest.raises(Refused, match="Scan the code"):
            level_of(request, LAN)


@pytest.mark.parametrize("cookies", [[], ["livedream-8643=hands"], [";;=;"], ["a=" + "b" * 5000]])
def test_other_cookies_say_nothing(cookies):
    with pytest.raises(Refused):
        level_of(Request("/", cookies=cookies), LAN)


def test_a_token_is_swapped_for_a_cookie_that_scripts_and_other_sites_do_not_get():
    cookie = swapped(Request("/?key=hands"), LAN)
    assert cookie is not None
    assert cookie.startswith("livedream-8642=hands;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert swapped(Request("/"), LAN) is None
    assert swapped(Request("/?key=hands"), LOOPBACK) is None
    with pytest.raises(Refused, match="earlier show"):
        swapped(Request("/?key=ands"), LAN)
