"""Checks the proxy variables of the environment, and tells which proxy a request goes through."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from voicecli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
REMEDY = "write it as in http://127.0.0.1:3128, or unset it"


def check_proxies(environment: Mapping[str, str] | None = None) -> None:
    """Raise ConfigError for the first variable that does not name a proxy this program can use."""
    for name in _NAMES:
        value = (os.environ if environment is None else environment).get(name, "").strip()
        fault = _fault(value) if value else ""
        if fault:
            raise ConfigError(f"the environment variable {name} {fault}", REMEDY)


def proxy_for(url: str) -> str:
    """Name the variable whose proxy a request to `url` goes through; empty where it goes through none."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return ""
    wanted = (f"{parts.scheme}_proxy", "all_proxy")
    return next((name for name in _NAMES if name.lower() in wanted and os.environ.get(name)), "")


def _fault(value: str) -> str:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, _port = parts.hostname, parts.port  # reading the port checks it
    except ValueError:
        return "is no address of a proxy"
    if not host:
        return "names no proxy"
    if parts.scheme not in ("http", "https", "socks5", "socks5h"):
        return f"asks for a proxy of the kind {parts.scheme}://, which is not known here"
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        return f"asks for a {parts.scheme}:// proxy, which needs the package socksio"
    return ""
