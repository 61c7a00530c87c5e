"""The user's cache: exported graphs, downloaded weights and models, built engines and compiled
kernels. All can be made again.

`graphs/` `weights/` `engines/` `models/` `compiled/` lie in the platform's cache folder, or where
LIVEDREAM_CACHE says. Where nothing can be written there, a temporary folder stands in for this run:
it shows what the cache holds, and takes what is new.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from ..errors import LivedreamError
from ..telling import console
from .files import unwritable
from .usage import in_use, use

ROOM = 300_000_000
"""Bytes that must be free: for the largest weights and a graph of them."""

_KEEPING = ("graphs", "weights", "engines", "models", "compiled")
_SUBFOLDERS = (*_KEEPING, "locks")
_STAND_IN = "livedream-cache-"

_places: dict[Path, Path] = {}
_temporary: list[tempfile.TemporaryDirectory[str]] = []
_choosing = threading.Lock()


def cache_root() -> Path:
    """The cache folder; it need not exist yet. LIVEDREAM_CACHE overrides the platform's place."""
    override = os.environ.get("LIVEDREAM_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("livedream", appauthor=False))


def cache_folder(name: str) -> Path:
    """The subfolder `graphs`, `weights`, `engines`, `models`, `compiled` or `locks`, there and
    writable.

    Where the cache is on a read-only or full disk, of the folder that stands in for it, which is
    said once. Raises LivedreamError where a file is in the way or nothing can be written at all.
    """
    if name not in _SUBFOLDERS:
        raise ValueError(f"the cache has no folder {name!r}")
    root = cache_root()
    with _choosing:
        if root not in _places:
            _places[root] = _writable(root)
        path = _places[root] / name
    try:
        _make(path)
    except OSError as error:
        sentence = str(unwritable(path, error)).rstrip(".")
        raise LivedreamError(f"{sentence}; LIVEDREAM_CACHE names another cache folder.") from error
    return path


def cache_size() -> int:
    """Bytes of all files in the cache."""
    return size_of(cache_root())


def size_of(folder: Path) -> int:
    """Bytes of all files in `folder`, links not followed."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # Another program finished its temporary meanwhile.
                total += os.lstat(os.path.join(place, name)).st_size
    return total


@contextmanager
def alone(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Inside, no other program and no other thread holds the lock called `name`.

    waiting: called several times a second until then; what it raises ends the wait.
    """
    lock = FileLock(cache_folder("locks") / f"{name}.lock")
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except Timeout:
            waiting()
    try:
        yield
    finally:
        lock.release()


def _writable(root: Path) -> Path:
    """`root`, or what stands in for it."""
    try:
        _make(root)
        with tempfile.TemporaryFile(dir=root):
            pass
        free = shutil.disk_usage(root).free
        elsewhere = os.stat(tempfile.gettempdir()).st_dev != os.stat(root).st_dev
        if free >= ROOM or not elsewhere:
            return root
        trouble = f"The disk of the cache folder {root} has {free / 1e6:.0f} MB left"
    except OSError as error:
        trouble = f"The cache folder {root} cannot be written ({error.strerror})"
    try:
        folder = _stand_in(root)
    except OSError as error:
        raise LivedreamError(
            f"{trouble}, and neither can {tempfile.gettempdir()}; LIVEDREAM_CACHE names another "
            "cache folder."
        ) from error
    console.print(
        f"{trouble}; what is made new is kept in {folder} until this run ends. LIVEDREAM_CACHE "
        "names another cache folder."
    )
    return folder


def _make(path: Path) -> None:
    """Raises OSError for a read-only or full disk, LivedreamError where a file is in the way."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise LivedreamError(
            f"A file is in the way of the cache folder {path}; remove it, or have LIVEDREAM_CACHE "
            "name another folder."
        ) from error


def _stand_in(root: Path) -> Path:
    """A temporary folder that shows what `root` holds; gone when the program ends."""
    for left in Path(tempfile.gettempdir()).glob(f"{_STAND_IN}*"):
        if not in_use(left):  # Its program was killed.
            shutil.rmtree(left, ignore_errors=True)
    temporary = tempfile.TemporaryDirectory(prefix=_STAND_IN, ignore_cleanup_errors=True)
    _temporary.append(temporary)
    folder = use(Path(temporary.name))
    for name in _SUBFOLDERS:
        (folder / name).mkdir()
    for name in _KEEPING:
        for entry in (root / name).glob("[!.]*"):
            with suppress(OSError):  # Windows wants a right for it: there it is made again.
                (folder / name / entry.name).symlink_to(entry)
    return folder
