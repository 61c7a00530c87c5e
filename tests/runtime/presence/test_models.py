"""Models of people and faces: where they come from, and what they find."""

from __future__ import annotations

import http.server
import importlib.util
import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.presence import models
from livedream.runtime.presence.models import FACES, PEOPLE, Models, onnx_of, squares

from ...export.test_tflite import FILES, FOLDER


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    return tmp_path


def given(number: int) -> Path:
    pytest.importorskip("onnx", reason="needs the extra `export`")
    path = FOLDER / FILES[number]
    if not path.is_file():
        pytest.skip(f"needs {FILES[number]}; LIVEDREAM_MODELS names its folder")
    return path


@pytest.fixture
def server(tmp_path):
    """Serves `folder/served`; `asked` are the paths."""
    served = tmp_path / "served"
    served.mkdir()
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments, directory=str(served))

        def log_message(self, *_) -> None:
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield served, f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()


def test_the_official_file_is_downloaded_once_and_its_hash_is_remembered(folder, server):
    served, address, asked = server
    known = replace(PEOPLE, url=f"{address}/people.tflite")
    said: list[str] = []
    (served / "people.tflite").write_bytes(b"a model that is ONNX already")
    assert onnx_of(known, None, said.append) == b"a model that is ONNX already"
    assert onnx_of(known, None, said.append) == b"a model that is ONNX already"
    assert len(asked) == 1
    assert "downloaded once" in said[0]
    assert len(said) == 1
    # Damaged here it is fetched again; another one there is not taken.
    kept = folder / "cache" / "models" / "people.tflite"
    kept.write_bytes(b"damaged")
    assert onnx_of(known, None, said.append) == b"a model that is ONNX already"
    kept.write_bytes(b"damaged")
    (served / "people.tflite").write_bytes(b"something else")
    with pytest.raises(LivedreamError, match=r"does not hold the file it should.*--mask-model"):
        onnx_of(known, None, said.append)


def test_without_a_network_the_option_is_told(folder):
    known = replace(FACES, url="http://127.0.0.1:9/faces.tflite")
    with pytest.raises(LivedreamError, match=r"no model that finds faces.*--face-model FILE"):
        onnx_of(known, None, lambda text: None)


def test_a_file_is_converted_once_and_then_needs_no_converter(folder, monkeypatch):
    path = given(0)
    first = onnx_of(PEOPLE, path, lambda text: None)
    (kept,) = (folder / "cache" / "models").glob("*.onnx")
    monkeypatch.setitem(__import__("sys").modules, "livedream.export.tflite", None)
    assert onnx_of(PEOPLE, path, lambda text: None) == first
    assert onnx_of(PEOPLE, kept, lambda text: None) == first
    kept.unlink()
    with pytest.raises(LivedreamError, match="takes the package onnx"):
        onnx_of(PEOPLE, path, lambda text: None)


@pytest.mark.parametrize(
    ("size", "starts"),
    [((90, 160), [0, 35, 70]), ((480, 640), [0, 160]), ((100, 110), [0]), ((160, 90), [0, 35, 70]),
     ((100, 300), [0, 67, 133, 200])],
)  # fmt: skip
def test_squares_cover_a_picture(size, starts):
    image = np.add.outer(np.arange(size[0]), np.arange(size[1]))
    found = squares(image)
    assert [int(each[0, 0]) for each in found] == starts
    if len(starts) > 1:
        assert {each.shape for each in found} == {(min(size), min(size))}


def test_a_real_face_is_found_also_at_the_edge_of_a_wide_picture():
    """The portrait that scikit-image has; its cat is none."""
    package = importlib.util.find_spec("skimage")
    if package is None or not package.submodule_search_locations:
        pytest.skip("not installed: scikit-image")
    data = Path(package.submodule_search_locations[0]) / "data"
    faces = Models(None, given(1)).faces()
    portrait = cv2.resize(cv2.imread(str(data / "astronaut.png")), (160, 160))
    wide = np.full((180, 320, 3), 90, np.uint8)
    assert faces(wide) < 0.6
    wide[20:, :160] = portrait
    assert faces(wide) > 0.6
    assert faces(cv2.imread(str(data / "chelsea.png"))) < 0.6


@pytest.mark.parametrize("content", [b"no model at all", b"\x18\0\0\0TFL3\0\0\0\0"])
def test_what_is_no_model_is_told(folder, content):
    path = folder / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(LivedreamError, match=r"mask-model|converted"):
        Models(people=path).check()
    with pytest.raises(LivedreamError, match="cannot be read"):
        Models(faces=folder / "none.onnx").check()


def test_a_model_of_something_else_is_told(folder):
    path = given(1)
    with pytest.raises(LivedreamError, match="not one map of people"):
        Models(people=path).people()
    with pytest.raises(LivedreamError, match="no score of faces"):
        Models(faces=given(0)).faces()


def test_where_nobody_is_neither_is_found(folder):
    found = Models(given(0), given(1))
    empty = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 12
    )
    assert found.people()(empty).mean() < 0.05
    assert found.faces()(empty) < 0.5
    assert found.people() is found.people()


def test_a_cyclist_of_a_clip_is_masked_and_the_street_is_not(folder):
    clip = FOLDER.parent / "clips" / "bikes.mp4"
    if not clip.is_file():
        pytest.skip("needs bikes.mp4")
    reader = cv2.VideoCapture(str(clip))
    for _ in range(121):
        _, frame = reader.read()
    mask = Models(given(0)).people()(frame)
    height, width = mask.shape
    assert mask.shape == (144, 256)
    assert mask[round(0.35 * height), round(0.66 * width)] > 0.9
    assert mask[:, : round(0.4 * width)].mean() < 0.02


def test_the_official_addresses_are_encrypted_and_of_this_kind():
    for known in (PEOPLE, FACES):
        assert known.url.startswith("https://storage.googleapis.com/mediapipe-models/")
        assert known.url.endswith(".tflite")
    assert models.PEOPLE.option != models.FACES.option
