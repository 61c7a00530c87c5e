"""Files that are whole or not there: every output is written beside its place, then moved."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..ending import ending
from ..errors import LivedreamError, UsageError

# What a disk, and nothing but the disk written to, answers in the middle of a write.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def check_writable(path: Path | str, overwrite: bool = True) -> None:
    """Refuse a target that cannot be written, before hours of work go into it.

    Raises UsageError for a folder, a device, or an existing file without `overwrite`, and
    LivedreamError where the folder does not exist or may not be written.
    """
    target = _final(path)
    if target.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it.")
    if target.exists() and not target.is_file():
        raise UsageError(f"{path} is not a regular file; name a file to write.")
    if target.exists() and not overwrite:
        raise UsageError(f"{path} exists already; choose another name or remove it first.")
    if not target.parent.is_dir():
        raise LivedreamError(
            f"The folder {target.parent} does not exist, so {target.name} cannot be written; "
            "create it first."
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise LivedreamError(
            f"The folder {target.parent} may not be written to; choose another or change its "
            "permissions."
        )


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`, with its suffix; it becomes `path` at the end.

    On any way out but success (Ctrl-C too) the temporary is removed and an older `path` stays as it
    was. Raises what `check_writable` raises, and LivedreamError when the disk is full or read-only.
    """
    check_writable(path)
    target = _final(path)
    temporary = target.with_name(f".{target.stem[:80]}-{secrets.token_hex(4)}{target.suffix}")
    try:
        # os.open and not mkstemp: the file gets the permissions any new file of this user gets.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        try:
            with ending.unfinished(target, temporary):
                yield temporary
        except OSError as error:
            if error.errno in _DISK:
                raise unwritable(path, error) from error
            raise
        try:
            _flush(temporary)
            os.replace(temporary, target)
        except OSError as error:
            raise unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write `content` to `path` as a whole or not at all. Raises what `replacing` raises."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def unwritable(path: Path | str, error: OSError) -> LivedreamError:
    """The sentence for a write to `path` that the system refused with `error`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LivedreamError(
            f"No space left to write {path}; free some or choose a place on another disk."
        )
    if error.errno == errno.EFBIG:
        return LivedreamError(f"{path} grew over the largest file its disk or this user may have.")
    if error.errno == errno.EROFS:
        return LivedreamError(f"{path} is on a read-only disk; choose another place.")
    return LivedreamError(f"{path} cannot be written: {os.strerror(error.errno or errno.EIO)}.")


def _final(path: Path | str) -> Path:
    """`path` with links followed, so that a link to a file keeps pointing at it."""
    return Path(os.path.realpath(Path(path).expanduser()))


def _flush(path: Path) -> None:
    """Bring the content to the disk before the name, or a power cut leaves an empty file."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
