"""The hub source against a hub of our own on the loopback device, through the real client library."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from huggingface_hub.utils import close_session  # type: ignore[attr-defined]

from tests.model_fakes import model_file
from tests.sentences import pattern, wording
from voicecli.errors import ModelError
from voicecli.models.hub import HubSource
from voicecli.models.manifest import HubPlace, Model
from voicecli.models.sources import SourceError, Wanted

DATA = bytes(range(256)) * 4096


class Hub(BaseHTTPRequestHandler):
    """Serves `pages`; a path in `breaks` is broken off in the middle that many times."""

    protocol_version = "HTTP/1.1"
    pages: ClassVar[dict[str, bytes]] = {}
    breaks: ClassVar[dict[str, int]] = {}
    knows_ranges: ClassVar[bool] = True
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.answer(200, b"")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(f"{path} {self.headers.get('Range', '')}".strip())
        if path not in self.pages:
            self.answer(404, b"none")
            return
        wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-")
        wanted = wanted if self.knows_ranges else "0"
        body = self.pages[path][int(wanted) :]
        if self.breaks.get(path, 0) > 0:
            self.breaks[path] -= 1
            self.answer(206 if int(wanted) else 200, body, sent=len(body) // 2)
            self.close_connection = True
            return
        self.answer(206 if int(wanted) else 200, body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, status: int, body: bytes, sent: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSource]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Hub.pages, Hub.breaks, Hub.asked, Hub.knows_ranges = {}, {}, [], True
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    close_session()
    yield HubSource(f"http://127.0.0.1:{server.server_port}", answer_s=10)
    close_session()
    server.shutdown()
    server.server_close()
    thread.join()


def model(folder: str = "") -> Model:
    place = HubPlace(repo="owner/repo", revision="abc", folder=folder)
    return Model(name="m", kind="vad", about="", licence="", hf=place, files=(model_file("x.bin", DATA),))


def fetch(hub: HubSource, model: Model, start: int = 0) -> bytes:
    wanted = [Wanted(file, start) for file in model.files]
    return b"".join(b"".join(chunks) for _, chunks in hub.fetch(model, wanted, Path(), lambda _: None))


def test_files_come_at_the_pinned_revision(hub: HubSource) -> None:
    Hub.pages = {"/owner/repo/resolve/abc/en/x.bin": DATA}
    assert fetch(hub, model("en")) == DATA


def test_a_broken_transfer_is_taken_up_where_it_broke(hub: HubSource) -> None:
    path = "/owner/repo/resolve/abc/x.bin"
    Hub.pages, Hub.breaks = {path: DATA}, {path: 2}
    assert fetch(hub, model()) == DATA
    half = len(DATA) // 2
    assert Hub.asked == [path, f"{path} bytes={half}-", f"{path} bytes={half + half // 2}-"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_file_is_fetched_from_a_byte_on(hub: HubSource, *, knows_ranges: bool) -> None:
    path = "/owner/repo/resolve/abc/x.bin"
    Hub.pages, Hub.knows_ranges = {path: DATA}, knows_ranges
    assert fetch(hub, model(), 70_000) == DATA[70_000:]
    assert Hub.asked == [f"{path} bytes=70000-"]


def test_a_refusal_is_one_line(hub: HubSource) -> None:
    with pytest.raises(SourceError, match=pattern("models.hub_refused", file="owner/repo/x.bin", code=404)):
        fetch(hub, model())
    assert hub.problem() is None  # it did answer: other files may be there


def test_a_silent_hub_is_asked_once_in_a_run() -> None:
    close_session()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = HubSource(f"http://127.0.0.1:{silent.getsockname()[1]}", answer_s=0.05)
        for _ in range(3):
            with pytest.raises(SourceError, match=pattern("models.hub_silent", seconds="0.05")):
                fetch(hub, model())
        silent.settimeout(30)
        silent.accept()[0].close()  # the one question, however late it was asked
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody else waits in line
            silent.accept()
    close_session()


def test_a_hub_that_refuses_connections() -> None:
    close_session()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound, never listening
        hub = HubSource(f"http://127.0.0.1:{bound.getsockname()[1]}", answer_s=10)
        assert hub.problem() == wording("models.hub_unreached")
    close_session()


def test_offline_is_respected(hub: HubSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert hub.problem() == wording("models.hub_offline")
    assert Hub.asked == []


def repo_page(*names: str) -> bytes:
    siblings = [
        {
            "rfilename": name,
            "size": len(DATA),
            "blobId": "1" * 40,
            "lfs": {"sha256": "2" * 64, "size": 1, "pointerSize": 1},
        }
        if name.endswith((".bin", ".gguf"))
        else {"rfilename": name, "size": 3, "blobId": "3" * 40}
        for name in names
    ]
    return json.dumps({"id": "owner/repo", "sha": "f" * 40, "siblings": siblings}).encode()


def test_look_up_a_whisper(hub: HubSource) -> None:
    names = ("model.bin", "config.json", "tokenizer.json", "vocabulary.json", "README.md", ".gitattributes")
    Hub.pages = {"/api/models/owner/repo": repo_page(*names)}
    found = hub.look_up("owner/repo")
    assert (found.kind, found.hf) == ("whisper", HubPlace(repo="owner/repo", revision="f" * 40))
    assert [file.name for file in found.files] == list(names[:4])
    assert [file.sha256 for file in found.files] == ["2" * 64, None, None, None]
    assert [file.git for file in found.files] == [None] + ["3" * 40] * 3


def test_look_up_a_gguf_in_a_folder(hub: HubSource) -> None:
    Hub.pages = {"/api/models/owner/repo": repo_page("q4/a.gguf", "q8/a.gguf")}
    found = hub.look_up("owner/repo:q4/a.gguf")
    assert found.kind == "llm"
    assert found.hf is not None
    assert found.hf.folder == "q4"
    assert [file.name for file in found.files] == ["a.gguf"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("owner/repo", "has no config.json"),
        ("owner/repo/b.gguf", "has no b.gguf"),
        ("owner/absent", "shows no 'owner/absent'"),
    ],
)
def test_look_up_what_is_not_there(hub: HubSource, name: str, why: str) -> None:
    Hub.pages = {"/api/models/owner/repo": repo_page("a.gguf")}
    with pytest.raises(ModelError, match=why):
        hub.look_up(name)


def test_look_up_a_voice(hub: HubSource) -> None:
    md5 = hashlib.md5(DATA).hexdigest()
    entry = {"size_bytes": len(DATA), "md5_digest": md5}
    place = "en/en_GB/alan/medium"
    files = {f"{place}/{name}": entry for name in ("a.onnx", "a.onnx.json", "MODEL_CARD")}
    page = json.dumps({"en_GB-alan-medium": {"key": "ignored", "files": files}}).encode()
    Hub.pages = {"/rhasspy/piper-voices/resolve/v1.0.0/voices.json": page}
    found = hub.look_up("en_GB-alan-medium")
    assert found.hf is not None
    assert found.hf.folder == place
    assert [(file.name, file.md5) for file in found.files] == [("a.onnx", md5), ("a.onnx.json", md5)]
    assert [file.sha256 for file in found.files] == [None, None]  # a mirror that does not tell more
    large = {"type": "file", "path": f"{place}/a.onnx", "size": 9, "oid": "1" * 40}
    large["lfs"] = {"oid": "2" * 64, "size": 9, "pointerSize": 1}
    Hub.pages["/api/models/rhasspy/piper-voices/paths-info/v1.0.0"] = json.dumps([large]).encode()
    found = hub.look_up("en_GB-alan-medium")
    assert [file.sha256 for file in found.files] == ["2" * 64, None]
    assert [file.md5 for file in found.files] == [md5, md5]
    with pytest.raises(ModelError, match=pattern("models.no_piper_voice", name="en_GB-nobody-low")):
        hub.look_up("en_GB-nobody-low")
