"""The address of a server: whether it is this computer, how to reach it, and how to show it."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urljoin, urlsplit

from voicecli.errors import ConfigError

EXAMPLE = "write it as in http://127.0.0.1:11434/v1"

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # what servers listen on, not us
"""Addresses that mean "any" to a server that listens -> addresses that a client on this computer can use."""


def host_of(url: str, setting: str = "generate.base_url") -> str:
    """Give the host's name or IP address in the URL of a setting. Raises ConfigError where there is none."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError as error:
        # The error of the library quotes a part of the URL, which may be a password.
        raise ConfigError(f"{setting} is no address", EXAMPLE) from error
    if not host:
        raise ConfigError(f"{setting} names no server", EXAMPLE)
    return host


def shown(url: str) -> str:
    """Give a URL as people may see it: without user name, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def is_loopback(host: str) -> bool:
    """Whether this host is this computer."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _number(name)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def reachable(url: str) -> str:
    """Give the URL to connect to: 127.0.0.1 in place of 0.0.0.0, to which not every system can connect."""
    parts = urlsplit(url)
    address = _number(parts.hostname or "")
    if address is None or not address.is_unspecified:
        return url
    user, at, _host = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{user}{at}{_EVERYWHERE[str(address)]}{port}").geturl()


def moved(url: str, location: str) -> tuple[str, bool]:
    """Where a redirect of `url` leads, and whether that is the same server. Only then may it be followed.

    The same server has the same name and the same port: behind another port may be another program. A change
    from http to https, on their usual ports, is allowed.
    """
    try:
        there = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(there)
        ports = _port(old.scheme, old.port), _port(new.scheme, new.port)
    except ValueError:
        return location, False
    same_host = (old.hostname or "").lower() == (new.hostname or "").lower()
    same = old.scheme == new.scheme and ports[0] == ports[1]
    upward = (old.scheme, new.scheme, *ports) == ("http", "https", 80, 443)
    return there, same_host and (same or upward)


def _port(scheme: str, port: int | None) -> int:
    return port or {"http": 80, "https": 443}.get(scheme, 0)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # short forms such as 127.1
    except (OSError, ValueError):
        return None
