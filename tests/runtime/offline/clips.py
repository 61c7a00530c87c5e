"""Small clips made for the tests, and plain looks into clips."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLIPS = Path(__file__).parents[4] / "shared" / "clips"


def picture(number, height=48, width=64):
    """A smooth picture that tells its number: grey level by number, and a colour slope."""
    slope = np.linspace(0, 60, width)[None, :, None] * np.array([1.0, 0.5, 0.2])
    image = np.broadcast_to(40 + 7 * (number % 20) + slope, (height, width, 3))
    return image.astype(np.uint8)


def make_clip(
    path, ticks=None, *, time_base=Fraction(1, 1000), size=(48, 64), sound=None, rate=48000,
    start=0, **tags,
):  # fmt: skip
    """A clip with frames at `ticks` of `time_base`, and a sine as `sound` (a codec's name); all of
    it `start` seconds late."""
    ticks = range(0, 400, 40) if ticks is None else ticks
    height, width = size
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"crf": "10", "preset": "ultrafast", "bf": "2"}
        video.codec_context.time_base = video.time_base = time_base
        for name, value in tags.items():
            setattr(video.codec_context, name, value)
        audio = container.add_stream(sound, rate=rate) if sound else None
        if audio:
            audio.codec_context.layout = "stereo"
        for number, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(picture(number, height, width), format="bgr24")
            frame.pts, frame.time_base = tick + round(start / time_base), time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio:
            seconds = float(max(ticks) * time_base) + 0.04
            time = np.arange(int(seconds * rate)) / rate
            wave = (np.sin(2 * np.pi * 440 * time) * 0.3).astype(np.float32)
            for place in range(0, len(wave), 1024):
                block = np.stack([wave[place : place + 1024]] * 2)
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = rate, place + start * rate
                frame.time_base = Fraction(1, rate)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def sound_of(path):
    """(time, duration, bytes) of every sound packet; times in seconds."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        return [
            (p.pts * p.time_base, p.duration * p.time_base, bytes(p))
            for p in container.demux(audio=0)
            if p.size
        ]


def pictures_of(path):
    """(time in seconds, uint8 BGR) of every frame; rounded exactly, unlike swscale by default."""
    exact = 0x4 | 0x40000 | 0x2000
    with av.open(str(path)) as container:
        return [
            (f.pts * f.time_base, f.reformat(format="bgr24", interpolation=exact).to_ndarray())
            for f in container.decode(video=0)
        ]


def damage(source, target, number):
    """`source` again as `target`, with the picture's packet `number` (from 0) made of rubbish."""
    with av.open(str(source)) as before, av.open(str(target), "w") as after:
        stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
        for index, packet in enumerate(before.demux(video=0)):
            if not packet.size:
                continue
            written = av.Packet(b"\xff" * packet.size) if index == number else packet
            written.pts, written.dts, written.time_base = packet.pts, packet.dts, packet.time_base
            written.stream = stream
            after.mux(written)
    return target
