"""The latency report of this machine: what a gradient, a dreamt frame and a live loop cost."""
