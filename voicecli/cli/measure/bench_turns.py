"""`voicecli bench turns`: the trade-off between cutting speakers off and making them wait."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, Language, ModelsDir, Whisper, settings, store_at
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from voicecli.bench.findings import Tradeoff
    from voicecli.bench.labels import Label
    from voicecli.bench.turns import Curves, Replayed, TriedSetting
    from voicecli.config import Config

LIMITS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of turns cut off for which the table has a line."""


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
    """Say how often turns are cut off, and the dead air: by silence, by Smart Turn, and as we decide."""
    flags = {"--model": ("transcribe.model", model), "--language": ("transcribe.language", language)}
    config = settings(config_file, dict(flags))
    replayed, found = _curves(folder, split, config, models_dir)
    if as_json:
        import json

        typer.echo(json.dumps(_described(split, replayed, found), indent=1))
    else:
        _print_table(split, replayed, found)


def trade_off(folder: Path, config: Config, models_dir: Path | None) -> Tradeoff:
    """Find the curves of the held-out split for the report of `voicecli bench`. Raises as `turns` does."""
    from voicecli.bench import findings

    _, found = _curves(folder, Split.HELD_OUT, config, models_dir)
    return findings.Tradeoff(
        [
            findings.Curve(
                name,
                [
                    findings.Point(round(100 * point.cut_off_rate, 2), round(point.dead_air_s, 3))
                    for point in points
                    if isfinite(point.dead_air_s)
                ],
            )
            for name, points in found.ways.items()
        ]
    )


def _curves(
    folder: Path, split: Split, config: Config, models_dir: Path | None
) -> tuple[list[Replayed], Curves]:
    from voicecli.bench.labels import read_labels
    from voicecli.bench.turns import curves

    labels = [label for label in read_labels(folder) if split in (Split.ALL, Split(label.split))]
    if not labels:
        raise ConfigError(f"{folder} has no turn of the split '{split.value}'", "give another --split")
    replayed = _replay(folder, labels, config, models_dir)
    return replayed, curves(replayed, config.turn)


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


def _described(split: Split, replayed: list[Replayed], found: Curves) -> dict[str, object]:
    from voicecli.bench.turns import best

    return {
        "split": split.value,
        "turns": len(replayed),
        "pauses_inside": sum(turn.label.pauses for turn in replayed),
        "curves": {name: [_point(point) for point in points] for name, points in found.ways.items()},
        "best": {name: _point(best(points)) for name, points in found.ways.items()},
        "as_set": _point(found.as_set),
    }


def _point(point: TriedSetting | None) -> dict[str, object] | None:
    if point is None:
        return None
    low, high = point.cut_off_bounds
    return {
        "setting": point.setting,
        "turns": point.turns,
        "cut_off": point.cut_off,
        "cut_off_rate": round(point.cut_off_rate, 4),
        "cut_off_rate_95": [round(low, 4), round(high, 4)],
        "missed": point.missed,
        # JSON has no infinity: null where half of the turns, or a tenth, were never committed.
        "dead_air_s": round(point.dead_air_s, 3) if isfinite(point.dead_air_s) else None,
        "dead_air_p90_s": round(point.dead_air_p90_s, 3) if isfinite(point.dead_air_p90_s) else None,
    }


def _print_table(split: Split, replayed: list[Replayed], found: Curves) -> None:
    from rich.console import Console
    from rich.table import Table

    from voicecli.bench.turns import best

    console = Console()
    pauses = sum(turn.label.pauses for turn in replayed)
    table = Table(
        title=f"dead air, median (p90): {len(replayed)} {'turn' if len(replayed) == 1 else 'turns'} with "
        f"{pauses} {'pause' if pauses == 1 else 'pauses'} inside, {split.value}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("cut off\nat most", justify="right")
    for name in found.ways:
        table.add_column(f"\n{name}")
    for limit in LIMITS:
        cells = [_cell(best(points, limit)) for points in found.ways.values()]
        table.add_row(f"{100 * limit:.0f} %", *cells)
    console.print(table)
    low, high = found.as_set.cut_off_bounds
    console.print(
        f"as it is set, {found.as_set.setting}: {_cell(found.as_set)}, "
        f"{100 * found.as_set.cut_off_rate:.1f} % cut off (95 %: {100 * low:.1f} to {100 * high:.1f} %), "
        f"{found.as_set.missed} never answered",
        highlight=False,
        markup=False,
    )


def _cell(point: TriedSetting | None) -> str:
    if point is None:
        return "-"
    return (
        f"{point.dead_air_s:.2f} s ({point.dead_air_p90_s:.2f} s), {point.cut_off} cut off\n{point.setting}"
    )
