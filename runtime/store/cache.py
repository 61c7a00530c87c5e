"""The user's cache: exported graphs, downloaded weights, built engines. All can be made again.

`graphs/` `weights/` `engines/` lie in the platform's cache folder, or where LIVEDREAM_CACHE says.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import platformdirs

from ..errors import LivedreamError, UsageError
from .files import unwritable, write_bytes

# Raised when the same request makes a different file, so that older files are left alone.
FORMAT = 1

_SUBFOLDERS = ("graphs", "weights", "engines")


@dataclass(frozen=True)
class GraphKey:
    """What decides what is in an exported graph.

    layers: in any order. weights: `auto`, `random`, or a file's sha256. name: of the weights, for
    people; not part of what is compared.
    """

    model: str
    layers: tuple[str, ...]
    weights: str = "auto"
    precision: str = "fp32"
    form: str = "cpu"
    seed: int = 0
    name: str = ""

    def digest(self) -> str:
        """Eight hex digits that differ wherever the files would."""
        parts = {
            "model": self.model,
            "layers": sorted(set(self.layers)),
            "weights": self.weights,
            "precision": self.precision,
            "form": self.form,
            "seed": self.seed if self.weights == "random" else None,
            "version": livedream_version(),
            "format": FORMAT,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]

    def file_name(self) -> str:
        """Like `inception_v3-Mixed_6b-fp32-cpu-1a2b3c4d.onnx`; with the weights unless auto."""
        layers = sorted(set(self.layers))
        shown = "+".join(layers[:3]) + (f"+{len(layers) - 3}" if len(layers) > 3 else "")
        parts = [self.model, shown]
        if self.weights != "auto":
            parts.append(self.name or self.weights[:8])
        parts += [self.precision, self.form, self.digest()]
        return "-".join(_safe(part) for part in parts) + ".onnx"


def graph_key(
    model: str,
    layers: Iterable[str],
    *,
    weights: str | Path = "auto",
    precision: str = "fp32",
    form: str = "cpu",
    seed: int = 0,
) -> GraphKey:
    """The key of a request; weights in a file are known by what is in it.

    Raises UsageError without layers, LivedreamError where the weights cannot be read.
    """
    chosen = tuple(sorted(set(layers)))
    if not chosen:
        raise UsageError("No layer was named; `livedream layers` lists them.")
    origin, name = str(weights), ""
    if origin == "random":
        name = f"random{seed}"
    elif origin != "auto":
        origin, name = sha256_of(Path(weights)), Path(weights).stem
    return GraphKey(model, chosen, origin, precision, form, seed, name)


def graph_path(key: GraphKey) -> Path:
    """Where the graph of `key` lies, or will lie."""
    return cache_folder("graphs") / key.file_name()


def cache_root() -> Path:
    """The cache folder; it need not exist yet. LIVEDREAM_CACHE overrides the platform's place."""
    override = os.environ.get("LIVEDREAM_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("livedream", appauthor=False))


def cache_folder(name: str) -> Path:
    """The subfolder `graphs`, `weights` or `engines`, created where needed.

    Raises LivedreamError where it cannot be created.
    """
    if name not in _SUBFOLDERS:
        raise ValueError(f"the cache has no folder {name!r}")
    path = cache_root() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise LivedreamError(
            f"The cache folder {path} is in the way of a file; remove it or set LIVEDREAM_CACHE."
        ) from error
    except OSError as error:
        sentence = str(unwritable(path, error)).rstrip(".")
        raise LivedreamError(f"{sentence}; LIVEDREAM_CACHE names another cache folder.") from error
    return path


def cache_size() -> int:
    """Bytes of all files in the cache."""
    total = 0
    for place, _folders, names in os.walk(cache_root()):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:  # another process finished its temporary file meanwhile
                continue
    return total


def sha256_of(path: Path) -> str:
    """The file's sha256, hex. Remembered by place, size and time, so that a start is fast.

    Raises LivedreamError where the file is missing or cannot be read.
    """
    path = path.expanduser()
    try:
        place, state = str(path.resolve(strict=True)), path.stat()
        known = _remembered()
        stamp = [state.st_mtime_ns, state.st_size]
        entry = known.get(place)
        if isinstance(entry, list) and entry[:2] == stamp and len(entry) == 3:
            return str(entry[2])
        digest = _hashed(path)
    except FileNotFoundError as error:
        raise LivedreamError(f"The weights {path} do not exist; check the name.") from error
    except OSError as error:
        raise LivedreamError(f"The weights {path} cannot be read: {error.strerror}.") from error
    known[place] = [*stamp, digest]
    write_bytes(cache_folder("weights") / _HASHES, json.dumps(known, indent=1).encode())
    return digest


def livedream_version() -> str:
    """The installed version; `0` where the package runs uninstalled from its files."""
    try:
        return version("livedream")
    except PackageNotFoundError:
        return "0"


_HASHES = "hashes.json"


def _remembered() -> dict[str, object]:
    """Hashes by place; a damaged memory counts as none, it is only a memory."""
    try:
        known = json.loads((cache_folder("weights") / _HASHES).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


def _safe(part: str) -> str:
    """`part` without what file systems, or the `-` between parts, do not bear."""
    return re.sub(r"[^A-Za-z0-9_.+]", "_", part)[:60]
