"""The page at `/`: a talk in a browser. Its files are in `browser/`; none of them is made by a program.

They are the same for everybody, so they need no token; what they ask of the server does.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

KINDS: Mapping[str, str] = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "link.js": "text/javascript",
    "capture.js": "text/javascript",
    "play.js": "text/javascript",
    "resample.js": "text/javascript",
}

HEADERS: Mapping[str, str] = {
    # Only what this server serves is run, shown or connected to, and no other page may frame this one.
    "Content-Security-Policy": (
        "default-src 'self'; img-src data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
    "Cache-Control": "no-cache",
}


def paths() -> list[str]:
    """The paths that need no token."""
    return ["/", *(f"/{name}" for name in KINDS if name != "index.html")]


def add_to(app: web.Application) -> None:
    """Add the routes."""
    for path in paths():
        app.router.add_get(path, _handler(path.removeprefix("/") or "index.html"))


def _handler(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = files("voicecli.serve").joinpath("browser", name).read_bytes()

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=KINDS[name], charset="utf-8", headers=HEADERS)

    return give
