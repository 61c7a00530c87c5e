"""torch -> ONNX. The only room that imports torch, and only its own modules do that."""
