"""onnxruntime, the dream loop, sources, outputs and the command line. Never imports torch."""

# Before PyAV, wherever that is imported first: both bring X libraries of their own, and with those
# of PyAV in the process OpenCV's window never opens.
import cv2  # noqa: F401
