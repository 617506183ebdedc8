"""A key out of the environment; and texts of servers and tools -> the same without the user's secrets.

A server may repeat in an error what it was sent; then the key would be in views, events and logs.
"""

from __future__ import annotations

import os
from base64 import b64encode
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from voicecli.errors import ConfigError, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterable

INSTEAD = "***"
"""What is shown in the place of a secret."""

SHORTEST = 8
"""Characters of the shortest secret that is looked for: shorter ones are words, as "none" and "ollama"."""


def key_in(variable: str) -> str:
    """The key in an environment variable; empty for none. Raises ConfigError for what is no key."""
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{variable} holds characters that no key has", "set it again")
    return key


def in_address(url: str) -> tuple[str, ...]:
    """The secrets in a URL: its password, as written and as meant, and the header that is made of it."""
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError:
        return ()
    if not (user or password):
        return ()
    header = b64encode(f"{user}:{password}".encode(errors="replace")).decode()
    return (parts.password or "", password, header)


_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


class Secrets:
    """What one connection must not show."""

    def __init__(self, *secrets: str) -> None:
        """Secrets of fewer than `SHORTEST` characters are not looked for."""
        self._secrets = sorted({one for one in secrets if len(one) >= SHORTEST}, key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """The text without the secrets; of one that is cut off, its beginning is found as well."""
        for secret in self._secrets:
            text = _without(text, secret)
        return without_userinfo(text)

    def all_hidden(self, texts: Iterable[str]) -> list[str]:
        """Several texts, each without the secrets."""
        return [self.hidden(text) for text in texts]


def _without(text: str, secret: str) -> str:
    """Hide a secret, whatever the case of its letters: a media type, for example, is read in small ones."""
    parts, at = [], 0
    small, secret = text.translate(_SMALL), secret.translate(_SMALL)
    begins = secret[:SHORTEST]
    while (found := small.find(begins, at)) >= 0:
        parts += [text[at:found], INSTEAD]
        at = found + len(begins)
        while at < len(text) and at - found < len(secret) and small[at] == secret[at - found]:
            at += 1
    return "".join((*parts, text[at:]))
