"""The two small networks that find people and faces: fetched, converted once, and run.

Each runs on one thread of the processor and takes two to four milliseconds a time.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...export.download import fetch
from ...export.errors import ExportError
from ..errors import LivedreamError, reason
from ..gradient.ort import ort
from ..progress import silent
from ..scaling import letterbox
from ..store.cache import alone, cache_folder
from ..store.files import write_bytes
from ..store.hashes import content_hash
from ..store.memory import Memory

CONVERTED = 1
"""Of what `export.tflite` writes; what another one wrote is converted anew."""

LARGEST = 64_000_000
"""Bytes of a model that is opened at all."""

HASHES = Memory("models", "hashes.json", limit=20)
"""Of each file that was downloaded, its sha256: the next download must have the same."""

_OFFICIAL = "https://storage.googleapis.com/mediapipe-models"


@dataclass(frozen=True)
class Known:
    """A model. what: it finds. option: that names a file in its place."""

    what: str
    url: str
    option: str


PEOPLE = Known(
    "people",
    f"{_OFFICIAL}/image_segmenter/selfie_segmenter_landscape/float16/latest/"
    "selfie_segmenter_landscape.tflite",
    "--mask-model",
)
FACES = Known(
    "faces",
    f"{_OFFICIAL}/face_detector/blaze_face_short_range/float16/latest/blaze_face_short_range.tflite",
    "--face-model",
)
"""MediaPipe's, by Google, under the Apache licence 2.0."""


class People:
    """Where people are. model: the bytes of an ONNX file that makes a map of a picture."""

    def __init__(self, model: bytes) -> None:
        self._session = _opened(model, PEOPLE)
        shape = self._session.get_outputs()[0].shape
        if len(shape) != 4 or shape[1] != 1:
            raise LivedreamError(f"The model makes {shape} values, and not one map of people.")

    def __call__(self, bgr: np.ndarray) -> np.ndarray:
        """float32 [h, w], 0..1, of the whole of `bgr`, uint8 [height, width, 3]."""
        small = cv2.resize(bgr, _size(self._session), interpolation=cv2.INTER_AREA)
        (found,) = self._session.run(["output0"], {"image": _planar(small) / np.float32(255)})
        return np.asarray(found)[0, 0].clip(0, 1)


class Faces:
    """How sure it is that there is a face. model: the bytes of an ONNX file of BlazeFace."""

    def __init__(self, model: bytes) -> None:
        self._session = _opened(model, FACES)
        scores = [each.name for each in self._session.get_outputs() if each.shape[-1] == 1]
        if len(scores) != 1:
            raise LivedreamError("The model has no score of faces.")
        self._score = scores[0]

    def __call__(self, bgr: np.ndarray) -> float:
        """0..1 for `bgr`, uint8 [height, width, 3]: of the surest of its squares, where faces are
        twice as large as in all of a wide picture made square."""
        return max(self._sure(each) for each in squares(bgr))

    def _sure(self, bgr: np.ndarray) -> float:
        small = letterbox(bgr, _size(self._session))
        planar = _planar(small) / np.float32(127.5) - np.float32(1)
        (scores,) = self._session.run([self._score], {"image": planar})
        return float(1 / (1 + np.exp(-np.asarray(scores).max().clip(-80, 80))))


def squares(image: np.ndarray) -> list[np.ndarray]:
    """Squares of the shorter side that cover [height, width, ...] and overlap; the image itself
    where it is about square."""
    height, width = image.shape[:2]
    side, length = min(height, width), max(height, width)
    if length < 1.2 * side:
        return [image]
    count = 1 + math.ceil(1.5 * (length - side) / side)
    starts = [round(part * (length - side) / (count - 1)) for part in range(count)]
    if width > height:
        return [image[:, start : start + side] for start in starts]
    return [image[start : start + side] for start in starts]


