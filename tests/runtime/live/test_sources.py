import http.server
import itertools
import os
import threading
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.live.sources import clip, open_source
from livedream.runtime.live.sources.address import openable, public_address
from livedream.runtime.live.sources.base import Pacer
from livedream.runtime.live.sources.cloudscape import Cloudscape
from livedream.runtime.live.sources.noise import puffs, smooth

from ...patience import PATIENCE


def make_clip(path, frames=6, fps=25):
    """Frame n is uniformly 20 + 30 n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            image = np.full((48, 64, 3), 20 + 30 * number, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def levels(source, most=100):
    found = []
    while len(found) < most and (frame := source.read()) is not None:
        found.append((frame.index, int(frame.image.mean() / 30 - 20 / 30 + 0.5)))
    return found


def test_a_clip_yields_every_frame_in_order_and_ends(tmp_path):
    source = open_source(str(make_clip(tmp_path / "a.mp4")), paced=False)
    assert source.describe() == "clip a.mp4: 64x48 25 fps"
    assert not source.live
    assert levels(source) == [(n, n) for n in range(6)]
    assert source.read() is None
    source.close()
    source.close()


def test_a_clip_loops(tmp_path):
    source = open_source(str(make_clip(tmp_path / "a.mp4")), paced=False, loop=True)
    assert levels(source, 14) == [(n, n % 6) for n in range(14)]
    source.close()


def test_a_clip_plays_at_its_own_speed(tmp_path):
    source = open_source(str(make_clip(tmp_path / "a.mp4", frames=6, fps=20)))
    begin = time.monotonic()
    assert len(levels(source)) == 6
    assert time.monotonic() - begin >= 5 / 20 - 0.01  # no sooner; how much later is the machine's
    assert seconds(tmp_path / "a.mp4") == pytest.approx([n / 20 for n in range(6)], abs=0.002)


def test_a_file_url_is_a_file(tmp_path):
    path = make_clip(tmp_path / "with space.mp4")
    source = open_source(path.as_uri(), paced=False)
    assert len(levels(source)) == 6


def test_a_picture_repeats_for_ever_and_cannot_be_drawn_on(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.full((5, 7, 3), 9, np.uint8))
    source = open_source(str(path), paced=False)
    assert source.describe() == "picture a.png: 7x5"
    frames = [source.read() for _ in range(50)]
    assert [frame.index for frame in frames] == list(range(50))
    assert not frames[49].image.flags.writeable
    source.close()
    assert source.read() is None


@pytest.mark.parametrize(
    ("size", "kept"),
    [((6000, 400), (3840, 256)), ((400, 4320), (200, 2160)), ((3840, 2160), (3840, 2160)),
     ((60, 40), (60, 40))],
)  # fmt: skip
def test_a_picture_larger_than_any_screen_is_made_smaller_once(tmp_path, size, kept):
    width, height = size
    cv2.imwrite(str(tmp_path / "a.png"), np.full((height, width, 3), 90, np.uint8))
    source = open_source(str(tmp_path / "a.png"), paced=False)
    frame = source.read()
    assert frame is not None
    assert frame.image.shape[1::-1] == kept
    assert source.read().image is frame.image  # pyright: ignore[reportOptionalMemberAccess]
    assert source.describe() == f"picture a.png: {width}x{height}"


def test_a_picture_is_known_by_its_content(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((5, 7, 3), np.uint8))
    (tmp_path / "a.png").rename(tmp_path / "a.mp4")
    assert open_source(str(tmp_path / "a.mp4")).describe() == "picture a.mp4: 7x5"


@pytest.mark.parametrize(
    ("name", "content", "kind", "match"),
    [
        ("gone.mp4", None, UsageError, "no file"),
        ("zero.mp4", b"", LivedreamError, "no bytes"),
        ("junk.mp4", b"junk" * 500, LivedreamError, "neither a picture nor a video"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, LivedreamError, "no photo|decoded"),
    ],
)
def test_what_cannot_be_read_is_told_apart(tmp_path, name, content, kind, match):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(kind, match=match) as caught:
        open_source(str(path))
    assert name in str(caught.value)


def test_a_clip_without_frames(tmp_path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        for packet in [*stream.encode(sound), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(LivedreamError, match=r"sound\.mkv"):
        open_source(str(path))


FAULTS = Path(__file__).parents[4] / "shared" / "faults"
met = pytest.mark.skipif(not FAULTS.is_dir(), reason="the odd files are not here")


@pytest.fixture(autouse=True)
def never_late(monkeypatch):
    """A busy machine decodes late; what is due when is asked for all the same."""
    monkeypatch.setattr(clip, "PATIENCE", 1e9)


def seconds(path: Path | str) -> list[float]:
    """When its frames are due, in the clip's own time, however late they are decoded."""
    source = open_source(str(path))
    source._stop.wait = lambda pause: False
    times = []
    while source.read() is not None:
        times.append(source._time)
    return [round(time - times[0], 3) for time in times]


