"""`voicecli serve`: the engines, loaded once, and a server in front of them."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicecli.cli.options import ConfigFile, Light, ModelsDir, Voice, lightened, note, settings
from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.engines import Engines
    from voicecli.serve.listening import Address, TlsFiles
    from voicecli.serve.processes.starting import ServePlan
    from voicecli.serve.wyoming.wyoming_listener import Reach


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; other computers need --token-file.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free.")] = 8765,
    sessions: Annotated[int, typer.Option(min=1, max=64, help="Most talks at the same time.")] = 2,
    per_address: Annotated[
        int,
        typer.Option(min=1, max=64, help="Most talks from one address; behind a proxy all have the proxy's."),
    ] = 4,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=16, help="Processes, each with its own models and --sessions (docs/scaling.md)."
        ),
    ] = 1,
    token_file: Annotated[
        Path | None,
        typer.Option(help="Clients must know the token in this file; it is made if it is not there."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A name by which clients call this computer; may be given again.")
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate chain, PEM: serve wss and https.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM.")] = None,
    wyoming: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Serve Home Assistant, too: Wyoming, usually on port 10300.",
        ),
    ] = None,
    wyoming_host: Annotated[str, typer.Option(help="Address for Wyoming to listen on.")] = "127.0.0.1",
    wyoming_unprotected: Annotated[
        bool,
        typer.Option(
            "--wyoming-unprotected",
            help="Let other computers use Wyoming, which asks nobody for a password.",
        ),
    ] = False,
    wyoming_announce: Annotated[
        bool,
        typer.Option("--wyoming-announce", help="Tell the local network, so that Home Assistant finds it."),
    ] = False,
    light: Light = False,
    voice: Voice = None,
    config_file: ConfigFile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Serve talks to other programs, by OpenAI's Realtime protocol. Ctrl-C ends."""
    from voicecli.serve.access import LOCAL_NAMES, is_loopback
    from voicecli.serve.listening import Address, bound
    from voicecli.serve.listening import serve as serve_at
    from voicecli.serve.processes.starting import ServePlan
    from voicecli.serve.server import ServerLimits
    from voicecli.serve.wyoming.wyoming_listener import wyoming_beside

    config = lightened(settings(config_file, {"--voice": ("synthesize.voice", voice)}), light=light)
    if not is_loopback(host) and token_file is None:
        raise ConfigError(
            f"{host} can be reached from other computers, and there is no token", "add --token-file"
        )
    reach = _reach(wyoming, wyoming_host, unprotected=wyoming_unprotected, announce=wyoming_announce)
    token = _token(token_file) if token_file is not None else ""
    tls = _tls(tls_cert, tls_key)
    address = Address(
        "127.0.0.1" if host == "localhost" else host, port, tls.context() if tls is not None else None
    )
    names = LOCAL_NAMES | {host.lower(), *(given.lower() for given in name or ())}
    limits = ServerLimits(sessions, per_address)
    plan = ServePlan(config, models_dir, limits, token, frozenset(names), any_address=not is_loopback(host))

    def ready(url: str) -> None:
        at = f"{url.replace('http', 'ws', 1)}/v1/realtime"
        note(f"serving at {at}, {sessions * workers} talks at a time; Ctrl-C ends")

    async def serving(engines: Engines, listening: socket.socket) -> None:
        async with wyoming_beside(engines, config, reach, note, announce=wyoming_announce):
            await serve_at(plan.made_with(engines, note), address, listening, ready)

    if workers == 1:
        with bound(address) as listening:
            asyncio.run(serving(plan.loaded(note), listening))
    elif reach is not None:
        raise ConfigError("--wyoming needs all engines in one process", "leave out --workers")
    else:
        _in_processes(plan, workers, address, tls, ready)


def _reach(port: int | None, host: str, *, unprotected: bool, announce: bool) -> Reach | None:
    """Where Wyoming is to be served; None: nowhere. Raises ConfigError."""
    from voicecli.serve.wyoming.wyoming_listener import Reach

    if port is None:
        if unprotected or announce or host != "127.0.0.1":
            raise ConfigError("the other --wyoming flags need --wyoming PORT", "add --wyoming 10300")
        return None
    reach = Reach("127.0.0.1" if host == "localhost" else host, port, unprotected)
    reach.check()
    if announce:
        from voicecli.serve.wyoming.announce import check

        check(reach.host)
    return reach


def _in_processes(
    plan: ServePlan, workers: int, address: Address, tls: TlsFiles | None, ready: Callable[[str], None]
) -> None:
    from voicecli.serve.processes.overseer import OverseerPlan, oversee

    if not hasattr(socket, "send_fds"):
        raise ConfigError(
            "--workers cannot be had on this system", "start several servers, each with its --port"
        )
    asyncio.run(oversee(OverseerPlan(plan.prepare, workers, tls), address, ready, note))


def _token(path: Path) -> str:
    """The token of a file that only its owner may read; made if the file is not there. Raises ConfigError."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror})", "choose another --token-file"
        ) from error
    else:
        with os.fdopen(made, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        note(f"made a token for clients: {path}")
    try:
        if path.stat().st_mode & 0o077 and os.name == "posix":
            raise ConfigError(f"others may read {path}", f"run: chmod 600 {path}")
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a token", "name a file with one line of ASCII"
        ) from error
    if len(token) < 16:
        raise ConfigError(
            f"the token in {path} is shorter than 16 characters", "remove the file: one is made"
        )
    return token


def _tls(certificate: Path | None, key: Path | None) -> TlsFiles | None:
    from voicecli.serve.listening import TlsFiles

    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigError("--tls-cert and --tls-key belong together", "give both")
    return TlsFiles(certificate, key)
