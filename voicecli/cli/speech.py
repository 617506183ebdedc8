"""`voicecli say` and `voicecli transcribe`: one half of a talk each."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import (
    ConfigFile,
    Language,
    ModelsDir,
    OutputDevice,
    Voice,
    Whisper,
    settings,
    store_at,
)
from voicecli.errors import AudioFileError, ConfigError, DeviceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.config import Config
    from voicecli.speak.synthesize import Synthesizer
    from voicecli.transcript import Span

TICK_S = 0.02
"""How often sound is moved on to the loudspeaker."""

SPANS_SHOWN = 5
"""Of one file, in its line."""


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
    files: Annotated[list[Path], typer.Argument(help="Recordings, of any format libav reads.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
    model: Whisper = None,
    language: Language = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Write down what is said in each file; a file that fails is named, and the exit code is then 1."""
    from voicecli.clock import MonotonicClock
    from voicecli.engines import load_detector, load_transcriber
    from voicecli.transcript import transcribe_file

    config = settings(
        config_file, {"--model": ("transcribe.model", model), "--language": ("transcribe.language", language)}
    )
    store = store_at(models_dir)
    detector, transcriber = load_detector(store), load_transcriber(config.transcribe, store)
    clock, failed = MonotonicClock(), []
    for file in files:
        began = clock.now()
        try:
            result = transcribe_file(file, detector, transcriber)
        except AudioFileError as error:
            failed.append(file)
            typer.echo(f"voicecli: {error}", err=True)
            continue
        seconds = clock.now() - began
        if result.missed:
            where = _spans(result.missed)
            typer.echo(f"voicecli: {file}: no words could be made out of the speech at {where}", err=True)
        if as_json:
            entry = {
                "file": str(file),
                "text": result.text,
                "language": result.language,
                "audio_s": round(result.audio_s, 3),
                "seconds": round(seconds, 3),
            }
            typer.echo(json.dumps(entry))
        else:
            typer.echo(f"{file}: {result.text}" if len(files) > 1 else result.text)
    if failed:
        raise typer.Exit(1)


def _spans(spans: Sequence[Span]) -> str:
    """`0:03-0:08, 1:10-1:12 and 4 more`, minutes and seconds."""
    shown = ", ".join(f"{_minutes(span.begin_s)}-{_minutes(span.end_s)}" for span in spans[:SPANS_SHOWN])
    more = len(spans) - SPANS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