def make_times(path, times):
    """A clip whose frame n stands at times[n] seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for time_ in times:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="bgr24")
            frame.pts, frame.time_base = round(time_ * 1000), Fraction(1, 1000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def test_frames_come_at_their_own_times(tmp_path):
    times = [0, 0.04, 0.08, 0.5, 2.5, 2.52]
    assert seconds(make_times(tmp_path / "a.mkv", times)) == pytest.approx(times, abs=0.002)


@met
@pytest.mark.parametrize(("name", "length"), [("halffps", 18.0), ("vfr", 6.8), ("fps600", 0.998)])
def test_odd_rates_keep_their_length(name, length):
    assert seconds(FAULTS / f"{name}.mp4")[-1] == pytest.approx(
        length, rel=0.3 if length < 1 else 0.01
    )


@met
def test_an_interlaced_clip_is_neither_black_nor_a_comb():
    source = open_source(str(FAULTS / "int_mpeg2.mpg"), paced=False)
    images = []
    while (frame := source.read()) is not None:
        images.append(frame.image.astype(int))
    assert len(images) >= 24
    assert all(image.mean() > 60 for image in images)
    rows = [np.abs(np.diff(image, axis=0)).mean() for image in images]
    fields = [np.abs(image[2:] - image[:-2]).mean() for image in images]
    assert np.mean(rows) < np.mean(fields)  # neighbours are nearer than the next but one


def joined(path, *sizes):
    """Interlaced clips of five frames, one of each (width, height), in one file."""
    parts = []
    for width, height in sizes:
        with av.open(str(path), "w", format="mpegts") as container:
            stream = container.add_stream("mpeg2video", rate=25, options={"flags": "+ilme+ildct"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(5):
                image = np.full((height, width, 3), 40 + 30 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            container.mux(stream.encode(None))
        parts.append(path.read_bytes())
    path.write_bytes(b"".join(parts))
    return path


def test_an_interlaced_clip_that_changes_its_size_loses_no_frame(tmp_path):
    path = joined(tmp_path / "a.ts", (64, 48), (96, 64), (64, 48))
    with av.open(str(path)) as container:
        decoded = list(container.decode(video=0))
    assert all(frame.interlaced_frame for frame in decoded)
    source = open_source(str(path), paced=False)
    seen = []
    while (frame := source.read()) is not None:
        seen.append((frame.image.shape[1], round((frame.image.mean() - 40) / 30)))
    # FFmpeg's own decoder may lose the last frame before another size.
    assert seen == [
        (f.width, round((f.to_ndarray(format="bgr24").mean() - 40) / 30)) for f in decoded
    ]
    assert len(seen) >= 12


def all_of(source) -> int:
    count = 0
    while source.read() is not None:
        count += 1
    return count


EVEN = [n / 25 for n in range(100)]


def test_a_clip_that_is_cut_off_says_so_once(tmp_path):
    whole, told = make_times(tmp_path / "a.mkv", EVEN), []
    assert all_of(open_source(str(whole), paced=False, on_event=told.append)) == 100
    assert told == []

    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    count = all_of(open_source(str(cut), paced=False, on_event=told.append))
    assert 0 < count < 100
    assert told == [f"{cut} breaks off after {(count - 1) / 25 + 1 / 30:.1f} of 4.0 s"]

    told.clear()
    source = open_source(str(cut), paced=False, loop=True, on_event=told.append)
    for _ in range(3 * count):
        assert source.read() is not None
    assert len(told) == 1
    source.close()


def test_a_clip_whose_server_goes_away_says_so(tmp_path):
    content = make_times(tmp_path / "a.mkv", EVEN).read_bytes()

    class Dying(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])

        def log_message(self, *_) -> None:
            pass

    told = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Dying) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/a.mkv"
        source = open_source(f"{url}?token=hidden", paced=False, on_event=told.append)
        count = all_of(source)
        server.shutdown()
    assert 0 < count < 100
    assert told == [f"{url} breaks off after {(count - 1) / 25 + 1 / 30:.1f} of 4.0 s"]


def test_a_damaged_clip_plays_on_and_says_so_once(tmp_path):
    path, told = make_times(tmp_path / "a.mkv", EVEN), []
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 2, len(content) * 3 // 4, 97):
        content[place] ^= 0xFF
    path.write_bytes(content)
    source = open_source(str(path), paced=False, loop=True, on_event=told.append)
    for _ in range(250):
        assert source.read() is not None
    assert [text for text in told if "damaged" in text] == [
        f"{path} is damaged; what can be read of it plays"
    ]
    source.close()


@met
def test_an_hdr_clip_is_mapped_with_tables_that_are_made_once():
    begin = time.process_time()
    source = open_source(str(FAULTS / "pq.mp4"), paced=False)  # decodes the first frame
    made = time.process_time()
    first = source.read()
    assert first is not None
    assert 125 < first.image.mean() < 150  # 108 without
    assert all_of(source) == 9
    # Made for each frame, they would take nine times as long.
    assert time.process_time() - made < made - begin


@met
def test_what_was_met_plays():
    for name, count in {"oneframe.mp4": 1, "num10.mp4": 10, "sizechange.ts": 90, "alpha.webm": 30,
                        "hugefps.mp4": 9, "anim.gif": 6}.items():  # fmt: skip
        source = open_source(str(FAULTS / name), paced=False)
        assert len(levels(source, 200)) == count, name
    upright = open_source(str(FAULTS / "rot90.mp4"), paced=False).read()
    assert upright is not None
    assert upright.image.shape == (320, 240, 3)
    with pytest.raises(LivedreamError, match="index"):
        open_source(str(FAULTS / "trunc_moov_end.mp4"))
    with pytest.raises(LivedreamError, match="no video"):
        open_source(str(FAULTS / "audioonly.mp4"))


def test_a_name_that_is_no_text_plays(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.mp4"
    make_clip(tmp_path / "a.mp4").rename(os.fsdecode(name))
    assert len(levels(open_source(os.fsdecode(name), paced=False))) == 6


def test_a_clip_with_a_name_that_moves_the_terminal_is_told_harmless(tmp_path):
    path = make_clip(tmp_path / "a.mp4").rename(tmp_path / "\x1b[31ma.mp4")
    assert open_source(str(path)).describe().startswith("clip ?[31ma.mp4")


def test_a_pipe_is_no_clip(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no regular file"):
        open_source(str(tmp_path / "pipe"))


def test_a_loop_waits_for_a_file_that_is_gone_for_a_while(tmp_path):
    path, told = make_clip(tmp_path / "a.mp4"), []
    source = open_source(str(path), paced=False, loop=True, on_event=told.append)
    assert len(levels(source, 6)) == 6
    path.rename(tmp_path / "away.mp4")
    frames: list = []
    reader = threading.Thread(target=lambda: frames.append(source.read()))
    reader.start()
    while not told:
        time.sleep(0.01)
    (tmp_path / "away.mp4").rename(path)
    reader.join(PATIENCE)
    assert frames[0] is not None
    assert "retrying" in told[0]
    assert "back" in told[1]
    source.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://anna:secret@cam.local:554/live?token=hidden", "rtsp://cam.local:554/live"),
        ("http://[::1]:8080/a.mjpg#t", "http://[::1]:8080/a.mjpg"),
        ("http://cam:port/x", "http://cam/x"),
        ("rtsp:///x", "rtsp:///x"),
    ],
)
def test_addresses_are_told_without_what_is_secret(url, shown):
    assert public_address(url) == shown


def test_an_address_in_capitals_is_opened(tmp_path):
    make_clip(tmp_path / "a.mp4")
    serve = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"HTTP://anna:secret@127.0.0.1:{server.server_port}/a.mp4?token=hidden"
        source = open_source(url, paced=False)
        assert len(levels(source)) == 6
        assert source.describe() == "clip a.mp4: 64x48 25 fps"
        source.close()
        server.shutdown()


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("rtsp:/anna:secret@cam/live", "two slashes"),
        ("RTSP:anna:secret@cam/live", "two slashes"),
        ("http://anna:secret@[::1/live", "no address"),
        ("http://anna:secret\u2100@cam/live", "no address"),  # Python's own error quotes it.
        ("a" * 300, "too long"),
        ("~nobody-of-that-name/a.mp4", "no user"),
    ],
)
def test_what_is_no_source_is_one_sentence_without_secrets(spec, match):
    with pytest.raises(LivedreamError, match=match) as caught:
        open_source(spec)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "scheme", ["http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp"]
)
def test_streams_come_from_these_addresses(scheme):
    assert openable(f"{scheme.upper()}://Host/Path") == f"{scheme}://Host/Path"


@pytest.mark.parametrize("url", ["concat:///a.ts", "async://file:///a.mp4", "tcp://x?listen=1"])
def test_only_addresses_of_streams_are_opened(url):
    with pytest.raises(UsageError, match="nearest"):
        open_source(url)


def test_a_misspelt_name_is_answered_with_the_nearest(tmp_path):
    (tmp_path / "bikes.mp4").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"Nearest: .*bikes\.mp4"):
        open_source(str(tmp_path / "bike.mp4"))
    with pytest.raises(UsageError, match="demo"):
        open_source("dmeo")


def test_a_colon_in_a_name_is_no_address():
    with pytest.raises(UsageError, match="There is no file take:1"):
        open_source("take:1.mp4")


class TestPacer:
    def run(self, moments, fps=10, patience=0.1):
        """How long each wait asked for, when asked at those moments."""
        asked = []

        class Stop(threading.Event):
            def wait(self, timeout=None):
                asked.append(round(timeout, 6))
                return False

        clock = iter(moments)
        pacer = Pacer(fps, patience=patience, clock=lambda: next(clock))
        for _ in moments:
            assert pacer.wait(Stop())
        return asked

    def test_waits_for_the_next_due_moment(self):
        assert self.run([0, 0.03, 0.1]) == [0, 0.07, 0.1]

    def test_catches_up_a_short_delay(self):
        assert self.run([0, 0.15, 0.15]) == [0, 0, 0.05]

    def test_does_not_race_after_a_long_one(self):
        assert self.run([0, 5, 5]) == [0, 0, 0.1]

    def test_a_stop_ends_the_wait(self):
        stop = threading.Event()
        pacer = Pacer(0.1)
        assert pacer.wait(stop)
        stop.set()
        assert not pacer.wait(stop)


class TestDemo:
    def test_the_same_seed_and_frame_give_the_same_picture(self):
        one, two = (open_source("demo", seed=3, paced=False) for _ in range(2))
        for _ in range(3):
            first, second = one.read(), two.read()
        np.testing.assert_array_equal(first.image, second.image)
        other = open_source("demo", seed=4, paced=False)
        assert np.abs(other.read().image.astype(int) - first.image).mean() > 5

    def test_size_is_what_was_asked_for(self):
        for size in [(320, 240), (319, 241), (64, 200)]:
            source = open_source("demo", size, paced=False)
            assert source.read().image.shape == (size[1], size[0], 3)
        assert open_source("demo", paced=False).read().image.shape == (240, 320, 3)

    def test_runs_at_thirty_frames_a_second(self):
        source = open_source("demo", (64, 48))
        frames = [source.read() for _ in range(16)]
        # No sooner; how much later is the machine's.
        assert frames[-1].time - frames[0].time >= 0.5 - 0.06
        assert "30 fps" in source.describe()

    def test_closing_ends_it(self):
        source = open_source("demo", (64, 48))
        source.read()
        source.close()
        assert source.read() is None

    def test_moves_a_little_from_frame_to_frame(self):
        scene = Cloudscape((320, 240))
        pictures = [scene.draw(n / 30).astype(np.int16) for n in range(31)]
        steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(pictures)]
        assert min(steps) > 0.05
        assert max(steps) < 4  # Drifts, never jumps.
        assert np.abs(pictures[30] - pictures[0]).mean() > 3 * np.mean(steps)

    def test_does_not_repeat_within_minutes(self):
        scene = Cloudscape((160, 120))
        sky = [scene.draw(t)[:90].astype(np.float32) for t in range(0, 600, 12)]
        # Against any other moment the clouds differ by much more than one drift step does.
        for one in range(len(sky)):
            for two in range(one + 1, len(sky)):
                assert np.abs(sky[one] - sky[two]).mean() > 3, (one * 12, two * 12)

    def test_a_long_running_scene_is_as_steady_as_a_young_one(self):
        scene = Cloudscape((160, 120))
        late = 3 * 24 * 3600.0
        step = np.abs(scene.draw(late).astype(int) - scene.draw(late + 1 / 30)).mean()
        assert 0.02 < step < 4

    @pytest.mark.parametrize("seed", range(4))
    def test_has_structure_at_several_scales(self, seed):
        grey = cv2.cvtColor(Cloudscape((320, 240), seed).draw(0), cv2.COLOR_BGR2GRAY)
        fine = grey.astype(np.float32)
        for _ in range(5):
            coarse = cv2.GaussianBlur(fine, (0, 0), 2)
            assert (fine - coarse).std() > 1.0
            fine = cv2.resize(coarse, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    @pytest.mark.parametrize(("size", "seeds"), [((128, 96), 4), ((320, 240), 1)])
    def test_nothing_shows_through_between_sky_and_land(self, size, seeds):
        for seed in range(seeds):
            assert Cloudscape(size, seed).draw(3).max(axis=-1).min() > 20


@pytest.mark.parametrize("make", [smooth, puffs])
def test_noise_wraps_around_without_a_seam(make):
    noise = make(np.random.default_rng(0), (64, 200), 13.0)
    assert noise.shape == (64, 200)
    assert noise.dtype == np.float32
    inside = np.abs(np.diff(noise, axis=1)).mean()
    seam = np.abs(noise[:, 0] - noise[:, -1]).mean()
    assert seam < 2 * inside
    assert noise.std() > 0.2
