"""`voicecli transcribe`: recordings -> text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, Language, ModelsDir, Whisper, settings, store_at
from voicecli.errors import AudioFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicecli.transcript import Span

SPANS_SHOWN = 5
"""Of one file, in its line."""


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
            typer.echo(
                f"voicecli: {file}: speech without words that could be made out: {_spans(result.missed)}",
                err=True,
            )
        if as_json:
            entry = {
                "file": str(file),
                "text": result.text,
                "language": result.language,
                "audio_s": round(result.audio_s, 3),
                "seconds": round(seconds, 3),
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
