"""The sound of a clip, on its way into another one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec import Codec
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from ..errors import LivedreamError
from ..sinks.formats import require_encoder


class Sound:
    """Every sound track, copied packet by packet, or converted where the container refuses it."""

    def __init__(
        self, source: InputContainer, target: OutputContainer, encoder: str, path: Path
    ) -> None:
        self.path = path
        self.target = target
        self.begin = Fraction(source.start_time or 0, av.time_base)
        self.damaged = 0
        self.tracks = {
            s.index: _Track(s, target, encoder, self.begin) for s in source.streams.audio
        }
        self.kinds = tuple(track.kind for track in self.tracks.values())
        streams = source.streams.audio
        self.packets = source.demux(streams) if streams else iter(())
        self.waiting: Packet | None = None

    def write(self, until: Fraction | None) -> None:
        """Write what is to be heard up to `until`, in seconds of the new clip; None is the rest."""
        while True:
            packet, self.waiting = self.waiting or self._next(), None
            if packet is None:
                break
            time = packet.pts if packet.dts is None else packet.dts
            if until is not None and time is not None:
                heard = time * packet.time_base - self.begin
                if heard > until:
                    self.waiting = packet
                    return
            self._write(packet)
        if until is None:
            for track in self.tracks.values():
                for converted in track.flush():
                    self.target.mux(converted)

    def _next(self) -> Packet | None:
        with reading(self.path):
            for packet in self.packets:
                if packet.size:  # the demuxer ends each stream with an empty packet
                    return packet
        return None

    def _write(self, packet: Packet) -> None:
        track = self.tracks[packet.stream_index]
        try:
            frames = track.decoded(packet)
        except av.error.InvalidDataError:
            self.damaged += 1
            return
        for written in track.copied(packet) if frames is None else track.converted(frames):
            self.target.mux(written)


class _Track:
    """One sound track and its place in the new clip."""

    def __init__(
        self, source: AudioStream, target: OutputContainer, encoder: str, begin: Fraction
    ) -> None:
        codec = source.codec_context
        if codec is None:
            raise LivedreamError(
                f"Sound track {source.index} is in a format this FFmpeg does not know; remove it "
                "from the clip or convert it first."
            )
        self.begin = begin
        self.decoder = codec
        self.copies = codec.codec.canonical_name in target.supported_codecs
        self.kind = "copied" if self.copies else encoder
        self.stream: AudioStream
        if self.copies:
            self.stream = target.add_stream_from_template(source)
        else:
            require_encoder(encoder)
            added = target.add_stream(encoder, _rate(encoder, codec.sample_rate))
            self.stream = cast(AudioStream, added)
            self.stream.codec_context.layout = _layout(codec.layout.nb_channels)
        self.stream.metadata.update(source.metadata)
        self.previous: int | None = None

    def decoded(self, packet: Packet) -> list[AudioFrame] | None:
        """The packet's samples, or None where they are not needed."""
        return None if self.copies else list(packet.decode())

    def copied(self, packet: Packet) -> list[Packet]:
        """The packet itself, moved to the clip's beginning; nothing in it is touched."""
        shift = round(self.begin / packet.time_base)
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            dts = 0 if self.previous is None else self.previous + max(1, packet.duration or 1)
        else:
            dts -= shift
        pts = dts if packet.pts is None else packet.pts - shift
        if self.previous is not None and dts <= self.previous:
            # Muxers refuse time that stands still, which some recorders write.
            dts = self.previous + 1
            pts = max(pts, dts)
        packet.dts, packet.pts, self.previous = dts, pts, dts
        packet.stream = self.stream
        return [packet]

    def converted(self, frames: list[AudioFrame]) -> list[Packet]:
        packets: list[Packet] = []
        for frame in frames:
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(self.begin / frame.time_base)
            packets += self.stream.encode(frame)
        return packets

    def flush(self) -> list[Packet]:
        """What decoder and encoder still hold back at the end."""
        if self.copies:
            return []
        return self.converted(list(self.decoder.decode(None))) + self.stream.encode(None)


def _rate(encoder: str, wanted: int) -> int:
    """The samples per second that `encoder` takes: nearest to `wanted`, above it if possible."""
    offered = Codec(encoder, "w").audio_rates
    if not offered or wanted in offered:
        return wanted
    return min((rate for rate in offered if rate >= wanted), default=max(offered))


def _layout(channels: int) -> str:
    """Speakers for a converted track; odd arrangements are mixed down, encoders refuse them."""
    return {1: "mono", 6: "5.1", 8: "7.1"}.get(channels, "stereo")


@contextmanager
def reading(source: Path) -> Iterator[None]:
    """Tell an error of reading `source` from one of writing the target."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise LivedreamError(f"{source} cannot be read any further: {error.strerror}.") from error
