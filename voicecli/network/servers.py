"""Usual local ports -> the OpenAI-compatible servers that answer there, and their models.

Asks 127.0.0.1 only, past any proxy of the environment. Any program may listen there, so the answers are
limited in time and size, and control characters are removed.
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
"""Each program and the port that it listens on, by its documentation."""
TIMEOUT_S = 0.5
"""Longest wait for all answers."""
_LONGEST_ANSWER = 1 << 20
"""Bytes; a longer answer is no list of models."""
_LONGEST_NAME = 200
"""Characters; a longer name is left out."""
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server that answered."""

    program: str
    """The program whose usual port this is; in fact another one may listen there."""
    base_url: str
    """Its address, with `/v1` at the end."""
    models: tuple[str, ...]
    """Printable names of its models, in the server's order, at most 100; empty when it has no model yet."""


def find_servers(ports: Iterable[tuple[str, int]] = USUAL_PORTS) -> list[LocalServer]:
    """Ask all ports at once for their models; takes `TIMEOUT_S` at most, and raises nothing.

    A port is left out where nobody answers in time, or where the answer is not a list of models.
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
        # Limits the whole request: httpx's own timeout starts anew with every byte that comes.
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
    """Take the names out of `{"data": [{"id": "name"}, ...]}`; None for anything else."""
    match answer:
        case {"data": list(entries)}:
            names = (
                _printable(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry
            )
            return tuple(dict.fromkeys(name for name in names if name))[:_MOST_NAMES]
        case {"object": "list", "data": None}:  # Ollama without a model: Go writes an empty list as null
            return ()
        case _:
            return None


def _printable(name: object) -> str:
    """Drop characters that could steer a terminal. Empty for what is no text, and for a very long name."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    return "".join(c for c in name if c.isprintable()).strip()
