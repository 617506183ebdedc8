"""Announces the Wyoming server on the local network, so that Home Assistant finds it. Imports zeroconf."""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
import socket
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KIND = "_wyoming._tcp.local."
"""What Home Assistant looks for."""


def check(host: str) -> None:
    """Raise ConfigError where zeroconf is not installed, and for an address that only this computer has."""
    if importlib.util.find_spec("zeroconf") is None:
        found = "--wyoming-announce needs the package zeroconf"
        raise ConfigError(found, 'install it: pip install "voicecli[discover]"')
    if _address(host).is_loopback:
        raise ConfigError(
            f"{host} cannot be reached from other computers",
            "give --wyoming-host, or leave out --wyoming-announce",
        )


@contextlib.asynccontextmanager
async def announced(host: str, port: int, name: str) -> AsyncIterator[None]:
    """Tell the network of the server while the block lasts; `name` is what it is called there.

    Raises ConfigError as `check` does.
    """
    check(host)
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

    addresses = _addresses(host)
    label = "".join(char if char.isalnum() or char in "- " else "-" for char in name)[:40] or "voicecli"
    info = ServiceInfo(
        KIND, f"{label}.{KIND}", port=port, addresses=addresses, server=f"{_host_name()}.local."
    )
    network = AsyncZeroconf()
    try:
        await network.async_register_service(info, allow_name_change=True)
        yield
    finally:
        await network.async_unregister_all_services()
        await network.async_close()


def _addresses(host: str) -> list[bytes]:
    """The addresses of this computer, packed, at which others reach a server that listens on `host`."""
    address = _address(host)
    if not address.is_unspecified:
        return [address.packed]
    # No packet is sent: the system only chooses the address from which it would be.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return [ipaddress.ip_address(probe.getsockname()[0]).packed]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return ipaddress.ip_address(socket.gethostbyname(host))


def _host_name() -> str:
    return socket.gethostname().partition(".")[0] or "voicecli"
