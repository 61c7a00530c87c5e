import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.store.pictures import read_photo, write_photo
from livedream.runtime.store.settings import LONGEST, read_settings, with_settings

IMAGE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
SETTINGS = {"model": "inception_v3", "steps": 10, "title": 'Träume "x"', "dream": {"on": [True]}}
FAULTS = Path(__file__).parents[4] / "shared" / "faults"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
def test_settings_travel_with_the_picture(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_photo(path, IMAGE, SETTINGS)
    assert read_settings(path) == SETTINGS
    assert read_photo(path).shape == IMAGE.shape  # And the picture stays a picture.


@pytest.mark.parametrize("suffix", [".webp", ".tiff"])
def test_pixels_are_those_of_a_file_without(tmp_path, suffix):
    for odd in ("a", "ab"):
        write_photo(tmp_path / f"with{suffix}", IMAGE, {"title": odd}, overwrite=True)
        assert read_settings(tmp_path / f"with{suffix}") == {"title": odd}
        write_photo(tmp_path / f"none{suffix}", IMAGE, {}, overwrite=True)
        read = [read_photo(tmp_path / f"{name}{suffix}") for name in ("with", "none")]
        assert np.array_equal(*read)
        with pytest.raises(LivedreamError, match="carries no settings"):
            read_settings(tmp_path / f"none{suffix}")


def test_files_without_settings_say_so(tmp_path):
    for name in ("plain.png", "plain.jpg"):
        cv2.imwrite(str(tmp_path / name), IMAGE)
        with pytest.raises(LivedreamError, match="carries no settings"):
            read_settings(tmp_path / name)
    (tmp_path / "text.png").write_text("no picture")
    wrong = {
        "text.png": "no picture", "gone.mp4": "not exist", "gone.png": "not exist", ".": "no pict",
    }  # fmt: skip
    for name, match in wrong.items():
        with pytest.raises(LivedreamError, match=match):
            read_settings(tmp_path / name)


@pytest.mark.parametrize("kept", [9, 20, 33, 45, 60])
def test_a_cut_file_is_an_error_of_ours(tmp_path, kept):
    write_photo(tmp_path / "a.png", IMAGE, SETTINGS)
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:kept])
    with pytest.raises(LivedreamError):
        read_settings(tmp_path / "a.png")


def test_changed_settings_are_found_out(tmp_path):
    write_photo(tmp_path / "a.png", IMAGE, SETTINGS)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content.replace(b"inception_v3", b"inception_v4"))
    with pytest.raises(LivedreamError, match="no picture or clip that can be read"):
        read_settings(tmp_path / "a.png")


def png_with(path, text, kind=b"tEXt"):
    write_photo(path, IMAGE, {})
    content = path.read_bytes()
    body = kind + b"livedream\0" + (b"\0" + zlib.compress(text) if kind == b"zTXt" else text)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(content[:33] + chunk + content[33:])
    return path


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{not json",
        b"[1, 2, 3]",
        b'"a word"',
        b"7",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": null}',
        b'{"a": 9223372036854775808}',
        b'{"a": ' + b"9" * 6000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b'{"a": [[[[1]]]]}',
        b'{"a": "\xff\xfe"}',
        b'{"a": "' + b"x" * LONGEST + b'"}',
    ],
    ids=lambda text: text[:12].decode("latin-1"),
)
def test_hostile_settings_are_one_sentence(tmp_path, text):
    with pytest.raises(LivedreamError, match="damaged") as caught:
        read_settings(png_with(tmp_path / "a.png", text))
    assert len(str(caught.value)) < 300
    assert read_photo(tmp_path / "a.png").shape == IMAGE.shape


def test_a_bomb_of_text_is_an_error_of_ours(tmp_path):
    with pytest.raises(LivedreamError):
        read_settings(png_with(tmp_path / "a.png", bytes(100_000_000), b"zTXt"))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_the_longest_settings_travel_and_longer_ones_stay_behind(tmp_path, suffix):
    path, around = tmp_path / f"a{suffix}", len('{"a": ""}')
    longest = {"a": "x" * (LONGEST - around)}
    write_photo(path, IMAGE, longest)
    assert read_settings(path) == longest
    write_photo(path, IMAGE, {"a": longest["a"] + "x"}, overwrite=True)
    with pytest.raises(LivedreamError, match="carries no settings"):
        read_settings(path)
    assert read_photo(path).shape == IMAGE.shape


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(tmp_path, side, recwarn):
    path = png_with(tmp_path / "a.png", b'{"a": 1}')
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    if side < 20_000:
        assert read_settings(path) == {"a": 1}
    else:
        with pytest.raises(LivedreamError, match="no picture or clip that can be read"):
            read_settings(path)
    assert not recwarn.list


def test_what_is_allowed_is_read(tmp_path):
    given = {"a": -1.5, "b": 2**63 - 1, "c": False, "d": "é", "e": {"f": [{"g": 1}]}, "": ""}
    assert read_settings(png_with(tmp_path / "a.png", json.dumps(given).encode())) == given


@pytest.mark.parametrize("name", ["set_bigint", "set_list", "set_notjson", "set_nul"])
def test_hostile_files(name):
    path = FAULTS / f"{name}.png"
    if not path.is_file():
        pytest.skip("the hostile files are not here")
    with pytest.raises(LivedreamError, match="damaged"):
        read_settings(path)


def test_whatever_a_setting_is_its_words_are_kept_in_one_order():
    encoded = cv2.imencode(".png", IMAGE)[1].tobytes()
    one = with_settings(encoded, {"graph": Path("a/b.onnx"), "steps": 3})
    assert one == with_settings(encoded, {"steps": 3, "graph": "a/b.onnx"})
    assert b'{"graph": "a/b.onnx", "steps": 3}' in one
