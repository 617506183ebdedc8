"""A recording: any file libav reads -> mono float32 blocks, and what of it is damaged.

The only file that reads with av. Decodes as players do: leaves out what cannot be read, puts silence in its
place as far as the length is known, and goes on after it. Memory holds one block at a time, and the first
2 s of a recording with several channels.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.channels import AUTO, PRIMED_S, ChannelMixer
from voicecli.audio.recordings.blocks import calm, gathered, silence
from voicecli.audio.recordings.damage import Damage, Timeline
from voicecli.audio.recordings.headers import joined_wav, written_length_s
from voicecli.audio.recordings.scale import Scale, scaled
from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import av
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    from voicecli.messages import Float32

WITHOUT_TIMES = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "amr"})
"""Formats without timestamps: libav counts the frames it has read, so its times do not show a hole."""

TOLD_LENGTHS = frozenset({"wav", "w64", "aiff", "au", "caf", "flac", "wv", "tta", "mov", "matroska"})
"""Formats whose header tells how long they are; the length of others is libav's estimate."""

WITHOUT_PAUSES = frozenset({"flac", "ogg"})
"""Formats that number their samples one after the other: a jump in the numbers is lost sound, not a pause."""

GIVES_UP_AFTER = 20
"""Failed attempts to read on after which a recording counts as ended."""

TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")
"""Beginnings of tags. Files that were joined have them in the middle: that is no damage."""

UNREAD_BYTES = 200
"""In a file with one track, more bytes than this between two packets are something libav could not read."""

LEAST_HZ, MOST_HZ = 1000, 1_000_000
"""Sample rates that are read: to convert others, the resampler takes gigabytes, or gives years of sound."""

LIVELY_DBFS, LIVELY_S, MOST_TRACKS = -70.0, 0.3, 16
"""A track with this many seconds above this level, and above twice its own quietest power, is not silent."""


