"""`voicecli say` and `voicecli transcribe`: one half of a talk each."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import (
    Channel,
    ConfigFile,
    Language,
    ModelsDir,
    OutputDevice,
    Track,
    Voice,
    Whisper,
    settings,
    store_at,
)
from voicecli.errors import AudioFileError, ConfigError, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import Config
    from voicecli.speak.synthesize import Synthesizer

TICK_S = 0.02
"""How often sound is moved on to the loudspeaker."""


def say(
    text: Annotated[str, typer.Argument(help="What to say.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write a WAV instead of playing.")
    ] = None,
    output_device: OutputDevice = None,
    voice: Voice = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Say TEXT aloud, or into a WAV file."""
    from voicecli.engines import load_synthesizer
    from voicecli.reply.clauses import ClauseSplitter

    config = settings(
        config_file,
        {"--output-device": ("audio.output_device", output_device), "--voice": ("synthesize.voice", voice)},
    )
    synthesizer = load_synthesizer(config.synthesize, store_at(models_dir))
    splitter = ClauseSplitter(synthesizer.language)
    clauses = [*splitter.push(text), *splitter.finish()]
    if not clauses:
        raise ConfigError("there is nothing in it that can be said", "give some words")
    if output is not None:
        _to_file(output, clauses, synthesizer)
    else:
        _aloud(clauses, synthesizer, config)


def _to_file(output: Path, clauses: list[str], synthesizer: Synthesizer) -> None:
    from voicecli.audio.files import WavWriter

    with WavWriter(output, synthesizer.rate_hz, channels=1) as wav:
        for clause in clauses:
            wav.write(synthesizer.synthesize(clause))


def _aloud(clauses: list[str], synthesizer: Synthesizer, config: Config) -> None:
    """Through the jitter buffer, as in a talk; ends when the last sample has sounded."""
    from voicecli.audio.choose import device_of
    from voicecli.audio.closing import close_in_time
    from voicecli.audio.devices import DeviceStream
    from voicecli.clock import MonotonicClock
    from voicecli.messages import Clause, SpokenChunk
    from voicecli.speak.playback import Playback

    audio, clock, never = config.audio, MonotonicClock(), threading.Event()
    device = device_of("output", audio)
    stream = DeviceStream("output", device, synthesizer.rate_hz, audio.block_ms, audio.latency_ms)
    playback = Playback(stream.form, synthesizer.rate_hz, config.playback)

    def wait_until(moved_on: Callable[[], bool]) -> None:
        while not moved_on():
            if stream.dead(clock.now()):
                raise DeviceError(
                    f"the device {device.name!r} stopped",
                    "plug it in again, or choose another: voicecli devices",
                )
            clock.wait(never, TICK_S)

    stream.start(playback.pull)
    try:
        playback.begin(1)
        playback.open(1)
        for index, text in enumerate(clauses):
            playback.load(
                SpokenChunk(Clause(1, 1, index, text), synthesizer.synthesize(text), synthesizer.rate_hz)
            )
            wait_until(playback.pump)
        playback.finish()
        wait_until(lambda: playback.done(clock.now()))
    finally:
        close_in_time([stream])


def transcribe(
    files: Annotated[
        list[Path], typer.Argument(help="Recordings, of any format libav reads; - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    channel: Channel = None,
    track: Track = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Damage is an error too: exit code 1 after what was found.")
    ] = False,
    model: Whisper = None,
    language: Language = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Write down what is said in each file.

    A file that fails is named, and the exit code is then 1. Of one that is damaged or breaks off, the rest is
    written down and a line on stderr says what is missing: exit code 0, or 1 with --strict, or without words.
    """
    from voicecli.audio.pipes import at_hand, name_of
    from voicecli.audio.recording import Recording
    from voicecli.clock import MonotonicClock
    from voicecli.engines import load_detector, load_transcriber
    from voicecli.messages import RATE_HZ
    from voicecli.transcript import transcribe_file
    from voicecli.view.safe import safe

    config = settings(
        config_file, {"--model": ("transcribe.model", model), "--language": ("transcribe.language", language)}
    )
    store = store_at(models_dir)
    detector, transcriber = load_detector(store), load_transcriber(config.transcribe, store)
    clock, failed = MonotonicClock(), False
    for file in files:
        began = clock.now()
        try:
            with at_hand(file) as path:
                recording = Recording(
                    path, RATE_HZ, channel=channel or 0, track=track or 0, called=name_of(file)
                )
                result = transcribe_file(recording, detector, transcriber)
        except AudioFileError as error:
            failed = True
            _tell(str(error))
            continue
        if recording.damage:
            failed = failed or strict or not result.text
            _tell(f"{name_of(file)} {recording.damage}")
        seconds = clock.now() - began
        if as_json:
            entry = {
                "file": str(file),
                "text": result.text,
                "language": result.language,
                "audio_s": round(result.audio_s, 3),
                "seconds": round(seconds, 3),
                "damage": str(recording.damage) or None,
            }
            typer.echo(json.dumps(entry))
        else:
            typer.echo(f"{safe(name_of(file))}: {result.text}" if len(files) > 1 else result.text)
    if failed:
        raise typer.Exit(1)


def _tell(line: str) -> None:
    from voicecli.view.safe import safe

    typer.echo(f"voicecli: {safe(line)}", err=True)
