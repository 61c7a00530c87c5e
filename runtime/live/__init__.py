"""One show: capture, dream loop, window."""
