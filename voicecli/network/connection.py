"""A connection to one server over HTTP: requests -> answers, as bytes; failures -> one line each.

Imports httpx. This file follows redirects, httpx does not: only to the same server, and with the method kept,
so that the API key and the user's words go nowhere else.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from voicecli.errors import ConfigError, ServerError
from voicecli.network.address import moved, reachable, shown
from voicecli.network.proxies import REMEDY, check_proxies, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

    import httpx

    from voicecli.network.sse import Json

KEEP_S = 600.0
"""How long an idle connection is kept for the next turn, s."""

LONGEST_BODY = 1 << 20
"""Most bytes that are read of an answer that is not streamed."""

MOST_REDIRECTS = 3

_REDIRECTS = (301, 302, 303, 307, 308)
_UNPACKED = ("", "identity", "gzip", "deflate")
"""Content encodings that httpx can undo without optional packages."""


@dataclass(frozen=True, slots=True)
class Known:
    """How people know a server."""

    where: str
    """Its address, without secrets."""
    setting: str = "generate.base_url"
    """The setting that names it."""
    instead: str = "use --engine embedded"
    """What does without it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file, called `file`."""

    fields: Mapping[str, str]
    name: str
    """The file's; servers tell its format by the ending."""
    data: bytes
    kind: str
    """Its media type."""


class BrokenOffError(ServerError):
    """The connection ended in the middle of an answer, or before it."""


class Answer:
    """A server's answer, which can be read while the connection is open."""

    def __init__(self, response: httpx.Response, known: Known) -> None:
        """Raise ServerError for an unknown compression."""
        self._response = response
        self._known = known
        self.status = response.status_code
        self.kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        """The media type; empty where none is given."""
        self.headers: Mapping[str, str] = response.headers
        packed = response.headers.get("content-encoding", "").strip().lower()
        if packed not in _UNPACKED:
            raise ServerError(
                f"{known.where} sends its answer compressed ({packed[:20]}), which was not asked for",
                "switch compression off there, or for this address in the proxy before it",
            )

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come, decompressed. Raises ServerError where they break off."""
        with _faults(self._known, ""):
            async for piece in self._response.aiter_bytes():
                yield piece

    async def text(self) -> str:
        """The whole body, at most `LONGEST_BODY` of it."""
        body = b""
        async for piece in self.chunks():
            body += piece
            if len(body) > LONGEST_BODY:
                break
        return body[:LONGEST_BODY].decode("utf-8", errors="replace")


class Connection:
    """A connection that is kept open between requests. Use it on one event loop only.

    It limits how long connecting may take; the caller limits how long the answer may take.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        connect_s: float,
        *,
        is_local: bool,
        known: Known | None = None,
    ) -> None:
        """`url` is the base of all paths; `known` says how people know the server.

        Raises ConfigError for proxy variables that cannot be used.
        """
        if not is_local:
            check_proxies()
        self.known = known or Known(shown(url))
        self._url = reachable(url)
        self._headers = {"Accept-Encoding": "identity", **headers}
        self._connect_s = connect_s
        self._is_local = is_local
        self._proxy = "" if is_local else proxy_for(self._url)
        self._client: httpx.AsyncClient | None = None
        self._kept = False
        """Whether the connection of an earlier request may still be open."""
        self._moved: dict[str, str] = {}
        """Path -> the address that a redirect led to; later requests go there at once."""

    @property
    def where(self) -> str:
        """The address, as people may see it."""
        return self.known.where

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, body: Mapping[str, Json] | None = None, upload: Upload | None = None
    ) -> AsyncGenerator[Answer, None]:
        """Send a request, with JSON or a form, and give the answer.

        Raises ServerError where none comes, or where it breaks off.
        """
        import httpx

        client = self._http()
        url = self._moved.get(path, f"{self._url}/{path}")
        timeout = httpx.Timeout(None, connect=self._connect_s)
        form: _Form = {} if upload is None else _form(upload)
        with _faults(self.known, self._proxy):
            for _hop in range(MOST_REDIRECTS + 1):
                response = await self._send(
                    client, client.build_request(method, url, json=body, timeout=timeout, **form)
                )
                try:
                    location = response.headers.get("location", "")
                    if response.status_code not in _REDIRECTS or not location:
                        if response.is_success and url != f"{self._url}/{path}":
                            self._moved[path] = url
                        yield Answer(response, self.known)
                        return
                finally:
                    await response.aclose()
                url = self._follow(url, location, path)
        base = shown(url).rstrip("/").removesuffix(f"/{path}")
        raise ServerError(
            f"{self.where} sends requests round in circles, at last to {shown(url)}",
            f"set {self.known.setting} to the server's own address, perhaps {base}",
        )

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()

    def _http(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            try:
                self._client = httpx.AsyncClient(
                    headers=self._headers,
                    limits=httpx.Limits(keepalive_expiry=KEEP_S),
                    # Words for a server on this computer must not go through a proxy of the environment.
                    trust_env=not self._is_local,
                )
            except (ValueError, ImportError, httpx.InvalidURL) as error:
                # The library's error quotes the address, in which there may be a password.
                found = "the proxy settings cannot be used"
                raise ConfigError(found, f"HTTP_PROXY, HTTPS_PROXY, ALL_PROXY: {REMEDY}") from error
        return self._client

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
        """Send the request, and once more if the server has closed the connection of an earlier request."""
        import httpx

        kept, self._kept = self._kept, True
        try:
            return await client.send(request, stream=True)
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            if not kept or isinstance(error, httpx.ConnectError):
                raise
            return await client.send(request, stream=True)

    def _follow(self, url: str, location: str, path: str) -> str:
        there, same = moved(url, location)
        if not same:
            base = shown(there).rstrip("/").removesuffix(f"/{path}")
            raise ServerError(
                f"{self.where} sends requests on to {shown(there)[:200]}, another server",
                f"if that is right, set {self.known.setting} to {base[:200]}",
            )
        return there


class _Form(TypedDict, total=False):
    """What httpx calls the parts of a form."""

    data: dict[str, str]
    files: dict[str, tuple[str, bytes, str]]


def _form(upload: Upload) -> _Form:
    return {"data": dict(upload.fields), "files": {"file": (upload.name, upload.data, upload.kind)}}


@contextmanager
def _faults(known: Known, proxy: str) -> Iterator[None]:
    """Turn httpx's exceptions into a ServerError of one line.

    `proxy`: the variable that names the proxy in between.
    """
    import httpx

    where = known.where
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        if proxy:
            found = f"{where} cannot be reached through the proxy of the environment variable {proxy}"
            raise ServerError(
                found, f"correct {proxy} or unset it, or list the server in NO_PROXY"
            ) from error
        found, remedy = f"no server answers at {where}", f"start it, or {known.instead}"
        raise ServerError(found, remedy, passes=True) from error
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        raise BrokenOffError(
            f"{where} broke off the connection", "look at its log, then ask again", passes=True
        ) from error
    except httpx.DecodingError as error:
        raise ServerError(
            f"{where} sends an answer whose compression is damaged", "switch compression off there"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServerError(f"{where}: {error}", f"check {known.setting}") from error
