"""The address of a server: whose it is, and how it is shown."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from voicecli.errors import ConfigError

EXAMPLE = "write it as in http://127.0.0.1:11434/v1"


def host_of(url: str) -> str:
    """Give the name or number of the server. Raises ConfigError for what is no address."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError as error:
        raise ConfigError(f"generate.base_url is no address: {error}", EXAMPLE) from error
    if not host:
        raise ConfigError("generate.base_url names no server", EXAMPLE)
    return host


def shown(url: str) -> str:
    """Give the address without the user name and password it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def is_loopback(host: str) -> bool:
    """Whether the server is this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
