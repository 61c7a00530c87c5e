import gc
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.codec import Codec

from livedream.runtime.control.audio.analysis import RATE
from livedream.runtime.dream.device import DeviceError
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.sinks import formats, recording, reel
from livedream.runtime.sinks.formats import FORMS
from livedream.runtime.sinks.recording import WAITING, Recorder, new_recording

from ...patience import PATIENCE

START = 12345.678


def picture(number: int, size=(64, 48)) -> np.ndarray:
    """Level 16 + 8 n on the left, a fixed red patch on the right."""
    image = np.full((size[1], size[0], 3), 16 + 8 * number, np.uint8)
    image[:, size[0] // 2 :] = (40, 60, 200)
    return image


def record(recorder: Recorder, images, times) -> None:
    """At the encoder's pace, so that nothing is dropped."""
    for image, moment in zip(images, times, strict=True):
        while len(recorder._frames) >= WAITING:
            time.sleep(0.001)
        recorder.write(image, START + moment)


def decoded(path):
    with av.open(str(path)) as container:
        return [
            (frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mkv", ".mov", ".webm"])
def test_frames_and_their_times_come_back(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    times = [n / 30 + (0.011 if n % 3 else 0) for n in range(20)]  # As uneven as a dream.
    with Recorder(path) as recorder:
        record(recorder, [picture(n) for n in range(20)], times)
    assert (recorder.written, recorder.dropped) == (20, 0)
    assert recorder.seconds == pytest.approx(times[-1])
    frames = decoded(path)
    assert [moment for moment, _ in frames] == pytest.approx(times, abs=0.0011)
    for number, (_, image) in enumerate(frames):
        assert image.shape == (48, 64, 3)
        assert image[8:40, 4:28].mean() == pytest.approx(16 + 8 * number, abs=4)
        # Reads as tagged: red stays the red it was.
        np.testing.assert_allclose(image[8:40, 40:60].mean((0, 1)), (40, 60, 200), atol=8)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_odd_size_grows_by_one(tmp_path):
    with Recorder(tmp_path / "a.mp4") as recorder:
        record(recorder, [picture(n, (63, 47)) for n in range(3)], [0, 0.1, 0.2])
    assert decoded(tmp_path / "a.mp4")[0][1].shape == (48, 64, 3)


def test_frames_of_another_size_are_fitted_in(tmp_path):
    with Recorder(tmp_path / "a.mp4") as recorder:
        record(recorder, [picture(1), picture(1, (128, 96)), picture(1, (50, 90))], [0, 0.1, 0.2])
    assert [image.shape for _, image in decoded(tmp_path / "a.mp4")] == [(48, 64, 3)] * 3


def test_a_frame_that_is_not_later_is_dropped(tmp_path):
    with Recorder(tmp_path / "a.mp4") as recorder:
        record(recorder, [picture(n) for n in range(4)], [0, 0.1, 0.1, 0.05])
    assert (recorder.written, recorder.dropped) == (2, 2)


def test_a_slow_encoder_costs_frames_not_time_or_memory(tmp_path, monkeypatch):
    gate = threading.Event()
    write = reel.Video.write
    monkeypatch.setattr(
        reel.Video, "write", lambda self, *frame: gate.wait(PATIENCE) and write(self, *frame)
    )
    recorder = Recorder(tmp_path / "a.mp4")
    image = picture(3)
    for number in range(200):
        recorder.write(image, START + number / 30)
    assert recorder.written == 0  # Nobody waited for the encoder.
    assert len(recorder._frames) <= WAITING
    gate.set()
    recorder.close()
    assert recorder.dropped + recorder.written == 200
    assert recorder.written <= WAITING + 1
    assert len(decoded(tmp_path / "a.mp4")) == recorder.written
    assert recorder.summary.endswith(f", {recorder.dropped} frames missed")


def test_a_picture_that_a_card_lost_is_missed(tmp_path):
    class Lost:
        shape = (48, 64, 3)

        def __array__(self, *_: object, **__: object):
            raise DeviceError("gone")

    with Recorder(tmp_path / "a.mp4") as recorder:
        record(recorder, [picture(0), Lost(), picture(2)], [0, 0.5, 1])
    assert (recorder.written, recorder.dropped) == (2, 1)


@pytest.mark.parametrize("named", [True, False])
def test_an_empty_recording_leaves_no_file_and_says_so(tmp_path, named):
    recorder = Recorder(tmp_path / "a.mp4") if named else new_recording(tmp_path)
    recorder.close()
    assert list(tmp_path.iterdir()) == []
    assert "No frame came" in recorder.summary
    assert not recorder.saved


def test_what_was_recorded_is_said(tmp_path):
    with Recorder(tmp_path / "a.mp4") as recorder:
        record(recorder, [picture(n) for n in range(4)], [0, 0.5, 1, 1.5])
    assert recorder.saved
    assert recorder.summary == f"Recorded {tmp_path / 'a.mp4'}, 1.5 s"


def test_nothing_is_replaced_unless_it_is_asked_for(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"take one")
    with pytest.raises(UsageError, match=r"exists already.*--overwrite"):
        Recorder(tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == b"take one"
    with Recorder(tmp_path / "a.mp4", overwrite=True) as recorder:
        record(recorder, [picture(0)], [0])
    assert len(decoded(tmp_path / "a.mp4")) == 1


def test_a_file_that_appears_meanwhile_and_the_recording_are_both_kept(tmp_path):
    recorder = Recorder(tmp_path / "a.mp4")
    record(recorder, [picture(n) for n in range(3)], [0, 0.1, 0.2])
    (tmp_path / "a.mp4").write_bytes(b"another program's")
    with pytest.raises(LivedreamError, match=r"kept as .*a-2\.mp4"):
        recorder.close()
    assert (tmp_path / "a.mp4").read_bytes() == b"another program's"
    assert len(decoded(tmp_path / "a-2.mp4")) == 3


def test_recordings_of_one_second_have_each_their_own_name(tmp_path, monkeypatch):
    monkeypatch.setattr(recording.time, "strftime", lambda text: "livedream-now")
    recorders = [new_recording(tmp_path) for _ in range(3)]
    for recorder in recorders:
        record(recorder, [picture(0)], [0])
        recorder.close()
    names = ["livedream-now-2.mp4", "livedream-now-3.mp4", "livedream-now.mp4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(len(decoded(tmp_path / name)) == 1 for name in names)


def test_a_missing_encoder_is_told_before_anything_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setitem(FORMS, ".mp4", replace(FORMS[".mp4"], video="libmissing"))
    with pytest.raises(LivedreamError, match=r"no encoder libmissing; install .*\.webm"):
        Recorder(tmp_path / "a.mp4")
    with pytest.raises(LivedreamError, match="no encoder libmissing"):
        new_recording(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_is_told_by_the_next_write(tmp_path):
    """By anything, also what nobody foresaw: here a picture that is none."""
    recorder = Recorder(tmp_path / "a.mp4")
    recorder.write(np.zeros((48, 64, 3), np.float64), START)
    recorder._thread.join(PATIENCE)
    with pytest.raises(LivedreamError, match="cannot be recorded any further"):
        recorder.write(picture(0), START + 1)
    for number in range(3):
        recorder.write(picture(0), START + 2 + number)
    assert not recorder._frames  # nobody would take them
    recorder.close()
    assert "not recorded" in recorder.summary
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_midway_is_told_by_close_and_what_was_there_is_kept(tmp_path):
    recorder = Recorder(tmp_path / "a.mp4")
    # Longer than a group of pictures: what is on the disk can be played.
    record(recorder, [picture(n % 20) for n in range(130)], [n / 30 for n in range(130)])
    record(recorder, [np.zeros((48, 64, 3), np.float64)], [5])
    with pytest.raises(LivedreamError, match=r"any further .*; what was recorded .* is kept\."):
        recorder.close()
    assert recorder.saved
    assert len(decoded(tmp_path / "a.mp4")) >= 60
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_an_interrupted_show_still_has_its_recording(tmp_path):
    def show() -> None:
        with Recorder(tmp_path / "a.mp4") as recorder:
            record(recorder, [picture(n) for n in range(5)], [n / 10 for n in range(5)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show()
    assert len(decoded(tmp_path / "a.mp4")) == 5


def test_writing_after_close_does_nothing(tmp_path):
    recorder = Recorder(tmp_path / "a.mp4")
    recorder.write(picture(0), START)
    recorder.close()
    recorder.write(picture(1), START + 1)
    recorder.close()
    assert recorder.written == 1


def test_an_unknown_suffix_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.mp4.*\.mkv.*\.webm"):
        Recorder(tmp_path / "a.avi")


def test_a_missing_folder_is_told_before_the_show(tmp_path):
    with pytest.raises(LivedreamError, match="does not exist"):
        Recorder(tmp_path / "gone" / "a.mp4")


FILL = """
    import resource, signal, sys, time
    import numpy as np
    from livedream.runtime.errors import LivedreamError
    from livedream.runtime.sinks.recording import Recorder, WAITING

    # The kernel's stand-in for a full disk: no file may grow over this.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    random = np.random.default_rng(0)
    recorder = Recorder(sys.argv[1])
    try:
        for number in range(150):
            while len(recorder._frames) >= WAITING:
                time.sleep(0.001)
            recorder.write(random.integers(0, 256, (240, 320, 3), np.uint8), number / 30)
        recorder.close()
    except LivedreamError as error:
        print(error)
        recorder.close()
    print(recorder.written)
"""


def fill(path, limit: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), str(path), str(limit)],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_keeps_what_was_recorded(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    sentence, written = fill(path, 3_000_000)
    assert "largest file" in sentence
    assert sentence.endswith("is kept.")
    assert 30 <= int(written) < 150
    frames = []
    with av.open(str(path)) as container:
        try:
            for frame in container.decode(video=0):
                frames.append(frame.time)
        except av.error.FFmpegError:
            pass  # The last picture may be cut.
    assert len(frames) >= int(written) / 2  # A fragment of two seconds may be lost.
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")
def test_a_disk_full_from_the_start_leaves_nothing(tmp_path):
    sentence, _ = fill(tmp_path / "a.mkv", 100)
    assert "largest file" in sentence
    assert list(tmp_path.iterdir()) == []


CRASH = """
    import sys, time
    import numpy as np
    from livedream.runtime.control.audio.analysis import RATE
    from livedream.runtime.sinks.recording import Recorder, WAITING
    from livedream.runtime.sinks.soundtrack import Sound

    recorder = Recorder(sys.argv[1], quality=sys.argv[2], sound=True)
    tone = np.full((RATE // 30, 2), 0.5, np.float32)
    for number in range(200):
        recorder.hear(Sound(tone, number / 30, exact=True))
        while len(recorder._frames) >= WAITING:
            time.sleep(0.001)
        recorder.write(np.full((48, 64, 3), number, np.uint8), number / 30)
    while recorder.written < 200:
        time.sleep(0.001)
    import os
    os._exit(9)
"""


@pytest.mark.parametrize(
    ("suffix", "quality"),
    [(".mp4", "good"), (".mkv", "small"), (".webm", "good"), (".mov", "edit"), (".mkv", "edit")],
)
def test_a_crash_leaves_a_playable_file_under_its_name(tmp_path, suffix, quality):
    command = [sys.executable, "-c", textwrap.dedent(CRASH), str(tmp_path / f"a{suffix}"), quality]
    subprocess.run(command, timeout=PATIENCE)
    (left,) = tmp_path.iterdir()
    assert left.name == f"a{suffix}"
    assert len(decoded(left)) >= 120
    with av.open(str(left)) as container:
        heard = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
    assert np.count_nonzero(heard) > 3 * 2 * RATE


def test_pictures_for_editing_come_back_to_the_bit(tmp_path):
    noise = np.random.default_rng(3).integers(0, 256, (5, 49, 65, 3), np.uint8)
    with Recorder(tmp_path / "a.mkv", quality="edit") as recorder:
        record(recorder, noise, np.arange(5) / 30)
    back = [image[:49, :65] for _, image in decoded(tmp_path / "a.mkv")]
    np.testing.assert_array_equal(back, noise)


@pytest.mark.parametrize(
    ("name", "quality"),
    [
        ("a.mp4", "good"),
        ("a.mp4", "small"),
        ("a.mkv", "best"),
        ("a.webm", "best"),
        ("a.mov", "edit"),
    ],
)
def test_colours_come_back(tmp_path, monkeypatch, name, quality):
    if quality == "small":  # As Quick Sync takes pictures.
        monkeypatch.setattr(
            formats, "hardware", lambda coarse: formats.Encoder("libx264", "nv12", {"crf": "14"})
        )
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = (230, 40, 20), (30, 60, 200)
    with Recorder(tmp_path / name, quality=quality) as recorder:
        record(recorder, [image] * 5, np.arange(5) / 30)
    with av.open(str(tmp_path / name)) as container:
        (*_, last) = container.decode(video=0)
    assert (last.colorspace, last.color_range) == (1, 1)
    back = last.to_ndarray(format="bgr24")
    for half in (slice(6, 26), slice(38, 58)):
        np.testing.assert_allclose(back[8:40, half].mean((0, 1)), image[0, half.start], atol=4)


def test_the_qualities_differ_in_bytes(tmp_path):
    noise = np.random.default_rng(3).integers(0, 256, (12, 120, 160, 3), np.uint8)
    sizes = []
    for quality in formats.QUALITIES:
        with Recorder(tmp_path / f"{quality}.mp4", quality=quality) as recorder:
            record(recorder, [cv2.GaussianBlur(each, (0, 0), 2) for each in noise], np.arange(12))
        sizes.append((tmp_path / f"{quality}.mp4").stat().st_size)
    assert sizes[0] * 1.2 < sizes[1] < sizes[2] / 1.2


def test_a_container_that_is_not_for_editing_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"end it in \.mov \(prores_ks\) or \.mkv \(ffv1\)"):
        Recorder(tmp_path / "a.mp4", quality="edit")


def test_an_encoder_of_a_chip_is_taken_where_it_starts(monkeypatch):
    monkeypatch.setattr(formats, "_HARDWARE", {"h264_missing": {}, "mpeg4": {"qscale": "{}"}})
    formats.hardware.cache_clear()
    try:
        found = formats.encoder_of(Path("a.mp4"), "best")
        assert (found.name, found.options) == ("mpeg4", {"qscale": "14"})
    finally:
        monkeypatch.undo()
        formats.hardware.cache_clear()
    assert formats.encoder_of(Path("a.mp4")).name in ("libx264", *formats._HARDWARE)


def test_a_chip_gets_pictures_as_it_takes_them():
    offered = [name for name in formats._HARDWARE if formats._encodes(name)]
    if not offered:
        pytest.skip("this PyAV offers no encoder of a chip")
    for name in offered:
        assert formats._pixels(name) in {each.name for each in Codec(name, "w").video_formats or ()}


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_at_a_rate_the_newest_picture_is_repeated_or_left_out(tmp_path, name):
    times = [0, 0.35, 0.37, 0.39, 0.8]  # At 10 a second: a pause, three within a tenth, a pause.
    with Recorder(tmp_path / name, rate=10) as recorder:
        record(recorder, [picture(number) for number in range(5)], times)
    frames = decoded(tmp_path / name)
    np.testing.assert_allclose([at for at, _ in frames], np.arange(9) / 10, atol=0.002)
    levels = [round((image[:, :28].mean() - 16) / 8) for _, image in frames]
    assert levels == [0, 0, 0, 1, 3, 3, 3, 3, 4]
    assert (recorder.written, recorder.dropped) == (9, 0)


def test_at_a_rate_the_size_stays_when_the_pictures_change(tmp_path):
    sizes = [(64, 48), (48, 64), (128, 96)]
    with Recorder(tmp_path / "a.mp4", rate=10) as recorder:
        record(recorder, [picture(3, size) for size in sizes], [0, 0.2, 0.4])
    assert [image.shape for _, image in decoded(tmp_path / "a.mp4")] == [(48, 64, 3)] * 5


def test_an_error_that_somebody_keeps_holds_no_encoder(tmp_path, monkeypatch):
    films: list[weakref.ref[recording.Film]] = []

    class Failing(recording.Film):
        def show(self, image, tick):
            films.append(weakref.ref(self))
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording, "Film", Failing)
    gc.collect()
    gc.disable()  # A show's own collections are rare, and do not know how large an encoder is.
    try:
        recorder = Recorder(tmp_path / "a.mp4")
        recorder.write(np.zeros((32, 32, 3), np.uint8), 0)
        try:
            recorder.close()
        except LivedreamError as error:
            kept = error
        assert "No space left" in str(kept)
        assert films[0]() is None
    finally:
        gc.enable()