class Recording:
    """A file to be read, once or several times."""

    def __init__(
        self, path: Path, rate_hz: int, *, channel: int = AUTO, track: int = 0, called: str = ""
    ) -> None:
        """`channel` and `track` count from 1, with 0 this class chooses; `called`: its name in errors."""
        self._path = path
        self._rate_hz = rate_hz
        self._channel = channel
        self._track = track
        self.called = called or str(path)
        self.damage = Damage()
        """What the last reading found; complete once that reading has ended."""

    def __iter__(self) -> Iterator[Float32]:
        """Blocks of (n,) float32 in [-1, 1], mixed from the channels by `ChannelMixer`.

        Raises AudioFileError for a file that is absent, unreadable, not audio or without a sample, and for a
        channel or a track that it does not have.
        """
        place = self._place()
        full = self._full_scale(place)
        self.damage = Damage()
        any_sound = False
        with self._opened() as container:
            for block in self._mixed(self._decoded(container, place), full):
                any_sound = any_sound or block.size > 0
                yield block
        if not any_sound:
            raise AudioFileError(f"{self.called} holds no sound", "record it again")

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        import av
        from av.error import FFmpegError

        logging.getLogger("libav").setLevel(logging.CRITICAL)  # it raises for all that it logs
        try:
            # With "file:" before it, "http://..." is a file that does not exist, and a playlist cannot open
            # connections. Tags may have any encoding; nobody reads them.
            with (
                joined_wav(self._path) as joined,
                av.open(joined or f"file:{self._path}", "r", metadata_errors="replace") as container,
            ):
                if not any(stream.codec_context for stream in container.streams.audio):
                    raise AudioFileError(f"{self.called} has no sound in it", "give a recording")
                yield container
        except FileNotFoundError as error:
            raise AudioFileError(f"there is no file {self.called}", "check the name") from error
        except IsADirectoryError as error:
            raise AudioFileError(f"{self.called} is a folder", "name the recording in it") from error
        except PermissionError as error:
            raise AudioFileError(f"{self.called} may not be read", "check its permissions") from error
        except (FFmpegError, ValueError) as error:
            raise AudioFileError(
                f"{self.called} is not a recording that can be read, or it is cut or damaged",
                "check that it plays elsewhere, or convert it to WAV",
            ) from error

    # ---- found before the reading proper: which track, which scale

    def _place(self) -> int:
        """Index of a sound track: the one that is set; else the default one, or another if that is silent."""
        with self._opened() as container:
            streams = container.streams.audio
            if self._track > len(streams):
                raise _has_only("--track", self._track, self.called, len(streams), "sound track")
            known = [place for place, stream in enumerate(streams) if stream.codec_context]
            if self._track and self._track - 1 not in known:
                raise AudioFileError(f"--track {self._track} is of an unknown kind", "leave it out")
            best = container.streams.best("audio")
            known.sort(key=lambda place: streams[place] is not best)
        if self._track or len(known) == 1:
            return self._track - 1 if self._track else known[0]
        return next((place for place in known[:MOST_TRACKS] if self._lively(place)), known[0])

    def _lively(self, place: int) -> bool:
        with self._opened() as container:
            lively_s, quietest = 0.0, np.inf
            for block in self._decoded(container, place):
                power = float(np.nan_to_num(np.square(block).mean(axis=0)).max()) if block.size else 0.0
                quietest = min(quietest, power)
                if power > max(10 ** (LIVELY_DBFS / 10), 2 * quietest):
                    lively_s += len(block) / self._rate_hz
                if lively_s > LIVELY_S:
                    return True
        return False

    def _full_scale(self, place: int) -> float:
        """Find full scale. It is 1, but floats may have any scale: for these this reads all samples."""
        with self._opened() as container:
            stream = container.streams.audio[place]
            if not stream.codec_context.name.startswith(("pcm_f32", "pcm_f64")):
                return 1.0
            scale = Scale()
            for frame in _frames(container, stream, Timeline(Damage())):
                if not isinstance(frame, float):
                    scale.push(frame.to_ndarray().astype(np.float32))
            return scale.full

    # ---- reading

    def _decoded(self, container: InputContainer, place: int) -> Iterator[Float32]:
        """Blocks of (n, channels) at the rate that was asked for; sample n belongs at n / rate seconds."""
        return calm(self._parts(container, place), self._rate_hz)

    def _parts(self, container: InputContainer, place: int) -> Iterator[tuple[Float32, bool]]:
        """Blocks of (n, channels), each with whether it is silence in place of a hole."""
        stream = container.streams.audio[place]
        timeline = Timeline(self.damage, _told_length_s(container, stream))
        timeline.promised_s = written_length_s(container.format.name, self._path)
        form: tuple[object, ...] = ()
        resampler: av.AudioResampler | None = None
        channels, given = 1, 0
        for frame in _frames(container, stream, timeline):
            if resampler is not None and (isinstance(frame, float) or _form(frame) != form):
                for block in _resampled(resampler, None):
                    given += len(block)
                    yield block, False
                resampler = None
            if isinstance(frame, float):
                count = max(0, round(timeline.read_s * self._rate_hz) - given)
                given += count
                yield from ((block, True) for block in silence(count, channels, self._rate_hz))
                continue
            if resampler is None:
                form, resampler = _form(frame), self._resampler()
                channels = frame.layout.nb_channels
            for block in _resampled(resampler, frame):
                given += len(block)
                yield block, False
        if resampler is not None:
            yield from ((block, False) for block in _resampled(resampler, None))

    def _resampler(self) -> av.AudioResampler:
        import av

        # "flt" is packed: with planar samples PyAV 18 crashes from 8 channels on.
        return av.AudioResampler(format="flt", rate=self._rate_hz)

    def _mixed(self, blocks: Iterator[Float32], full: float) -> Iterator[Float32]:
        mixer: ChannelMixer | None = None
        for block in gathered(blocks, round(PRIMED_S * self._rate_hz)):
            clean = scaled(block, full)
            if mixer is None or mixer.channels != block.shape[1]:
                mixer = self._mixer(clean)
            yield mixer.push(clean).clip(-1.0, 1.0)  # two loud channels together may be louder

    def _mixer(self, samples: Float32) -> ChannelMixer:
        channels = samples.shape[1]
        if self._channel > channels:
            raise _has_only("--channel", self._channel, self.called, channels, "channel")
        mixer = ChannelMixer(self._rate_hz, channels, self._channel)
        mixer.prime(samples)
        return mixer


