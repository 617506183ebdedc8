"""A package index on the loopback device, as pip asks it, whose transfers break and wait when told to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class FakeIndex:
    """Wheels of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.breaks: dict[str, int] = {}
        """A wheel's file name -> how often it is broken off in the middle."""
        self.asked: list[str] = []
        """File names of the wheels that were asked for, in order."""
        self.before: Callable[[str], None] = lambda _name: None
        """Called before each wheel is sent, on a thread of its own."""
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def page(self, project: str) -> bytes:
        """Links to the wheels of a project, each with its hash."""
        links = ""
        for path in self.folder.glob(f"{project.replace('-', '_')}-*.whl"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            links += f'<a href="/wheels/{path.name}#sha256={digest}">{path.name}</a>'
        return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()

    @contextmanager
    def sending(self, name: str) -> Iterator[tuple[bytes, int]]:
        """The bytes of a wheel, and how many of them are sent."""
        with self._lock:
            self.asked.append(name)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            breaks = self.breaks.get(name, 0)
            self.breaks[name] = breaks - 1
        try:
            self.before(name)
            data = (self.folder / name).read_bytes()
            yield data, len(data) // 2 if breaks > 0 else len(data)
        finally:
            with self._lock:
                self._at_once -= 1


@contextmanager
def serving(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    """An index of the wheels in `folder`, which is the only one that pip asks."""
    index = FakeIndex(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, name = self.path.strip("/").split("/")[:2]
            if kind == "simple":
                page = index.page(name)
                self.answer(page, len(page), "text/html")
            else:
                with index.sending(name) as (data, sent):
                    self.answer(data, sent, "application/octet-stream")

        def answer(self, data: bytes, sent: int, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", kind)
            self.end_headers()
            try:
                self.wfile.write(data[:sent])
            except ConnectionError:  # whoever asked was stopped
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
            pass

    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
