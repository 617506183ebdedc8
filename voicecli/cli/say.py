"""`voicecli say`: text of any length -> clauses -> sound. Memory never holds all of the text or the sound."""

from __future__ import annotations

import codecs
import os
import sys
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, ModelsDir, OutputDevice, Voice, note, settings, store_at
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from voicecli.config import Config
    from voicecli.messages import SpokenChunk
    from voicecli.speak.voice import Piece
    from voicecli.speak.voice import Voice as Speaker
    from voicecli.system.clock import Clock

TICK_S = 0.02
"""s between two moves of sound to the loudspeaker's buffer."""

PIECE = 1024
"""Bytes that one read takes, about a page, so that the first clause need not wait for the rest of a long
text."""

UNHURRIED_MS = 300
"""ms, the latency asked of the loudspeaker unless `audio.latency_ms` is more. Nobody answers what is said, so
it may sound later than in a talk, and a busy computer may leave this program waiting for so long."""

AHEAD_MS = 3000
"""ms of sound made ahead of the loudspeaker, for the same reason."""

STDIN = 0
"""The file descriptor; `sys.stdin` would wait for a full buffer, or for the end."""


def say(
    text: Annotated[
        list[str] | None,
        typer.Argument(help="What to say; - is standard input. After --, it may begin with a minus."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write a WAV instead of playing.")
    ] = None,
    output_device: OutputDevice = None,
    voice: Voice = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Say TEXT, or what comes from a pipe, aloud or into a WAV file; begin before all text has come."""
    from voicecli.loading import load_voice
    from voicecli.network.trouble.guard import tell_by
    from voicecli.system.clock import MonotonicClock

    pieces = _given(text)
    config = settings(
        config_file,
        {"--output-device": ("audio.output_device", output_device), "--voice": ("synthesize.voice", voice)},
    )
    speaker = load_voice(config.synthesize, store_at(models_dir)).seat().it
    tell_by(speaker, lambda remark: note(f"{remark.found}; {remark.remedy}"))
    clauses = clauses_of(pieces, speaker.language)
    first = next(clauses, None)
    if first is None:
        raise ConfigError("the text has nothing in it that can be said", "give some words")
    clauses = chain([first], clauses)
    if output is not None:
        _to_file(output, clauses, speaker)
    else:
        aloud(clauses, speaker.say, speaker.rate_hz, config, MonotonicClock())


def _given(text: list[str] | None) -> Iterable[str]:
    """The text in pieces: several arguments are one text, as with `echo`. Raises ConfigError without any."""
    if text and text != ["-"]:
        words = " ".join(text)
        return (words[at : at + PIECE] for at in range(0, len(words), PIECE))
    if not text and sys.stdin is not None and os.isatty(STDIN):
        raise ConfigError("there is no text", "give it after the command, or through a pipe")
    return read_pieces(STDIN)


def read_pieces(fd: int) -> Iterator[str]:
    """Give text of file descriptor `fd` as soon as it comes; bytes that are not UTF-8 become U+FFFD.

    Raises ConfigError where it cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    while True:
        try:
            data = os.read(fd, PIECE)
        except OSError as error:
            raise ConfigError(f"standard input cannot be read ({error.strerror})", "give a text") from error
        yield decoder.decode(data, final=not data)
        if not data:
            return


def clauses_of(pieces: Iterable[str], language: str) -> Iterator[str]:
    """Clauses for a voice of `language`, each as soon as it is whole."""
    from voicecli.aloud.clauses import ClauseSplitter

    splitter = ClauseSplitter(language)
    for piece in pieces:
        yield from splitter.push(piece)
    yield from splitter.finish()


def _to_file(output: Path, clauses: Iterable[str], speaker: Speaker) -> None:
    from voicecli.audio.recordings.files import WavWriter
    from voicecli.speak.voice import sound_of

    with WavWriter(output, speaker.rate_hz, channels=1) as wav:
        for clause in clauses:
            wav.write(sound_of(speaker, clause))


def aloud(
    clauses: Iterable[str],
    say: Callable[[str], Iterator[Piece]],
    rate_hz: int,
    config: Config,
    clock: Clock,
) -> None:
    """Play through the jitter buffer, as a talk does, until the last sample has sounded.

    `say` gives the sound of a clause, at `rate_hz`, part by part.

    Raises DeviceError: there is no such device, it does not open, or it stops.
    """
    from voicecli.devices.choose import device_of
    from voicecli.devices.portaudio import DeviceStream
    from voicecli.devices.single.settling import Settling
    from voicecli.devices.single.single import run_until
    from voicecli.messages import Clause, SpokenChunk
    from voicecli.speak.playback import Playback

    audio = config.audio
    device = device_of("output", audio)
    stream = DeviceStream("output", device, rate_hz, audio.block_ms, max(UNHURRIED_MS, audio.latency_ms))
    playback = Playback(
        stream.form, config.playback.model_copy(update={"ahead_ms": max(AHEAD_MS, config.playback.ahead_ms)})
    )
    playback.begin(1)
    playback.open(1)
    numbered = iter(enumerate(clauses))

    def spoken(some: Iterable[tuple[int, str]]) -> Iterator[SpokenChunk]:
        for index, text in some:
            playback.forget()  # a text without end would need memory without end
            clause = Clause(1, 1, index, text)
            for piece in say(text):
                yield SpokenChunk(clause, piece.samples, rate_hz, piece.word_ends, piece.to_come)

    # The first clause is made before the device starts. Making it loads code, which would delay the audio
    # thread; and a device takes its whole latency at once, which may be more than the clause's first part.
    first = spoken(islice(numbered, 1))
    playback.feed(first)
    chunks = chain(first, spoken(numbered))

    def over() -> bool:
        if not playback.feed(chunks):
            return False
        playback.finish()
        # Closing drops what has not sounded, and the device may be wrong about when that is.
        return playback.done(clock.now() - stream.form.latency_s)

    run_until(over, stream, Settling(playback.pull, clock), clock, TICK_S)
