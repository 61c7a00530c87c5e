"""Sessions: which provider is tried, how it is opened, and that it is the one that runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from ..errors import LivedreamError, reason
from .cutting import part
from .ort import ort
from .providers import PROVIDERS, Provider, find_provider

SUM = bytes.fromhex(
    "080a3a370a0e0a01780a01781201792203416464120374776f5a0f0a0178120a0a08080112040a020801620f0a0179"
    "120a0a08080112040a02080142040a001014"
)
"""An ONNX file: y = x + x, one float each."""


def choose(name: str) -> list[Provider]:
    """The processor's providers to try for `--provider name`, best first.

    Raises UsageError for an unknown name, LivedreamError for one that is not installed.
    """
    available = ort.get_available_providers()
    if name == "auto":
        here = [each for each in PROVIDERS.values() if not each.on_card and not each.unproven]
        return [provider for provider in here if provider.ep in available]
    provider = find_provider(name)
    if provider.ep not in available:
        raise LivedreamError(
            f"The provider '{name}' is not part of the onnxruntime installed here; install it "
            f"with: {provider.install}"
        )
    return [provider]


def warm(name: str) -> None:
    """Open the smallest session there is on the provider called `name`: the first one in a process
    takes longer. Raises what onnxruntime does."""
    provider = find_provider(name)
    ort.InferenceSession(SUM, _quiet(), providers=[(provider.ep, dict(provider.options))])


def _quiet() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    return options


def open_session(
    path: Path,
    provider: Provider,
    *,
    size: tuple[int, int],
    outputs: Collection[str] = ("gradient",),
    cut: Mapping[str, str] | None = None,
) -> ort.InferenceSession:
    """A session for images of `size` (height, width), run by `provider` and nothing else, that
    computes what `outputs` need and no more. cut: one of `Graph.cuts`.

    Raises LivedreamError when onnxruntime falls back to another provider, or cannot open the graph.
    """
    options = _quiet()
    # Two sessions take turns; a waiting pool that spins would take the cores from the other.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # DirectML takes no memory patterns, by its documentation.
    options.enable_mem_pattern = provider.name != "directml"
    options.add_free_dimension_override_by_name("height", size[0])
    options.add_free_dimension_override_by_name("width", size[1])
    try:
        session = ort.InferenceSession(
            part(path.read_bytes(), outputs, cut or {}),
            options,
            providers=[(provider.ep, dict(provider.options))],
            enable_fallback=0,
        )
    except Exception as error:
        raise LivedreamError(
            f"{provider.name} could not open {path.name} at {size[1]}x{size[0]}: {reason(error)}."
        ) from error
    if session.get_providers()[0] != provider.ep:
        raise LivedreamError(
            f"The provider '{provider.name}' is installed but did not start here; "
            "`livedream doctor` says what it lacks."
        )
    return session
