"""Usual local ports -> the OpenAI-compatible servers that answer there, and their models.

Asks 127.0.0.1 only, past any proxy of the environment, and believes little of what it is told.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

USUAL_PORTS = (("Ollama", 11434), ("llama-server", 8080), ("LM Studio", 1234), ("vLLM", 8000))
"""Each program and the port its documentation has it listen on."""
TIMEOUT_S = 0.5
_LONGEST_ANSWER = 1 << 20
_LONGEST_NAME = 200
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered."""

    program: str
    """Whose usual port it is; another program may be listening there."""
    base_url: str
    """With its `/v1`."""
    models: tuple[str, ...]
    """Printable names in the server's order, at most 100; none when it has no model yet."""


def find_servers(ports: Iterable[tuple[str, int]] = USUAL_PORTS) -> list[LocalServer]:
    """Ask all ports at once for their models; takes `TIMEOUT_S` at most, and raises nothing.

    What is silent, slow, or answers anything but a list of models is left out.
    """
    return asyncio.run(_ask_all(ports))


async def _ask_all(ports: Iterable[tuple[str, int]]) -> list[LocalServer]:
    import httpx

    as_it_is = {"Accept-Encoding": "identity"}  # a small answer must not unpack into a large one
    async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S, headers=as_it_is) as client:
        answers = await asyncio.gather(*(_ask(client, program, port) for program, port in ports))
    return [answer for answer in answers if answer is not None]


async def _ask(client: httpx.AsyncClient, program: str, port: int) -> LocalServer | None:
    import httpx

    base_url = f"http://127.0.0.1:{port}/v1"
    body = b""
    try:
        # The limit on the whole: httpx's own starts anew with every byte of a trickle.
        async with asyncio.timeout(TIMEOUT_S), client.stream("GET", f"{base_url}/models") as response:
            if response.status_code != httpx.codes.OK:
                return None
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > _LONGEST_ANSWER:
                    return None
        models = _models_in(json.loads(body))
    except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
        return None
    return None if models is None else LocalServer(program, base_url, models)


def _models_in(answer: object) -> tuple[str, ...] | None:
    """Take the names out of `{"data": [{"id": "name"}, ...]}`; anything else is None."""
    match answer:
        case {"data": list(entries)}:
            names = (
                _printable(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry
            )
            return tuple(dict.fromkeys(name for name in names if name))[:_MOST_NAMES]
        case {"object": "list", "data": None}:  # Ollama without a model: an empty list of Go
            return ()
        case _:
            return None


def _printable(name: object) -> str:
    """Drop what could steer a terminal; a name that is none, or endless, becomes empty."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    return "".join(c for c in name if c.isprintable()).strip()
