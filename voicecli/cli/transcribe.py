"""`voicecli transcribe`: recordings -> text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import Channel, ConfigFile, Language, ModelsDir, Track, Whisper, settings, store_at
from voicecli.errors import AudioFileError, EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.listen.recognise.transcript import Span

SPANS_SHOWN = 5
"""The line about one file names at most this many of its places."""


def transcribe(
    files: Annotated[
        list[Path], typer.Argument(help="Recordings, of any format libav reads; - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
    channel: Channel = None,
    track: Track = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Treat damage as an error: exit code 1, after the text.")
    ] = False,
    model: Whisper = None,
    language: Language = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Write down what is said in each file.

    If a file cannot be read, a line on stderr names it, and the exit code is 1. If a file is damaged or cut
    off, the rest is written down, and a line on stderr says what is missing: exit code 0, or 1 with --strict
    or without words.
    """
    from voicecli.audio.recordings.pipes import at_hand, name_of
    from voicecli.audio.recordings.recording import Recording
    from voicecli.floor.stages import TRANSCRIBER
    from voicecli.listen.recognise.transcript import transcribe_file
    from voicecli.loading import load_detector, load_recogniser
    from voicecli.messages import RATE_HZ
    from voicecli.network.trouble.guard import tell_by
    from voicecli.system.clock import MonotonicClock
    from voicecli.talk.attempts import in_one_line
    from voicecli.view.safe import safe

    config = settings(
        config_file, {"--model": ("transcribe.model", model), "--language": ("transcribe.language", language)}
    )
    store = store_at(models_dir)
    detector = load_detector(store).seat().it
    recogniser = load_recogniser(config.transcribe, store).seat().it
    tell_by(recogniser, lambda remark: _tell(f"{remark.found}; {remark.remedy}"))
    clock, failed = MonotonicClock(), False
    for file in files:
        began = clock.now()
        try:
            with at_hand(file) as path:
                recording = Recording(
                    path, RATE_HZ, channel=channel or 0, track=track or 0, called=name_of(file)
                )
                with in_one_line(TRANSCRIBER):
                    result = transcribe_file(recording, detector, recogniser)
        except (AudioFileError, EngineError) as error:
            failed = True
            _tell(f"{name_of(file)}: {error}" if isinstance(error, EngineError) else str(error))
            continue
        if recording.damage:
            failed = failed or strict or not result.text
            _tell(f"{name_of(file)} {recording.damage}")
        seconds = clock.now() - began
        if result.missed:
            where = _spans(result.missed)
            _tell(f"{name_of(file)}: no words could be made out of the speech at {where}")
        if as_json:
            entry = {
                "file": str(file),
                "text": result.text,
                "language": result.language,
                "audio_s": round(result.audio_s, 3),
                "seconds": round(seconds, 3),
                "damage": str(recording.damage) or None,
                "stretches": [
                    {
                        "start_s": round(stretch.start_s, 2),
                        "end_s": round(stretch.end_s, 2),
                        "language": stretch.language,
                        "text": stretch.text,
                    }
                    for stretch in result.stretches
                ],
            }
            typer.echo(json.dumps(entry))
        else:
            text = safe(result.text)
            typer.echo(f"{safe(name_of(file))}: {text}" if len(files) > 1 else text)
    if failed:
        raise typer.Exit(1)


def _spans(spans: Sequence[Span]) -> str:
    """`0:03-0:08, 1:10-1:12 and 4 more`, minutes and seconds."""
    shown = ", ".join(f"{_minutes(span.begin_s)}-{_minutes(span.end_s)}" for span in spans[:SPANS_SHOWN])
    more = len(spans) - SPANS_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _tell(line: str) -> None:
    from voicecli.view.safe import safe

    typer.echo(f"voicecli: {safe(line)}", err=True)
