"""Addresses of streams: which are opened, and what of them may be told."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...errors import UsageError, nearest

SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp")
"""What FFmpeg is asked to open. It knows many more, that read files or run as servers."""


def check_scheme(url: str) -> None:
    """Raises UsageError for an address that is not opened."""
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise UsageError(
            f"'{scheme}://' is no address that a stream comes from; nearest: "
            f"{nearest(scheme, SCHEMES)}."
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
