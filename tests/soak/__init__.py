"""A long run of the real show with faults: `python -m tests.soak`."""
