"""What holds for every test."""

from __future__ import annotations

import signal

# A shell that starts a command in the background lets it ignore Ctrl+C, and so all that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
