"""`voicecli config`: write, show, check and find the settings file."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import note
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voicecli.config.find import PassedOver
    from voicecli.config.load import Loaded
    from voicecli.network.servers import LocalServer

config_app = typer.Typer(no_args_is_help=True, help="Write, show, check and find the settings file.")


@config_app.command()
def init(
    here: Annotated[
        bool, typer.Option("--here", help="In the working folder, not in your settings folder.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Use the first server found, without asking.")
    ] = False,
) -> None:
    """Write a settings file; use a language model server of this computer, if there is one."""
    from voicecli.config.find import FILE_NAME, find, user_file
    from voicecli.config.toml import printable

    path = Path(FILE_NAME) if here else user_file()
    if os.path.lexists(path) and not force:
        raise _is_there(path)
    choice = _choice(take_first=yes, again=f"voicecli config init{' --here' if here else ''} --force --yes")
    _write(path, _text_with(choice), force=force)
    typer.echo(f"wrote {printable(str(path))}")
    if (used := find().file) is not None and not used.samefile(path):
        note(f"in this folder {used} is used instead of it")


@config_app.command()
def show(
    config: Annotated[Path | None, typer.Option("--config", help="Settings file.")] = None,
) -> None:
    """Print the settings in force as TOML, and where each that is not the default comes from."""
    from voicecli.config.load import load_with_origins
    from voicecli.config.text import effective_toml

    loaded = load_with_origins(config)
    _tell_of_others(loaded.passed_over)
    typer.echo(f"# {_source(loaded)}\n\n{effective_toml(loaded.config, loaded.origins)}", nl=False)


@config_app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The file; without it the one that is in use.")] = None,
) -> None:
    """Say whether a settings file, and the variables that override it, can be used; exit code 2 if not."""
    from voicecli.config.catalogue import KEYS, value_of
    from voicecli.config.load import load_with_origins

    loaded = load_with_origins(file)
    _tell_of_others(loaded.passed_over)
    changed = sum(value_of(loaded.config, key) != key.default for key in KEYS.values())
    typer.echo(f"{_source(loaded)}: good; changed from the default: {changed} of {len(KEYS)}")


@config_app.command("path")
def show_path() -> None:
    """Print the settings file that is used, or the one that would be."""
    from voicecli.config.find import find, user_file
    from voicecli.config.toml import printable

    found = find()
    typer.echo(printable(str((found.file or user_file()).absolute())))
    _tell_of_others(found.passed_over)
    if found.file is None and not any(other.path == user_file() for other in found.passed_over):
        typer.echo("not there yet: voicecli config init writes it", err=True)


def _tell_of_others(files: Iterable[PassedOver]) -> None:
    """Note which files that look like settings of voicecli are not used: to edit these changes nothing."""
    for file in files:
        note(str(file))


def _source(loaded: Loaded) -> str:
    from voicecli.config.toml import printable

    return printable(str(loaded.file.absolute())) if loaded.file else "no settings file"


def _choice(*, take_first: bool, again: str) -> tuple[LocalServer, str] | None:
    """Look for servers and choose a model of one; the user is told that `again` takes the first."""
    from voicecli.network.servers import USUAL_PORTS, find_servers

    servers = find_servers(USUAL_PORTS)
    if not servers:
        ports = ", ".join(f"{port} ({program})" for program, port in USUAL_PORTS)
        typer.echo(f"no language model server found on this computer's ports {ports}")
    for server in servers:
        count = "1 model" if len(server.models) == 1 else f"{len(server.models) or 'no'} models"
        typer.echo(f"found {server.base_url} with {count} ({server.program}'s usual port)")
    useful = [server for server in servers if server.models]
    if take_first:
        return next(((server, server.models[0]) for server in useful), None)
    if _on_terminal():
        return next(((server, _which(server)) for server in useful if wanted(server)), None)
    for server in useful:
        address = f"--base-url {server.base_url} --model {shlex.quote(server.models[0])}"
        typer.echo(f"  to use it: voicecli talk --engine openai {address}")
    if useful:
        typer.echo(f"  to write the first of these into the settings file: {again}")
    return None


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def wanted(server: LocalServer) -> bool:
    """Ask whether to talk with this server."""
    what = f'its model "{server.models[0]}"' if len(server.models) == 1 else "one of its models"
    return typer.confirm(f"Talk with {what}, at {server.base_url}?", default=True)


def _which(server: LocalServer) -> str:
    if len(server.models) == 1:
        return server.models[0]
    for number, model in enumerate(server.models, 1):
        typer.echo(f"  {number}  {model}")
    while True:
        answer: int = typer.prompt(f"Which one, 1 to {len(server.models)}", default=1)
        if 1 <= answer <= len(server.models):
            return server.models[answer - 1]


def _text_with(choice: tuple[LocalServer, str] | None) -> str:
    from voicecli.config import Config, GenerateConfig
    from voicecli.config.text import starter_toml

    if choice is None:
        return starter_toml(Config())
    server, model = choice
    generate = GenerateConfig(engine="openai", base_url=server.base_url, model=model)
    typer.echo(f'language model: "{model}" at {server.base_url}')
    return starter_toml(Config(generate=generate))


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the whole file or nothing. If `path` is a link, write to its target, so that the link stays."""
    from voicecli.config.find import FILE_NAME

    path = Path(os.path.realpath(path))
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        if not force:
            _claim(path)
        temporary.replace(path)
    except OSError as error:
        remedy = "write it to this folder with --here, or name another with XDG_CONFIG_HOME or HOME"
        if path.name == FILE_NAME:
            remedy = "see who may write there, or go to another folder"
        raise ConfigError(f"cannot write {path}: {error.strerror}", remedy) from None
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def _claim(path: Path) -> None:
    """Create the file; if another program was quicker, its file stays."""
    try:
        path.open("x").close()
    except FileExistsError:
        raise _is_there(path) from None


def _is_there(path: Path) -> ConfigError:
    return ConfigError(f"{path} is there already", "use --force to replace it")
