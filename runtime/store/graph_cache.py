"""Exported graphs in the cache, by everything that decides what is in them.

Beside each file lies a note with the sha256 of its key and of its content, so that what was cut,
emptied or otherwise changed is found out before it is opened, and made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from .cache import cache_folder
from .files import write_bytes
from .hashes import content_hash, sha256_of
from .pruning import prune, remove
from .usage import let_go, use


@dataclass(frozen=True)
class GraphRequest:
    """Which graph is wanted.

    layers: those that it taps, in any order. weights: `auto`, `random` (drawn from `seed`), or a
    file. precision: `fp32` or `fp16`. form: for the provider that will run it.
    """

    model: str
    layers: tuple[str, ...]
    weights: str | Path = "auto"
    precision: str = "fp32"
    form: str = "cpu"
    seed: int = 0


@dataclass(frozen=True)
class GraphKey:
    """What decides what is in an exported graph.

    layers: in any order. weights: `auto`, `random`, or a file's sha256. exporter: the fingerprint
    of its source. name: of the weights, for people; not part of what is compared.
    """

    model: str
    layers: tuple[str, ...]
    weights: str = "auto"
    precision: str = "fp32"
    form: str = "cpu"
    seed: int = 0
    exporter: str = ""
    name: str = ""

    def digest(self) -> str:
        """sha256, hexadecimal, that differs wherever the files would."""
        parts = {
            "model": self.model,
            "layers": sorted(set(self.layers)),
            "weights": self.weights,
            "precision": self.precision,
            "form": self.form,
            "seed": self.seed if self.weights == "random" else None,
            "exporter": self.exporter,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def file_name(self) -> str:
        """Like `inception_v3-Mixed_6b-fp32-cpu-1a2b3c4d5e6f7a8b.onnx`; with the weights unless
        they are `auto`."""
        layers = sorted(set(self.layers))
        shown = "+".join(layers[:3]) + (f"+{len(layers) - 3}" if len(layers) > 3 else "")
        parts = [self.model, shown]
        if self.weights != "auto":
            parts.append(self.name or self.weights[:8])
        parts += [self.precision, self.form, self.digest()[:16]]
        return "-".join(_safe(part) for part in parts) + ".onnx"


def graph_key(request: GraphRequest, exporter: str = "") -> GraphKey:
    """The key of what the `exporter` of that fingerprint would make; weights in a file are known by
    what is in it.

    Raises UsageError without layers, LivedreamError where the weights cannot be read.
    """
    chosen = tuple(sorted(set(request.layers)))
    if not chosen:
        raise UsageError("No layer was named; `livedream layers` lists them.")
    origin, name = str(request.weights), ""
    if origin == "random":
        name = f"random{request.seed}"
    elif origin != "auto":
        path = Path(request.weights)
        origin, name = sha256_of(path), path.stem
    return GraphKey(
        request.model, chosen, origin, request.precision, request.form, request.seed, exporter, name
    )


def graph_path(key: GraphKey) -> Path:
    """Where the graph of `key` lies, or will lie."""
    return cache_folder("graphs") / key.file_name()


def find_graph(key: GraphKey) -> Path | None:
    """The graph of `key` if it lies there as it was written; used from now on."""
    path = use(graph_path(key))
    try:
        note = json.loads(_note(path).read_bytes())
        whole = note == {"key": key.digest(), "sha256": content_hash(path)}
    except (OSError, ValueError, RecursionError):
        whole = False
    if not whole:
        let_go(path)
        return None
    return path


def keep_graph(key: GraphKey) -> Path:
    """Have `find_graph` find the file that was just exported. Graphs and engines that were unused
    longest make room. Raises LivedreamError where the cache is full."""
    path = use(graph_path(key))
    note = {"key": key.digest(), "sha256": content_hash(path)}
    write_bytes(_note(path), json.dumps(note, indent=1).encode())
    prune()
    return path


def forget_graph(key: GraphKey) -> None:
    """Clear the place of `key`: what is damaged, and what exporters that were killed left. Call it
    inside of `alone`, or it takes what another program is writing."""
    path = graph_path(key)
    let_go(path)
    for left in [path, _note(path), *path.parent.glob(f".*{path.stem}-*")]:
        remove(left)


def _note(path: Path) -> Path:
    return path.with_suffix(".json")


def _safe(part: str) -> str:
    """`part` without what file systems, or the `-` between parts, do not bear."""
    return re.sub(r"[^A-Za-z0-9_.+]", "_", part)[:60]
