"""`voicecli transcribe`: recordings -> text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from voicecli.cli.options import ConfigFile, Language, ModelsDir, Whisper, settings, store_at
from voicecli.errors import AudioFileError


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
