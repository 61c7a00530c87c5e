"""The network and its gradient on onnxruntime: graphs, providers, sessions, engines."""
