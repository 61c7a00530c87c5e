import struct
import zlib
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from PIL import Image

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.scaling import comfortable
from livedream.runtime.store.pictures import read_photo, to_bgr, write_photo
from livedream.runtime.store.settings import read_settings
from livedream.runtime.store.spherical_xmp import tells_sphere

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


def test_webp_stands_upright(tmp_path):
    seen = quarters()
    stored = np.ascontiguousarray(stored_as(seen, 6))
    picture = Image.fromarray(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB))
    picture.save(tmp_path / "a.webp", lossless=True, exif=b"Exif\0\0" + exif(6))
    assert np.array_equal(read_photo(tmp_path / "a.webp"), seen)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_is_none(tmp_path, value):
    (tmp_path / "a.png").write_bytes(in_png(encoded(quarters(), ".png"), value, "<"))
    assert np.array_equal(read_photo(tmp_path / "a.png"), quarters())


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"]
)
def test_broken_exif_counts_as_none(tmp_path, block):
    jpeg = encoded(quarters(), ".jpg")
    body = b"Exif\0\0" + block
    marker = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + marker + jpeg[2:])
    assert read_photo(tmp_path / "a.jpg").shape == quarters().shape


@pytest.mark.parametrize(("width", "height"), [(16000, 16000), (20000, 7000), (2**31 - 1, 1000)])
def test_a_small_file_that_fills_the_memory_is_refused_unread(tmp_path, width, height):
    """The header alone decides: the rows are not even there."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        for body in (header, data, b"IEND")
    ]
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with pytest.raises(LivedreamError, match=r"too large .*134 megapixels"):
        read_photo(tmp_path / "bomb.png")


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


def test_every_alpha_lays_every_level_on_black_to_the_nearest():
    level, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    expected = np.rint(level.astype(float) * alpha / 255).astype(np.uint8)
    for image in (np.dstack([level, level, level, alpha]), np.dstack([level, alpha])):
        assert np.array_equal(to_bgr(image), np.dstack([expected] * 3))


def test_grey_and_float(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    assert np.array_equal(read_photo(tmp_path / "a.png"), np.dstack([grey] * 3))
    floats = np.array([[0.0, 0.5, 1.0, 2.0, -1.0, np.nan, np.inf, -np.inf]], np.float32)
    assert to_bgr(floats)[0, :, 2].tolist() == [0, 128, 255, 255, 0, 0, 255, 0]


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


def test_a_picture_that_is_there_stays_unless_it_is_asked_for(tmp_path):
    path = tmp_path / "a.png"
    write_photo(path, quarters(), {})
    before = path.read_bytes()
    with pytest.raises(LivedreamError):
        write_photo(path, 255 - quarters(), {})
    assert path.read_bytes() == before
    write_photo(path, 255 - quarters(), {}, overwrite=True)
    assert np.array_equal(read_photo(path), 255 - quarters())


def test_a_picture_that_only_opencv_knows_is_read_as_it_lies(tmp_path):
    cv2.imwrite(str(tmp_path / "a.ppm"), quarters())
    assert np.array_equal(read_photo(tmp_path / "a.ppm"), quarters())


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint32, np.int32])
def test_whole_numbers_of_any_size_go_from_their_smallest_to_their_largest(kind):
    limits = np.iinfo(kind)
    middle = limits.min + (int(limits.max) - limits.min + 1) // 2
    values = np.array([[limits.min, middle, limits.max]], kind)
    assert to_bgr(values)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("settings", [{}, {"model": "googlenet"}], ids=["bare", "with settings"])
def test_a_panorama_says_so_beside_its_settings(tmp_path, suffix, settings):
    """Pillow reads the packet where each format has it; pixels and settings are what they were."""
    image = np.zeros((16, 32, 3), np.uint8)
    image[4:9, 10:20] = 200
    plain, sphere = tmp_path / f"plain{suffix}", tmp_path / f"sphere{suffix}"
    write_photo(plain, image, settings)
    write_photo(sphere, image, settings, sphere=True)
    assert not tells_sphere(plain)
    assert tells_sphere(sphere)
    assert np.array_equal(read_photo(plain), read_photo(sphere))
    with Image.open(sphere) as picture:
        picture.load()
        text = picture.tag_v2[700] if suffix == ".tif" else picture.info.get("xmp")
        text = text or picture.info["XML:com.adobe.xmp"].encode()
    root = ElementTree.fromstring(text.decode())
    told = {name.rpartition("}")[2]: value for each in root.iter() for name, value in each.items()}
    assert told["ProjectionType"] == "equirectangular"
    assert (told["FullPanoWidthPixels"], told["FullPanoHeightPixels"]) == ("32", "16")
    if settings:
        assert read_settings(sphere) == settings
