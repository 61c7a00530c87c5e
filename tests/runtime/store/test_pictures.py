import json
import struct
import zlib

import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.scaling import comfortable
from livedream.runtime.store.pictures import orientation, read_photo, to_bgr, write_photo

RED, GREEN, BLUE, GREY = (0, 0, 255), (0, 255, 0), (255, 0, 0), (90, 90, 90)


def quarters(height=32, width=48):
    """Red top left, green top right, blue bottom left, grey bottom right."""
    image = np.empty((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    image[:top, :left], image[:top, left:] = RED, GREEN
    image[top:, :left], image[top:, left:] = BLUE, GREY
    return image


def exif(value, order="<"):
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, value, 0, 0)


def in_jpeg(encoded, value, order):
    block = b"Exif\0\0" + exif(value, order)
    return encoded[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + encoded[2:]


def in_png(encoded, value, order):
    body = b"eXIf" + exif(value, order)
    crc = struct.pack(">I", zlib.crc32(body))
    return encoded[:33] + struct.pack(">I", len(body) - 4) + body + crc + encoded[33:]


def encoded(image, suffix):
    return cv2.imencode(suffix, image)[1].tobytes()


def stored_as(seen, value):
    """How a camera that notes `value` lays down the picture `seen`; EXIF's own words: row 0 of the
    file is the seen picture's ..., column 0 is its ..."""
    return {
        1: seen,  # top, left
        2: seen[:, ::-1],  # top, right
        3: seen[::-1, ::-1],  # bottom, right
        4: seen[::-1],  # bottom, left
        5: np.transpose(seen, (1, 0, 2)),  # left, top
        6: np.transpose(seen, (1, 0, 2))[::-1],  # right, top
        7: np.transpose(seen, (1, 0, 2))[::-1, ::-1],  # right, bottom
        8: np.transpose(seen, (1, 0, 2))[:, ::-1],  # left, bottom
    }[value]


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_photo_stands_upright(tmp_path, value, order):
    seen = quarters()
    stored = np.ascontiguousarray(stored_as(seen, value))
    jpeg = in_jpeg(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes(),
                   value, order)  # fmt: skip
    (tmp_path / "a.jpg").write_bytes(jpeg)
    (tmp_path / "a.png").write_bytes(in_png(encoded(stored, ".png"), value, order))
    assert np.array_equal(read_photo(tmp_path / "a.png"), seen)
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.shape == seen.shape
    for y, x in ((4, 4), (4, 40), (26, 4), (26, 40)):
        assert np.abs(photo[y, x].astype(int) - seen[y, x]).max() < 12
    # OpenCV's own reading of the same file is an independent witness.
    assert np.abs(photo.astype(int) - cv2.imread(str(tmp_path / "a.jpg"))).mean() < 1


def test_webp_orientation():
    body = b"EXIF" + struct.pack("<I", 6 + len(exif(6))) + b"Exif\0\0" + exif(6)
    riff = b"RIFF" + struct.pack("<I", 0) + b"WEBP" + b"ABCD" + struct.pack("<I", 3) + b"xyz\0"
    assert orientation(riff + body) == 6


BROKEN = (
    b"",
    b"RIFF",
    b"\x89PNG",
    b"\xff\xd8\xff\xe1\0\x10Exif\0\0II",
    b"\xff\xd8\xff\xe1\0\x20Exif\0\0II*\0\xff\xff\xff\xff",
)


@pytest.mark.parametrize("content", BROKEN)
def test_broken_exif_counts_as_none(content):
    assert orientation(content) == 1


def test_alpha_lies_on_black_and_depth_is_reduced(tmp_path):
    image = np.zeros((4, 6, 4), np.uint16)
    image[..., :3] = 65535
    image[:, :2, 3], image[:, 2:4, 3], image[:, 4:, 3] = 0, 32768, 65535
    cv2.imwrite(str(tmp_path / "a.png"), image)
    photo = read_photo(tmp_path / "a.png")
    assert photo.dtype == np.uint8
    assert photo.shape == (4, 6, 3)
    assert [int(v) for v in photo[0, ::2, 0]] == [0, 128, 255]


def test_every_16_bit_value_goes_to_the_nearest_of_8():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    expected = np.rint(values / 65535 * 255).astype(np.uint8)
    assert np.array_equal(to_bgr(values)[..., 1], expected)


def test_grey_and_float(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    assert np.array_equal(read_photo(tmp_path / "a.png"), np.dstack([grey] * 3))
    floats = np.array([[0.0, 0.5, 1.0, 2.0, -1.0, np.nan]], np.float32)
    assert to_bgr(floats)[0, :, 2].tolist() == [0, 128, 255, 255, 0, 0]


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".TIF"])
def test_lossless_round_trip(tmp_path, suffix):
    image = np.random.default_rng(1).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    write_photo(tmp_path / f"a{suffix}", image, {})
    assert np.array_equal(read_photo(tmp_path / f"a{suffix}"), image)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_round_trip(tmp_path, suffix):
    image = cv2.resize(quarters(), (200, 120), interpolation=cv2.INTER_CUBIC)
    write_photo(tmp_path / f"a{suffix}", image, {"model": "googlenet"})
    photo = read_photo(tmp_path / f"a{suffix}")
    assert photo.shape == image.shape
    assert np.abs(photo.astype(int) - image).mean() < 3


def test_settings_travel_in_png_and_jpeg(tmp_path):
    settings = {"model": "inception_v3", "steps": 10, "title": 'Träume "x"'}
    write_photo(tmp_path / "a.png", quarters(), settings)
    content = (tmp_path / "a.png").read_bytes()
    place = content.index(b"tEXt")
    (length,) = struct.unpack(">I", content[place - 4 : place])
    body = content[place : place + 4 + length]
    assert struct.unpack_from(">I", content, place + 4 + length)[0] == zlib.crc32(body)
    assert json.loads(body.removeprefix(b"tEXtlivedream\0")) == settings
    assert np.array_equal(read_photo(tmp_path / "a.png"), quarters())

    write_photo(tmp_path / "a.jpg", quarters(), settings)
    content = (tmp_path / "a.jpg").read_bytes()
    (length,) = struct.unpack_from(">H", content, 4)
    assert json.loads(content[6 : 4 + length]) == settings
    assert read_photo(tmp_path / "a.jpg").shape == quarters().shape


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    whole = encoded(quarters(), ".png")
    (tmp_path / "head.png").write_bytes(whole[:30])
    for name, match in (
        ("missing.png", "does not exist"),
        (".", "is a folder"),
        ("text.png", "no photo"),
        ("head.png", "no photo|cannot be decoded"),
        ("empty.png", "is empty"),
    ):
        with pytest.raises(LivedreamError, match=match):
            read_photo(tmp_path / name)


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.jpg"):
        write_photo(tmp_path / "a.gif", quarters(), {})
    with pytest.raises(LivedreamError, match="does not exist"):
        write_photo(tmp_path / "no" / "a.png", quarters(), {})
    with pytest.raises(LivedreamError, match=r"try \.png"):
        write_photo(tmp_path / "a.webp", np.zeros((2, 17000, 3), np.uint8), {})
    assert list(tmp_path.iterdir()) == []


def test_pictures_larger_than_memory_allows_are_made_smaller():
    assert comfortable(640, 480) == (640, 480)
    assert comfortable(1920, 1080) == (1920, 1080)
    width, height = comfortable(4000, 3000)
    assert abs(width / height - 4 / 3) < 0.01
    assert 0.99 * 1920 * 1080 < width * height <= 1.01 * 1920 * 1080
