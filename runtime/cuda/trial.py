"""Whether what is claimed to work works: the kernels' library reaches the card, a session starts.

What is installed (`machine`) does not tell; this opens both, which takes seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import LivedreamError, reason
from ..gradient.providers import Provider
from ..gradient.session import SUM
from .assemble import open_device
from .ladder import explain, preload, probe
from .session_options import NO_CPU_FALLBACK


def kernels_trouble() -> str | None:
    """Why the kernels cannot run, as a sentence; None where all could be loaded."""
    try:
        open_device(ahead=0)
    except LivedreamError as error:
        return f"The kernels cannot run: {error}"
    return None


def session_trouble(ort: Any, provider: Provider) -> str | None:
    """Why `provider` does not start, as a sentence; None where it computed one sum."""
    preload(ort, provider.name)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    if provider.on_card:
        options.add_session_config_entry(*NO_CPU_FALLBACK)
    try:
        session = ort.InferenceSession(
            SUM, options, providers=[(provider.ep, dict(provider.options))], enable_fallback=0
        )
        (found,) = session.run(["y"], {"x": np.ones(1, np.float32)})
    except Exception as error:  # noqa: BLE001 - onnxruntime's are its own; what it said is returned
        return explain(provider, probe(provider) or reason(error))
    if session.get_providers()[0] != provider.ep:
        loader = probe(provider) or "onnxruntime took another provider instead"
        return explain(provider, loader)
    return None if found == [2] else f"The provider '{provider.name}' computes wrong."
