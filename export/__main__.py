"""`python -m livedream.export`: export in a process of its own, JSON lines on standard output.

Lines are {"stage": ..., "fraction": 0..1}, then one {"done": {...}} (exit code 0) or
{"error": sentence, "usage": true or false} (exit code 2 or 1). All other output of the libraries
goes to standard error. Where LIVEDREAM_ATTENDED is set, the end of standard input, which is that of
the program that asked, ends the export.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from .catalogue import FORMS, PRECISIONS, check_request
from .errors import ExportError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ExportError(f"{message[:1].upper()}{message[1:]}.", usage=True)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m livedream.export", description="Export a gradient graph.")
    parser.add_argument("model")
    parser.add_argument("--layers", required=True, help="names, separated by commas")
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--weights", default="auto", help="auto, random, or a file")
    parser.add_argument("--precision", default="fp32", help=" or ".join(PRECISIONS))
    parser.add_argument("--form", default="cpu", help=" or ".join(FORMS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=None, help="folder of downloaded weights")
    return parser.parse_args(argv)


def _interrupt(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _end_with_program() -> None:
    """Runs in a thread: waits for the end of standard input, then has this process end."""
    while os.read(0, 1024):  # A thread inside of Python's own buffer would abort an ordinary end.
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2)  # For the files; a library may hear of no signal.
    os._exit(1)


def main(argv: list[str] | None = None) -> int:
    """Export as the arguments say; returns the exit code."""
    # libraries, also those in C, print to descriptor 1: it becomes standard error for them
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _interrupt)
    if os.environ.get("LIVEDREAM_ATTENDED"):
        threading.Thread(target=_end_with_program, daemon=True).start()

    def say(line: dict[str, object]) -> None:
        print(json.dumps(line), file=lines, flush=True)

    try:
        given = _arguments(sys.argv[1:] if argv is None else argv)
        layers = [layer.strip() for layer in given.layers.split(",") if layer.strip()]
        check_request(given.model, layers, given.precision, given.form)
        say({"stage": "starting", "fraction": 0.0})
        try:
            from .graph import export_graph
        except ImportError as error:
            raise ExportError(
                f"Exporting needs a package that is not installed ({error.name}): "
                'pip install "livedream[export]".'
            ) from error
        report = export_graph(
            given.model,
            layers,
            given.output,
            weights=given.weights,
            precision=given.precision,
            form=given.form,
            seed=given.seed,
            cache=given.cache,
            progress=lambda stage, fraction: say({"stage": stage, "fraction": fraction}),
        )
    except ExportError as error:
        say({"error": str(error), "usage": error.usage})
        return 2 if error.usage else 1
    except KeyboardInterrupt:
        say({"error": "The export was interrupted; nothing was written.", "usage": False})
        return 1
    say({"done": dataclasses.asdict(report)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
