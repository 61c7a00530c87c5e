"""What holds for every test."""

from __future__ import annotations

import os
import signal

# Every test process has one core for itself: what waits for helpers on a busy machine waits long.
# Before any library is imported, and for the programs that tests start too.
for name in ("OPENCV_FOR_THREADS_NUM", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# A shell that starts a command in the background lets it ignore Ctrl+C, and so all that it starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
