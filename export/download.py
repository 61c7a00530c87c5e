"""Fetch one file over HTTP: hash checked, resumed after a broken connection, never half there."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from .errors import ExportError

Progress = Callable[[str, float], None]
"""Called with what is being done and how much of it is, 0..1."""

ATTEMPTS = 4
CHUNK = 1 << 18
TIMEOUT = 20.0  # seconds without a byte


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch(url: str, digest: str, folder: Path, progress: Progress) -> Path:
    """The file of `url` in `folder`, downloaded unless it is there and whole.

    digest: its sha256, hexadecimal, or the first digits of it. What a broken connection left stays
    beside it as `.part` and is continued, in this call or the next, if the server can; a file with
    the wrong hash is thrown away and fetched once more from the start. Of several programs that
    want the file at once, one downloads and the others wait for it. Raises `ExportError` if the
    server cannot be reached or the hash is wrong again.
    """
    target = folder / url.rsplit("/", 1)[-1]
    if _whole(target, digest):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(target, progress):
            if _whole(target, digest):
                return target
            part = target.with_name(target.name + ".part")
            for _ in range(2):
                resumed = part.exists()
                _receive(url, part, progress)
                if sha256(part).startswith(digest):
                    os.replace(part, target)
                    return target
                part.unlink()
                if not resumed:
                    break
    except OSError as error:
        raise ExportError(f"The weights could not be stored in {folder}: {error}.") from error
    raise ExportError(
        f"{url} does not hold the file it should (its sha256 does not begin with {digest}); "
        "try again, or give a local file with --weights FILE."
    )


def _whole(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path).startswith(digest)


@contextmanager
def _alone(target: Path, progress: Progress) -> Iterator[None]:
    """Inside, no other program downloads `target`."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            progress("waiting for another program's download", 0.0)
    try:
        yield
    finally:
        lock.release()


class _Encrypted(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere, but never from https to where anybody on the way may change
    what is sent."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if req.type == "https" and urllib.parse.urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"it leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(url: str, part: Path, progress: Progress) -> None:
    """Bring `part` to its full length, trying again where the connection breaks."""
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            if _transfer(url, part, progress):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as error:
            if error.code == 416:  # nothing left to ask for: the part is whole, or foreign
                return
            reason = f"the server answered {error.code} {error.reason}"
            if error.code < 500:
                break
        except urllib.error.URLError as error:
            reason = str(error.reason)
        except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
            # A server's own bytes may be in it.
            said = " ".join(str(error).split())[:200]
            reason = said if said.isprintable() and said else type(error).__name__
    raise ExportError(
        f"The weights could not be downloaded from {url} ({reason}); check the network and try "
        "again, or give a local file with --weights FILE."
    )


def _transfer(url: str, part: Path, progress: Progress) -> bool:
    """One request for what `part` still lacks; true if it is complete afterwards."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "livedream"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    opener = urllib.request.build_opener(_Encrypted)
    with opener.open(request, timeout=TIMEOUT) as response:
        if response.status != 206:  # no range support: from the start
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else 0
        with part.open("ab" if have else "wb") as file:
            while block := response.read(CHUNK):
                file.write(block)
                have += len(block)
                progress("downloading weights", have / total if total else 0.0)
    return not total or have >= total
