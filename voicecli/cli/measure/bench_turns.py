"""`voicecli bench turns`: the trade-off between cutting speakers off and making them wait."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, Language, ModelsDir, Whisper, settings, store_at
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from voicecli.bench.findings import Tradeoff
    from voicecli.bench.labels import Label
    from voicecli.bench.turns import Curves, Replayed
    from voicecli.config import Config


class Split(StrEnum):
    """Which part of a labelled set."""

    HELD_OUT = "held-out"
    TRAIN = "train"
    ALL = "all"


def turns(
    folder: Annotated[
        Path, typer.Argument(help="Recordings and labels.jsonl (scripts/turn/turn_set.py makes them).")
    ],
    split: Annotated[Split, typer.Option(help="Which part of the recordings.")] = Split.HELD_OUT,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with all points.")] = False,
    model: Whisper = None,
    language: Language = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Say how often silence alone, Smart Turn alone and voicecli cut speakers off, and how long they wait."""
    flags = {"--model": ("transcribe.model", model), "--language": ("transcribe.language", language)}
    config = settings(config_file, dict(flags))
    found = _curves(folder, split, config, models_dir)
    if as_json:
        import json

        from voicecli.bench.turns.told import plain

        typer.echo(json.dumps({"split": split.value, **plain(found)}, indent=1))
    else:
        from voicecli.bench.display.turn_table import print_curves

        print_curves(split.value, found, sys.stdout)


def trade_off(folder: Path, config: Config, models_dir: Path | None) -> Tradeoff:
    """The trade-off on the held-out split, for the report of `voicecli bench`. Raises as `turns` does."""
    from voicecli.bench.turns.told import tradeoff

    return tradeoff(_curves(folder, Split.HELD_OUT, config, models_dir))


def _curves(folder: Path, split: Split, config: Config, models_dir: Path | None) -> Curves:
    from voicecli.bench.labels import read_labels
    from voicecli.bench.turns import curves

    labels = [label for label in read_labels(folder) if split in (Split.ALL, Split(label.split))]
    if not labels:
        raise ConfigError(f"{folder} has no turn of the split '{split.value}'", "give another --split")
    return curves(_replay(folder, labels, config, models_dir), config.turn)


def _replay(folder: Path, labels: list[Label], config: Config, models_dir: Path | None) -> list[Replayed]:
    from rich.console import Console
    from rich.progress import track

    from voicecli.bench.turns import Judges, replay
    from voicecli.loading import load_detector, load_language_model, load_recogniser, load_turn_model
    from voicecli.reply.conversation.prompt import begin

    store = store_at(models_dir)
    generator = load_language_model(config.generate, store)[0].seat().it
    conversation = begin(config.conversation, generator)
    generator.warm(conversation.messages_for(""))
    judges = Judges(
        load_detector(store).seat().it,
        load_turn_model(store).seat().it,
        load_recogniser(config.transcribe, store).seat().it,
        lambda words: generator.ending(conversation.messages_for(words)),
    )
    console = Console(stderr=True)
    shown = track(labels, "listening", console=console, transient=True, disable=not console.is_terminal)
    return [replay(folder, label, judges) for label in shown]
