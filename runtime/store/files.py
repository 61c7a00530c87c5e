"""Files that are whole or not there: every output is written beside its place, then moved."""

from __future__ import annotations

import errno
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..ending import ending
from ..errors import LivedreamError, UsageError

# What a disk, and nothing but the disk written to, answers in the middle of a write.
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def check_outputs(
    outputs: Iterable[Path | None],
    inputs: Iterable[Path | str | None] = (),
    overwrite: bool = False,
) -> None:
    """Refuse the `outputs` of a command that would cost a person a file, before any work is done.

    inputs: what the command reads; names that are no files (a camera's number, an address) are
    harmless. None stands for what was not asked for. Names that lead to one file by links count as
    the same. Raises UsageError where an output is one of `inputs`, which `overwrite` does not
    excuse, where two outputs are one file, and what `check_writable` raises.
    """
    read = [str(name).removeprefix("file:") for name in inputs if name is not None]
    written: list[Path] = []
    for output in outputs:
        if output is None:
            continue
        for name in read:
            if _same(output, name):
                raise UsageError(
                    f"{output} is the file to read itself, {name}; write to another name."
                )
        for other in written:
            if _same(output, other):
                raise UsageError(f"{other} and {output} are one file; write to two names.")
        check_writable(output, overwrite)
        written.append(output)


def check_writable(path: Path | str, overwrite: bool = True) -> None:
    """Refuse a target that cannot be written, before hours of work go into it.

    Raises UsageError for a folder, a device, or, without `overwrite`, a file that holds something,
    and LivedreamError where the folder does not exist or may not be written.
    """
    target = _final(path)
    # os.path's questions and not Path's, which raise for what is in a folder that is closed.
    if os.path.isdir(target):
        raise UsageError(f"{path} is a folder; name a file in it.")
    if os.path.exists(target) and not os.path.isfile(target):
        raise UsageError(f"{path} is not a regular file; name a file to write.")
    if not overwrite and _taken(target):
        raise UsageError(
            f"{path} exists already; choose another name, or replace it with --overwrite."
        )
    if not os.path.isdir(target.parent):
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
def replacing(path: Path | str, overwrite: bool = True, hidden: bool = True) -> Iterator[Path]:
    """Yield an empty temporary file beside `path`, with its suffix; it becomes `path` at the end.

    On any way out but success (Ctrl-C too) the temporary is removed and an older `path` stays as it
    was, unless `settle` gave the temporary its name already. Without `overwrite`, which is for what
    `check_outputs` let pass, a file that another program made under that name meanwhile stays as
    well, and this one is kept under the next free name. hidden: whether the temporary is; what a
    person may want to rescue after a crash is not.

    Raises what `check_writable` raises, and LivedreamError when the disk is full or read-only, or
    another name had to be taken.
    """
    check_writable(path)
    target = _final(path)
    token = secrets.token_hex(4)
    name = f".{target.stem[:80]}-{token}" if hidden else f"{target.stem[:80]}-unfinished-{token}"
    temporary = target.with_name(name + target.suffix)
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
        if temporary.exists():
            settle(temporary, path, overwrite)
    finally:
        temporary.unlink(missing_ok=True)


def settle(temporary: Path, path: Path | str, overwrite: bool) -> None:
    """Give a file that `replacing` yielded its name before the end, while it grows.

    Raises as `replacing` does; the file has a name then where that is possible.
    """
    target = _final(path)
    try:
        _flush(temporary)
        if overwrite or not _taken(target):
            os.replace(temporary, target)
            return
        other = take_free(numbered(target))
        os.replace(temporary, other)
    except OSError as error:
        raise unwritable(path, error) from error
    raise LivedreamError(f"Another program made {path} meanwhile; this one is kept as {other}.")


def take_free(paths: Iterable[Path]) -> Path:
    """The first of `paths` that is not there, taken by an empty file, so that no two programs and
    no two files of one second ever share a name. The next `replacing` puts the content into it.

    Raises LivedreamError where a file cannot be made.
    """
    for path in paths:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        except OSError as error:
            raise unwritable(path, error) from error
        return path
    raise ValueError("every name is taken")


def numbered(path: Path) -> Iterator[Path]:
    """`path` itself, then the same with -2, -3 and so on before its suffix."""
    yield path
    for number in itertools.count(2):
        yield path.with_stem(f"{path.stem}-{number}")


def give_back(path: Path) -> None:
    """Remove the empty file that held a name, where nothing came into it."""
    if path.is_file() and not _taken(path):
        path.unlink(missing_ok=True)


def _taken(path: Path) -> bool:
    """Whether something is there; an empty file holds a name and nothing else."""
    return os.path.exists(path) and os.path.getsize(path) > 0


def _same(path: Path | str, other: Path | str) -> bool:
    try:
        first, second = _final(path), _final(other)
        return os.path.normcase(first) == os.path.normcase(second) or first.samefile(second)
    except (OSError, ValueError):  # One of them is no file, or no name of one.
        return False


def write_bytes(path: Path | str, content: bytes, overwrite: bool = True) -> None:
    """Write `content` to `path` as a whole or not at all. Raises what `replacing` raises."""
    with replacing(path, overwrite) as temporary:
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
