"""Built engines on disk: whole or not there, one folder for everything that decides what is in it.

A build goes into a folder of its own and is moved into place when it is whole, so that processes
may build at the same time. What is there is checked before it is used, and thrown away when it does
not hold what was written; it can always be built again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ..store.files import unwritable
from ..store.hashes import content_hash
from ..store.usage import use

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
_BUILDING = ".building"
_ABANDONED = 24 * 3600
"""Seconds after which nobody is still building."""


@dataclass(frozen=True)
class EngineKey:
    """What decides what is in an engine.

    graph: sha256 of the file. provider: name and versions, `tensorrt 10.16.1 onnxruntime 1.31.1`.
    card: name and compute capability. size: (height, width).
    """

    graph: str
    size: tuple[int, int]
    precision: str
    provider: str
    card: str
    driver: str

    def name(self) -> str:
        """Of the folder: `tensorrt-480x640-fp32-1a2b3c4d5e6f`."""
        text = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        height, width = self.size
        return f"{self.provider.split()[0]}-{width}x{height}-{self.precision}-{digest}"


class EngineFolder:
    """Where one session finds or leaves its engine.

    path: hand it to the provider. built: whether a whole engine was there. writes_late: the
    provider writes again when its session ends, so it gets a copy.
    Raises LivedreamError where the cache cannot be written.
    """

    def __init__(self, root: Path, key: EngineKey, *, writes_late: bool = False) -> None:
        self._target = root / key.name()
        self.built = _whole(self._target)
        self.path = self._target
        if self.built:
            use(self._target)
        if self.built and not writes_late:
            return
        self.path = root / f"{key.name()}.{os.getpid()}-{secrets.token_hex(3)}{_BUILDING}"
        try:
            if self.built:
                shutil.copytree(self._target, self.path)
            else:
                _sweep(root)
                self.path.mkdir(parents=True)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def publish(self) -> None:
        """Have later sessions find what was built here. Where another process was faster, its
        engine stays; one that cannot be kept costs the time of building it again, nothing else."""
        if self.built or not self.path.is_dir():
            if self.path != self._target:
                shutil.rmtree(self.path, ignore_errors=True)
            return
        try:
            written = [path for path in self.path.iterdir() if path.is_file()]
            files = {path.name: content_hash(path) for path in written}
            if not files:
                self.path.rmdir()
                return
            (self.path / MANIFEST).write_text(json.dumps(files, indent=1))
            try:
                self.path.rename(self._target)
            except OSError:
                if not _whole(self._target):
                    raise
                shutil.rmtree(self.path, ignore_errors=True)
            use(self._target)
        except OSError as error:
            log.warning("cannot keep the engine %s (%s)", self._target.name, error)
            shutil.rmtree(self.path, ignore_errors=True)

    def discard(self) -> None:
        """Throw away what is there: it was damaged, or nothing came of the build."""
        for path in {self.path, self._target} if self.built else {self.path}:
            _remove(path)


def _whole(folder: Path) -> bool:
    """Whether everything is as it was written; what is not, is removed."""
    if not folder.is_dir():
        return False
    try:
        files = json.loads((folder / MANIFEST).read_bytes())
        if {name: content_hash(folder / name) for name in files} == files:
            return True
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("%s: %s", folder, error)
    log.warning("the engine in %s is damaged; it is built again", folder)
    _remove(folder)
    return False


def _remove(folder: Path) -> None:
    """Out of the way at once, then deleted: another process may be looking."""
    aside = folder.with_name(f"{folder.name}.{secrets.token_hex(3)}{_BUILDING}")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove builds of processes that died long ago."""
    for path in root.glob(f"*{_BUILDING}"):
        try:
            old = time.time() - path.stat().st_mtime > _ABANDONED
        except FileNotFoundError:
            continue
        if old:
            shutil.rmtree(path, ignore_errors=True)
