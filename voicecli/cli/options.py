"""Flags that several commands share, and what they resolve to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voicecli.config import Config
    from voicecli.models.store import ModelStore

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Settings file.")]
ModelsDir = Annotated[
    Path | None,
    typer.Option("--models-dir", help="Folder of the models (else VOICECLI_MODELS, else the usual place)."),
]
InputDevice = Annotated[
    str | None, typer.Option(help="Microphone: a number or part of a name (voicecli devices).")
]
OutputDevice = Annotated[str | None, typer.Option(help="Loudspeaker: a number or part of a name.")]
Voice = Annotated[
    str | None,
    typer.Option(help="Piper voice: a name of `voicecli models list`, an .onnx file or en_GB-alan-medium."),
]
Channel = Annotated[
    int | None, typer.Option(min=1, help="Use only this channel, counted from 1. Default: those with speech.")
]
Track = Annotated[
    int | None, typer.Option(min=1, help="Use this sound track of a file that has several, counted from 1.")
]
Language = Annotated[str | None, typer.Option(help='What you speak: a code such as "en", or "auto".')]
Whisper = Annotated[
    str | None,
    typer.Option("--model", help="Whisper: a name of `voicecli models list`, a folder or a hub name."),
]

Light = Annotated[
    bool, typer.Option("--light", help="Answer with the small language model: quick, and often wrong.")
]


Record = Annotated[
    Path | None, typer.Option(help="Record sound and words in this new folder (docs/recordings.md).")
]
MaxMinutes = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, help="With --record: keep only the newest sound, this many minutes."),
]


def settings(config_file: Path | None, flags: dict[str, tuple[str, bool | int | str | None]]) -> Config:
    """The settings in force; `flags` gives the key and the value of each flag, None where it was not given.

    If the engine in the settings has no model, a flag that names a model chooses the model's engine instead.
    A note on stderr names a file that may hold settings and cannot be read. Raises ConfigError.
    """
    from voicecli.config.load import load_with_origins
    from voicecli.models.choice import listens_with_a_model

    loaded = load_with_origins(config_file, flags)
    for file in loaded.passed_over:
        if file.maybe_ours:
            note(str(file))
    config = loaded.config
    named = {key for key, value in flags.values() if value is not None}
    if "transcribe.model" in named and not listens_with_a_model(config.transcribe):
        heard = config.transcribe.model_copy(update={"engine": "whisper"})
        config = config.model_copy(update={"transcribe": heard})
    if "synthesize.voice" in named:
        spoken = config.synthesize.model_copy(update={"engine": "piper"})
        config = config.model_copy(update={"synthesize": spoken})
    return config


def lightened(config: Config, *, light: bool) -> Config:
    """The settings, with the small language model if `light`."""
    if not light:
        return config
    generate = config.generate.model_copy(update={"engine": "embedded", "model": "light"})
    return config.model_copy(update={"generate": generate})


def note(line: str) -> None:
    """Write a note to stderr: worth knowing, and no error."""
    from voicecli.view.safe import safe

    typer.echo(f"note: {safe(line)}", err=True)


def store_at(models_dir: Path | None) -> ModelStore:
    """The models of this user, or of the folder given."""
    from voicecli.models.store import ModelStore, models_root

    return ModelStore(models_root(models_dir))
