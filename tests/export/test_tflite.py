"""A .tflite network as ONNX: the same numbers as two other readers of the format, and what is told
of damaged files."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs the extra `export`")
ort = pytest.importorskip("onnxruntime")

from livedream.export.errors import ExportError  # noqa: E402
from livedream.export.flatbuffer import Table  # noqa: E402
from livedream.export.tflite import convert  # noqa: E402

FOLDER = Path(os.environ.get("LIVEDREAM_MODELS", Path(__file__).parents[3] / "shared" / "models"))
"""Where the models lie that are no part of this project."""

FILES = ("selfie_segmentation_landscape.tflite", "face_detection_short_range.tflite")


@pytest.fixture(params=FILES)
def path(request) -> Path:
    path = FOLDER / request.param
    if not path.is_file():
        pytest.skip(f"needs {request.param}; LIVEDREAM_MODELS names its folder")
    return path


def run(content: bytes, image: np.ndarray) -> list[np.ndarray]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": image})


def picture(path: Path) -> np.ndarray:
    """A street with a cyclist where that clip is at hand, else smooth colours; of the size that the
    network reads."""
    content = convert(path.read_bytes())
    shape = ort.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()[0].shape
    noise = np.random.default_rng(1).random((*shape[2:], 3), np.float32)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 9), None, 0, 1, cv2.NORM_MINMAX)
    reader = cv2.VideoCapture(str(FOLDER.parent / "clips" / "bikes.mp4"))
    reader.set(cv2.CAP_PROP_POS_FRAMES, 120)
    there, frame = reader.read()
    if there:
        smooth = cv2.resize(frame[:, :, ::-1], shape[:1:-1]).astype(np.float32) / 255
    return np.ascontiguousarray(smooth.transpose(2, 0, 1)[None])


def test_it_computes_what_opencv_does(path):
    image = picture(path)
    ours = run(convert(path.read_bytes()), image)
    network = cv2.dnn.readNetFromTFLite(str(path))
    network.setInput(image)
    theirs = {each.size: each for each in network.forward(network.getUnconnectedOutLayersNames())}
    assert theirs.keys() <= {each.size for each in ours}
    for each in ours:
        if each.size in theirs:
            scale = max(1, np.abs(each).max())
            assert np.abs(each.ravel() - theirs[each.size].ravel()).max() < 1e-4 * scale


def test_it_computes_what_googles_interpreter_does(path):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="pip install ai-edge-litert")
    image = picture(path)
    interpreter = litert.Interpreter(str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(
        interpreter.get_input_details()[0]["index"],
        np.ascontiguousarray(image.transpose(0, 2, 3, 1)),
    )
    interpreter.invoke()
    ours = run(convert(path.read_bytes()), image)
    for each, detail in zip(ours, interpreter.get_output_details(), strict=True):
        theirs = interpreter.get_tensor(detail["index"])
        theirs = theirs.transpose(0, 3, 1, 2) if theirs.ndim == 4 else theirs
        assert np.abs(each - theirs).max() < 1e-4 * max(1, np.abs(theirs).max())


def test_a_cut_off_or_changed_file_is_told_in_one_sentence(path):
    content = path.read_bytes()
    random = np.random.default_rng(2)
    for _ in range(60):
        if random.random() < 0.3:
            damaged = content[: random.integers(8, len(content))]
        else:  # The tables stand at the end, the weights before.
            damaged = bytearray(content)
            for at in random.integers(len(content) - 30_000, len(content), 8):
                damaged[at] = random.integers(256)
        told = ""
        try:
            convert(bytes(damaged))
        except ExportError as error:
            told = str(error)
        assert "\n" not in told


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\0" * 100, b"\x10\0\0\0TFL3" + b"\xff" * 20])
def test_what_is_no_such_file_is_refused(content):
    with pytest.raises(ExportError):
        convert(content)


def test_numbers_and_texts_of_a_table():
    """A table of an int and a text, written by hand after the format."""
    data = (
        b"\x10\0\0\0ABCD"  # The root stands at 16.
        b"\x08\0\x0c\0\x04\0\x08\0"  # Of 8 bytes, for a table of 12: fields at 4 and 8.
        b"\x08\0\0\0\x2a\0\0\0\x04\0\0\0"
        b"\x02\0\0\0hi\0\0"
    )
    table = Table.root(data, b"ABCD")
    assert table.number(0) == 42
    assert table.text(1) == "hi"
    assert (table.number(2, default=7), table.table(2), table.tables(2)) == (7, None, [])
    with pytest.raises(ExportError, match="outside of itself"):
        Table.root(data[:-5], b"ABCD").text(1)
    with pytest.raises(ExportError, match="no WXYZ file"):
        Table.root(data, b"WXYZ")