def decode(path: Path, rate_hz: int) -> Iterator[Float32]:
    """Blocks of (n,) float32 in [-1, 1] at `rate_hz`, as by `Recording`, for callers who ignore damage."""
    return iter(Recording(path, rate_hz))


def _frames(
    container: InputContainer, stream: AudioStream, timeline: Timeline
) -> Iterator[AudioFrame | float]:
    """Decoded frames. Before a frame that lies after a hole comes a float: the seconds that are missing."""
    from av.error import FFmpegError

    if stream.codec_context.name == "flac":
        # Have the decoder check each frame's checksum: a damaged frame would sound as loud noise.
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    formats = container.format.name.split(",")
    raw = not WITHOUT_TIMES.isdisjoint(formats)
    gapless = not WITHOUT_PAUSES.isdisjoint(formats)
    alone = len(container.streams) == 1
    read_bytes = 0
    end: int | None = None
    for packet in _packets(container, stream, timeline):
        try:
            frames = packet.decode()
        except FFmpegError:
            if bytes(packet).startswith(TAGS):
                continue
            known = raw and read_bytes > 0
            timeline.hurt(packet.size * timeline.read_s / read_bytes if known else 0.0)
            continue
        unread = alone and packet.pos is not None and end is not None and packet.pos - end > UNREAD_BYTES
        end = None if packet.pos is None else packet.pos + packet.size
        read_bytes += packet.size
        for frame in frames:
            if not frame.samples:
                continue
            if not LEAST_HZ <= frame.sample_rate <= MOST_HZ:
                raise ValueError(f"a sample rate of {frame.sample_rate} Hz")
            at_s = None if raw else frame.time
            if hole_s := timeline.silence_before(at_s, lost=gapless or unread):
                yield hole_s
            timeline.read(frame.samples / frame.sample_rate)
            yield frame
    timeline.end()


def _packets(
    container: InputContainer, stream: AudioStream, timeline: Timeline
) -> Iterator[Packet[AudioStream]]:
    """All packets, also those after a place where the container is damaged, as far as libav can go on."""
    from av.error import FFmpegError

    for _ in range(GIVES_UP_AFTER):
        try:
            yield from container.demux(stream)
        except FFmpegError:
            timeline.hurt()
        else:
            return


def _told_length_s(container: InputContainer, stream: AudioStream) -> float:
    """Seconds, as the header tells; 0 where it does not, or where the length is libav's estimate."""
    if TOLD_LENGTHS.isdisjoint(container.format.name.split(",")):
        return 0.0
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1_000_000


def _has_only(flag: str, given: int, called: str, number: int, noun: str) -> AudioFileError:
    found = f"{flag} {given}: {called} has {number} {noun}{'' if number == 1 else 's'}"
    others = "" if number == 1 else f", or give a number from 1 to {number}"
    return AudioFileError(found, f"leave out {flag}{others}")


def _form(frame: AudioFrame) -> tuple[object, ...]:
    return frame.sample_rate, frame.layout.name, frame.layout.nb_channels, frame.format.name


def _resampled(resampler: av.AudioResampler, frame: AudioFrame | None) -> Iterator[Float32]:
    """Blocks of (n, channels) float32; for None, what the resampler still holds."""
    for block in resampler.resample(frame):
        yield block.to_ndarray().reshape(-1, block.layout.nb_channels).astype(np.float32, copy=False)
