"""Addresses of streams: which are opened, and what of them may be told."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ...errors import UsageError, nearest

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp")
"""What FFmpeg is asked to open. It knows many more, that read files or run as servers."""


def split(url: str) -> SplitResult:
    """The parts of an address. Raises UsageError for what is none, without repeating it: it may
    hold a password."""
    try:
        return urlsplit(url)
    except ValueError as error:
        # What Python says may quote user and password.
        raise UsageError(
            "The source is no address that can be read; check its host and brackets."
        ) from error


def openable(url: str) -> str:
    """`url` as FFmpeg takes it, which knows schemes in small letters only. Raises UsageError for
    an address that is not opened."""
    scheme = split(url).scheme
    if scheme not in SCHEMES:
        raise UsageError(
            f"'{scheme}://' is no address that a stream comes from; nearest: "
            f"{nearest(scheme, SCHEMES)}."
        )
    return scheme + url[len(scheme) :]


def check_slashes(spec: str) -> None:
    """Raises UsageError for an address with a slash too few: as a file's name it would be told
    whole, with its password."""
    scheme, colon, _ = spec.partition(":")
    if colon and scheme.lower() in SCHEMES:
        raise UsageError(
            f"After '{scheme}:' an address goes on with two slashes, as in "
            f"{scheme.lower()}://host/path."
        )


def public_address(url: str) -> str:
    """`url` as it may be shown: without user, password and query, which may hold a token."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"
