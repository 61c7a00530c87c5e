"""Makes docs/gallery.md and its pictures: python docs/gallery.py [ROW ...]

Rows are numbers; the pictures of all others are left as they are. python docs/gallery.py draw puts
what the commands read into the folder that you are in, and nothing else.

The commands that stand beneath the pictures are run as they stand there, on what is drawn here: the
program's own demo scene, a panorama of it, and dots for a guide. Of clips, four frames are shown.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

from livedream.runtime.live.sources.cloudscape import Cloudscape

HERE = Path(__file__).parent
WIDTH = 640
"""Pixels of a picture in the gallery."""

NINE = "--layers block9"
ROWS = (
    ("The notebook of 2015", f"image scene.png out.png {NINE}"),
    ("With the colours and scales of nature", "image scene.png out.png --recipe photo"),
    ("One channel", f"image scene.png out.png --recipe photo {NINE}:38"),
    (
        "One class, held back",
        "image scene.png out.png --recipe photo --layers logits:207 "
        "--prior tv:0.3,clip-contribution:0.2",
    ),
    (
        "Accentuated: what the layer sees there",
        "image scene.png out.png --recipe accentuate --size 240x180",
    ),
    ("A guide", f"image scene.png out.png --recipe photo {NINE} --guide dots.png"),
    ("From nothing, and it tiles", f"texture out.png {NINE}:102 --size 320x240"),
    ("From nothing but a guide", f"texture out.png {NINE} --guide dots.png --size 320x240"),
    (
        "Layers and strengths",
        "sheet scene.png out.png --layers block3,block9 --columns step_size=1,3",
    ),
    (
        "A panorama, no seam and round poles",
        "image around.png out.png --projection equirect --recipe photo --provider cpu",
    ),
    (
        "A flight without end",
        "zoom scene.png out.mp4 --size 240x180 --seconds 3 --fps 8 --rate 1.6 --rotate 15",
    ),
    ("A clip, as steady as it gets", f"video scene.mp4 out.mp4 --recipe film {NINE}"),
)

EVERY = "--model efficientnet_lite0"


def main() -> None:
    """Run every command, and write what came of it."""
    if sys.argv[1:] == ["draw"]:
        draw(Path.cwd())
        return
    page = [
        "# Gallery",
        "",
        f"Made by `python docs/gallery.py`; every command also with `{EVERY}`. The scene is the "
        "program's own; `python docs/gallery.py draw` puts what the commands read where you are.",
        "",
    ]
    folder = HERE / "gallery"
    folder.mkdir(exist_ok=True)
    rows = {int(row) for row in sys.argv[1:]} or set(range(1, len(ROWS) + 1))
    with tempfile.TemporaryDirectory() as place:
        draw(Path(place))
        guide = cv2.imread(str(Path(place) / "dots.png"))
        cv2.imwrite(str(folder / "dots.jpg"), cv2.resize(guide, (160, 120)))
        for number, (title, command) in enumerate(ROWS, 1):
            words = command.split()
            name = f"{number:02}.jpg"
            if number in rows:
                run = [sys.executable, "-m", "livedream.runtime", *words, *EVERY.split()]
                subprocess.run([*run, "--overwrite"], cwd=place, check=True)
                made = next(Path(place) / word for word in words if word.startswith("out."))
                cv2.imwrite(str(folder / name), shown(made), [cv2.IMWRITE_JPEG_QUALITY, 82])
            page += [f"**{title}**", "", f"![{title}](gallery/{name})", ""]
            page += [f"`livedream {command}`", ""]
            if "dots.png" in words:
                page += ["![The guide: dots](gallery/dots.jpg)", ""]
    (HERE / "gallery.md").write_text("\n".join(page).rstrip() + "\n", encoding="utf-8")


def draw(folder: Path) -> None:
    """What the commands read."""
    scene = Cloudscape((480, 360), 0)
    cv2.imwrite(str(folder / "scene.png"), scene.draw(0))
    half = Cloudscape((192, 192), 0).draw(2)
    cv2.imwrite(str(folder / "around.png"), np.hstack((half, half[:, ::-1])))
    random = np.random.default_rng(1)
    dots = np.full((240, 320, 3), (40, 120, 60), np.uint8)
    for _ in range(90):
        centre = int(random.integers(320)), int(random.integers(240))
        colour = tuple(map(int, random.integers(100, 255, 3)))
        cv2.circle(dots, centre, int(random.integers(6, 16)), colour, -1, cv2.LINE_AA)
    cv2.imwrite(str(folder / "dots.png"), dots)
    with av.open(str(folder / "scene.mp4"), "w") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 240, 180, "yuv420p"
        small = Cloudscape((240, 180), 0)
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(small.draw(number / 4), format="bgr24")
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode(None))


def shown(path: Path) -> np.ndarray:
    """A picture, or four frames of a clip, uint8 BGR, no wider than WIDTH."""
    if path.suffix == ".mp4":
        with av.open(str(path)) as clip:
            frames = [frame.to_ndarray(format="bgr24") for frame in clip.decode(video=0)]
        four = [frames[round(each)] for each in np.linspace(0, len(frames) - 1, 4)]
        image = np.vstack((np.hstack(four[:2]), np.hstack(four[2:])))
    else:
        image = cv2.imread(str(path))
    height, width = image.shape[:2]
    if width <= WIDTH:
        return image
    return cv2.resize(image, (WIDTH, round(height * WIDTH / width)), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