class Models:
    """Both, each opened when it is first wanted. people, faces: files in place of the official
    ones. say: hears what takes a while. From any thread."""

    def __init__(
        self,
        people: Path | None = None,
        faces: Path | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._given = {PEOPLE: people, FACES: faces}
        self._say = say
        self._opening = threading.Lock()
        self._people: People | None = None
        self._faces: Faces | None = None

    def people(self) -> People:
        """Raises LivedreamError where there is none."""
        with self._opening:
            self._people = self._people or People(self._model(PEOPLE))
            return self._people

    def faces(self) -> Faces:
        """Raises LivedreamError where there is none."""
        with self._opening:
            self._faces = self._faces or Faces(self._model(FACES))
            return self._faces

    def check(self) -> None:
        """Open what files were given for. Raises LivedreamError for one that is none."""
        if self._given[PEOPLE]:
            self.people()
        if self._given[FACES]:
            self.faces()

    def _model(self, known: Known) -> bytes:
        return onnx_of(known, self._given[known], self._say)


def onnx_of(known: Known, given: Path | None, say: Callable[[str], None]) -> bytes:
    """The bytes of the ONNX file of `known`: of the file `given`, or of the official one, which is
    downloaded the first time. A .tflite file is converted once, and that is kept in the cache.

    Raises LivedreamError where it cannot be had.
    """
    path = given.expanduser() if given else _downloaded(known, say)
    try:
        if path.stat().st_size > LARGEST:
            raise LivedreamError(f"{path} is too large for a model of {known.what}.")
        content = path.read_bytes()
    except OSError as error:
        raise LivedreamError(
            f"The model {path} cannot be read ({error.strerror}); {known.option} names another."
        ) from error
    if content[4:8] != b"TFL3":
        return content
    kept = cache_folder("models") / f"{hashlib.sha256(content).hexdigest()[:20]}-{CONVERTED}.onnx"
    if kept.is_file():
        return kept.read_bytes()
    try:
        from ...export.tflite import convert

        converted = convert(content)
    except ModuleNotFoundError as error:
        raise LivedreamError(
            f"To convert {path.name} takes the package onnx, once: "
            f'`pip install "livedream[export]"`; or copy {kept.name} from the cache of a machine '
            "that has it, and name it by "
            f"{known.option}."
        ) from error
    except ExportError as error:
        raise LivedreamError(f"The model {path} cannot be converted: {error}") from error
    write_bytes(kept, converted)
    return converted


def _downloaded(known: Known, say: Callable[[str], None]) -> Path:
    """The official file in the cache, with the bytes that it had when it was first downloaded."""
    folder = cache_folder("models")
    path = folder / known.url.rsplit("/", 1)[-1]
    with alone(f"model-{known.what}"):
        digest = HASHES.recall(known.url)
        digest = digest if isinstance(digest, str) else ""
        if not path.is_file():
            say(f"The model that finds {known.what} is downloaded once, from {known.url}")
        try:
            fetch(known.url, digest, folder, silent)
        except ExportError as error:
            why = str(error).split(";")[0]
            raise LivedreamError(
                f"There is no model that finds {known.what} ({why}); {known.option} FILE names "
                "one that is here."
            ) from error
        if not digest:
            HASHES.tell(known.url, content_hash(path))
    return path


def _opened(model: bytes, known: Known) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise LivedreamError(
            f"The model of {known.what} cannot be opened ({reason(error)}); {known.option} names "
            "another."
        ) from error
    inputs = session.get_inputs()
    shape = inputs[0].shape
    whole = len(shape) == 4 and all(isinstance(side, int) for side in shape)
    if len(inputs) != 1 or inputs[0].name != "image" or not whole or shape[:2] != [1, 3]:
        raise LivedreamError(
            f"The model of {known.what} does not read one picture `image`, 1 x 3 x height x width; "
            f"{known.option} names another."
        )
    return session


def _size(session: ort.InferenceSession) -> tuple[int, int]:
    """(width, height) of what it reads."""
    _, _, height, width = session.get_inputs()[0].shape
    return width, height


def _planar(bgr: np.ndarray) -> np.ndarray:
    """float32 [1, 3, height, width], RGB, 0..255."""
    return np.ascontiguousarray(bgr[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)
