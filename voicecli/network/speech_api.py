"""OpenAI's endpoints for sound on any server: a request -> its answer, or one line that says why not.

What somebody said is in what is sent, so a server's words are shown without it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from voicecli.errors import ConfigError, EngineError, ServerError
from voicecli.network.address import host_of, is_loopback, shown
from voicecli.network.connection import Connection, Known
from voicecli.network.errands import Errands
from voicecli.network.secrets import Secrets, in_address, key_in
from voicecli.network.sse import parsed
from voicecli.network.trouble.complaint import quoted
from voicecli.network.trouble.waits import Refusal, again, wait_s

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping

    from voicecli.network.asked_server import AskedServer
    from voicecli.network.connection import Answer, Upload
    from voicecli.network.sse import Json
    from voicecli.network.trouble.waits import Sleep

HTTP_EXAMPLE = "write it as in http://127.0.0.1:8000/v1"

REFUSES_FIELDS = (400, 415, 422)
"""HTTP statuses that blame the request."""


class RefusedError(ServerError):
    """The server refused the request itself, so another request may be taken."""


class SpeechApi:
    """One engine's connection to a server. Nothing is sent before something is asked."""

    def __init__(self, asked: AskedServer, sleep: Sleep = asyncio.sleep) -> None:
        """`sleep` waits before the server is asked again.

        Raises ConfigError for an address, a key or a proxy that cannot be used.
        """
        self._asked = asked
        url = asked.url.rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"{asked.setting} is no address of an OpenAI-compatible server", HTTP_EXAMPLE)
        self.is_local = is_loopback(host_of(url, asked.setting))
        key = key_in(asked.api_key_env)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._has_key = bool(key)
        self._sleep = sleep
        self._secrets = Secrets(key, *in_address(url))
        known = Known(shown(url), asked.setting, asked.instead)
        self._connection = Connection(url, headers, asked.connect_s, is_local=self.is_local, known=known)
        self._errands = Errands(self._connection.close)

    @property
    def name(self) -> str:
        """The model and where it runs, for people."""
        return self._secrets.hidden(f"{self._asked.model} at {self.where}")

    @property
    def where(self) -> str:
        """The server's address, as people may see it."""
        return self._connection.where

    @property
    def closed(self) -> bool:
        """Whether nothing is asked any more."""
        return self._errands.closed

    def close(self) -> None:
        """End the request under way, close the connection. Any thread."""
        self._errands.close()

    def run(self, request: Coroutine[None, None, object]) -> bool:
        """Run a request to its end; False where `close` ended it. Raises ServerError."""
        try:
            return self._errands.run(request)
        except EngineError as error:
            raise self._hidden(error) from None

    def each(self, blocks: AsyncGenerator[bytes, None]) -> Generator[bytes, None, None]:
        """Give what comes of a request, piece by piece. Raises ServerError."""
        pieces = self._errands.each(blocks)
        try:
            yield from pieces
        except EngineError as error:
            raise self._hidden(error) from None
        finally:
            pieces.close()

    @asynccontextmanager
    async def opened(
        self, path: str, body: Mapping[str, Json] | None = None, upload: Upload | None = None, given: str = ""
    ) -> AsyncGenerator[Answer, None]:
        """Ask, perhaps again, and give the answer of status 2xx.

        `given`: words in what is sent, which no error shows. Raises ServerError.
        """
        async with AsyncExitStack() as stack:
            async for attempt in again(self._asked.worth, self._sleep):
                with attempt:
                    answer = await self._answer(stack, path, body, upload, given)
            yield answer

    async def models(self) -> list[str]:
        """Names of the server's models; none where it does not tell. Raises ServerError for anything else."""
        timeout_s = self._asked.timeout_s
        try:
            async with asyncio.timeout(timeout_s), self._connection.ask("GET", "models") as answer:
                if answer.status in (401, 403):
                    raise self._unauthorised()
                return _names(await answer.text())
        except TimeoutError:
            raise ServerError(f"{self.where}: no answer within {timeout_s:g} s", "look at its log") from None

    async def _answer(
        self,
        stack: AsyncExitStack,
        path: str,
        body: Mapping[str, Json] | None,
        upload: Upload | None,
        given: str,
    ) -> Answer:
        async with AsyncExitStack() as trial:
            answer = await trial.enter_async_context(self._connection.ask("POST", path, body, upload))
            if not 200 <= answer.status < 300:
                refusal = Refusal(answer.status, await answer.text(), wait_s(answer.headers))
                raise self._refused(refusal, path, given)
            stack.push_async_callback(trial.pop_all().aclose)
            return answer

    def _refused(self, refusal: Refusal, path: str, given: str) -> ServerError:
        where, said, section = self.where, quoted(refusal.body, given), self._asked.section
        match refusal.status:
            case 401 | 403:
                return self._unauthorised()
            case 404:
                found = f"{where} has no {path}, or no model {self._asked.model}{said}"
                return ServerError(
                    found, f"check {section}.server_model and {section}.url, which ends in /v1"
                )
            case 429:
                when = f"for {refusal.wait_s:.0f} s" if refusal.wait_s else "for now"
                found, remedy = f"{where} takes no more requests {when}{said}", "wait, or look at your quota"
            case status:
                found, remedy = f"{where} answers with error {status}{said}", "look at its log"
        if refusal.status in REFUSES_FIELDS:
            return RefusedError(found, remedy)
        return ServerError(found, remedy, passes=refusal.passes, wait_s=refusal.wait_s)

    def _unauthorised(self) -> ServerError:
        found = f"{self.where} {'refuses the key' if self._has_key else 'asks for a key'}"
        variable = self._asked.api_key_env
        if not variable:
            return ServerError(found, f"name the variable that holds it in {self._asked.section}.api_key_env")
        return ServerError(found, f"set the environment variable {variable}")

    def _hidden(self, error: EngineError) -> EngineError:
        error.reword(*self._secrets.all_hidden((error.found, error.remedy)))
        return error


def _names(body: str) -> list[str]:
    listed = parsed(body)
    entries = listed.get("data") if isinstance(listed, dict) else None
    if not isinstance(entries, list):
        return []
    found = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return [name for name in found if isinstance(name, str)]
