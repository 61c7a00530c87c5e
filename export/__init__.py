"""torch -> ONNX. The only room that imports torch; the runtime needs it only to export on demand."""
