"""Who may come in to the page, and how far: pure functions of what a request says.

On the loopback everybody on this machine may play. Elsewhere a token is needed, which the first
answer swaps for a cookie. Names that are not this machine's are refused (a name of someone else's
may point here), and so is a socket that a page from elsewhere opens.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Level = Literal["look", "control"]
"""`look` sees the picture and the values, `control` moves them."""

LEVELS: tuple[Level, ...] = ("look", "control")
KEY = "key"
SOCKET = "/socket"


class Refused(Exception):
    """A request that is not answered. status: of HTTP. The message is for a person."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What a browser says. accepts: of the kinds of an answer. opens: whether it wants a socket.
    hosts, origins, cookies: of each such header its content."""

    path: str
    method: str = "GET"
    accepts: str = ""
    opens: bool = False
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    cookies: Sequence[str] = ()


def _tokens() -> dict[Level, str]:
    return {level: secrets.token_urlsafe(16) for level in LEVELS}


@dataclass(frozen=True)
class Door:
    """What is listened on. host: an IPv4 address. tokens: of each level; empty where none is
    needed."""

    host: str
    port: int
    tokens: dict[Level, str] = field(default_factory=_tokens)

    @property
    def cookie(self) -> str:
        """The name of its cookie: browsers do not keep those of two ports apart."""
        return f"livedream-{self.port}"

    def address(self, level: Level = "control") -> str:
        """What to open in a browser, for those who may come in at `level`."""
        host = own_address() if self.host == "0.0.0.0" else self.host
        key = f"?{KEY}={self.tokens[level]}" if self.tokens else ""
        return f"http://{host}:{self.port}/{key}"


def door(host: str, port: int) -> Door:
    """With tokens, unless only this machine can come in."""
    return Door(host, port, {} if ipaddress.ip_address(host).is_loopback else _tokens())


def host_of(request: Request, door: Door, local: str) -> str:
    """The Host of the request, where it is this machine. local: the address of this end of the
    connection. Raises Refused."""
    names = {local}
    if ipaddress.ip_address(local).is_loopback:
        names.add("localhost")
    if door.tokens:
        own = socket.gethostname().lower()
        names |= {own, f"{own}.local"}
    known = {f"{name}:{door.port}" for name in names} | (names if door.port == 80 else set())
    if len(request.hosts) != 1 or request.hosts[0].lower() not in known:
        raise Refused(421, "This is not the address of the page.")
    return request.hosts[0]


def level_of(request: Request, door: Door) -> Level:
    """How far the request may go: by its cookie, where one is needed. Raises Refused."""
    if not door.tokens:
        return "control"
    level = _level(_cookie(request, door.cookie), door)
    if level is None:
        raise Refused(403, "Scan the code again, or open the address that livedream printed.")
    return level


def check_socket(request: Request, host: str) -> None:
    """Only the page itself may open a socket: a page from elsewhere in the same browser would bring
    the cookie too. Raises Refused."""
    if list(request.origins) != [f"http://{host}"]:
        raise Refused(403, "Only the page itself may open this.")


def check_listener(request: Request, host: str) -> None:
    """A program says no Origin; a page that says one is not from elsewhere. Raises Refused."""
    if request.origins:
        check_socket(request, host)


def swapped(request: Request, door: Door) -> str | None:
    """The cookie for the token in the address, as the content of Set-Cookie; None where the address
    has none. Raises Refused for a wrong one."""
    keys = parse_qs(urlsplit(request.path).query).get(KEY)
    if not keys or not door.tokens:
        return None
    if _level(keys[0], door) is None:
        raise Refused(403, "This address is from an earlier show; scan the code again.")
    # Not Strict: the address may be followed from a message. It is never sent with a socket that
    # another page opens, and a plain request changes nothing.
    return f"{door.cookie}={keys[0]}; Path=/; HttpOnly; SameSite=Lax"


def own_address() -> str:
    """The address by which others on the network reach this machine; the loopback's where there is
    no network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # An address for documents: any way out will do.
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


def _level(token: str, door: Door) -> Level | None:
    given = token.encode("utf-8", "replace")
    same: list[Level] = [
        each for each in LEVELS if hmac.compare_digest(given, door.tokens[each].encode())
    ]
    return same[0] if same else None


def _cookie(request: Request, name: str) -> str:
    for header in request.cookies:
        try:
            jar = SimpleCookie(header)
        except CookieError:
            continue
        if name in jar:
            return jar[name].value
    return ""
