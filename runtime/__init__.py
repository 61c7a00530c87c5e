"""onnxruntime, the dream loop, sources, outputs and the command line. Never imports torch."""
