"""`--server` and its token -> where the socket is, and what may be shown of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from voicecli.errors import ConfigError
from voicecli.network.address import is_loopback, reachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PORT = 8765
"""What `voicecli serve` listens on, unless told otherwise."""

PATH = "/v1/realtime"

TOKEN_VARIABLE = "VOICECLI_SERVER_TOKEN"  # noqa: S105  # its name, not a token

EXAMPLE = "write it as in ws://pi.local:8765 or wss://talk.example.org"

_SCHEMES = {"ws": "ws", "http": "ws", "wss": "wss", "https": "wss"}
_LONGEST_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class ServerAt:
    """A server of the Realtime protocol."""

    url: str
    """Of its socket: ws or wss, without a fragment."""
    shown: str
    """Its name and port, for people."""
    is_local: bool
    """Whether it is this computer."""
    token: str = ""

    @property
    def in_clear(self) -> bool:
        """Whether others on the way can read what is said."""
        return not self.is_local and self.url.startswith("ws:")

    @property
    def headers(self) -> dict[str, str]:
        """What each request bears."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def resuming(self, token: str, after: str) -> str:
        """The address at which a talk is taken up again after the event with this id."""
        joined = "&" if "?" in self.url else "?"
        return f"{self.url}{joined}resume={quote(token, safe='')}&after={quote(after, safe='')}"


def server_at(given: str, token: str = "") -> ServerAt:
    """The server that `--server` means. Raises ConfigError."""
    text = given.strip()
    try:
        parts = urlsplit(text if "://" in text else f"ws://{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError("--server is no address", EXAMPLE) from error
    if parts.scheme not in _SCHEMES or not host or not text.isprintable() or " " in text:
        raise ConfigError("--server is no address", EXAMPLE)
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "--server has a password in it", f"leave it out; give --token-file or set {TOKEN_VARIABLE}"
        )
    if port is None and "://" not in text:
        port = PORT
    name = f"[{host}]" if ":" in host else host
    at = f"{name}:{port}" if port else name
    path = PATH if parts.path.rstrip("/") in ("", "/v1") else parts.path
    url = parts._replace(scheme=_SCHEMES[parts.scheme], netloc=at, path=path, fragment="").geturl()
    return ServerAt(reachable(url), at, is_loopback(host), token)


def token_for(file: Path | None, environment: Mapping[str, str] | None = None) -> str:
    """The token of a file, else of the environment; empty where there is none. Raises ConfigError."""
    if file is None:
        found, where = (environment or os.environ).get(TOKEN_VARIABLE, ""), TOKEN_VARIABLE
    else:
        where = str(file)
        try:
            with file.open("rb") as opened:
                found = opened.read(_LONGEST_TOKEN + 1).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{where} cannot be read as a token", "name a file with one line of ASCII"
            ) from error
    token = found.strip()
    if len(token) > _LONGEST_TOKEN or not token.isascii() or any(not "!" <= sign <= "~" for sign in token):
        raise ConfigError(f"{where} holds no token", "a token is one word of ASCII")
    if file is not None and not token:
        raise ConfigError(f"{where} is empty", "copy the server's token into it")
    return token
