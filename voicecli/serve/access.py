"""Who may connect: checks a request's Host, Origin and token before anything is done with it. Pure.

A page in a browser on this computer can reach a loopback port, too. So a request is refused that a browser
made for a page of another origin, and one whose Host is a name that somebody else's DNS may point here ("DNS
rebinding"). Programs send no Origin, and are let in.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

KEY_SUBPROTOCOL = "openai-insecure-api-key."
"""A browser cannot set headers on a WebSocket: OpenAI's clients put the key into a subprotocol."""


@dataclass(frozen=True, slots=True)
class AccessRefusal:
    """Why a request is not served: the HTTP status, a code for programs, and a line for people."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a server demands of requests."""

    port: int
    token: str = ""
    """Empty: none is asked for, which is right on loopback alone."""
    names: Collection[str] = LOCAL_NAMES
    """Host names and addresses under which this server may be asked."""
    any_address: bool = False
    """Whether it may be asked under any address, too: one that listens beyond loopback has addresses that it
    does not know, and a page cannot make its own name point to this server and stay an address."""

    def refusal(
        self, headers: Mapping[str, str], *, secure: bool, open_to_all: bool = False
    ) -> AccessRefusal | None:
        """Why a request with these headers is refused; None: it is welcome.

        `headers` must look names up whatever their case. `secure`: it came over TLS. `open_to_all`: it asks
        for something that needs no token.
        """
        host = _host(headers.get("Host", ""))
        if host is None or not (host[0] in self.names or (self.any_address and _is_address(host[0]))):
            return AccessRefusal(403, "host_not_allowed", "this server is not known by that Host")
        origin = headers.get("Origin")
        if origin is not None and not self._is_own(origin, host, secure=secure):
            return AccessRefusal(403, "origin_not_allowed", "pages of another origin are not served")
        if (
            self.token
            and not open_to_all
            and not hmac.compare_digest(_token(headers).encode(), self.token.encode())
        ):
            return AccessRefusal(401, "invalid_api_key", "the token is missing or wrong")
        return None

    def _is_own(self, origin: str, host: tuple[str, int | None], *, secure: bool) -> bool:
        """Whether a page of this origin was served by this server under the name that the request has."""
        scheme = "https" if secure else "http"
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            return False
        default = 443 if secure else 80
        asked = (host[0], host[1] or default)
        return parts.scheme == scheme and ((parts.hostname or "").lower(), port or default) == asked


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this computer alone."""
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(value: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header; None where it is not one."""
    try:
        parts = urlsplit(f"//{value}")
        if (
            parts.hostname is None
            or parts.username is not None
            or parts.path
            or parts.query
            or parts.fragment
        ):
            return None
        return parts.hostname.lower(), parts.port
    except ValueError:
        return None


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    for protocol in headers.get("Sec-WebSocket-Protocol", "").split(","):
        if protocol.strip().startswith(KEY_SUBPROTOCOL):
            return protocol.strip()[len(KEY_SUBPROTOCOL) :]
    return ""
