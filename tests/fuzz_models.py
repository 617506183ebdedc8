"""Models, for `fuzz_table`: what the hub says of them, their records, packages and files."""

from __future__ import annotations

import json
import os
import zipfile
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import ClassVar

from tests.fuzzing import Parser
from tests.model_fakes import model_file, small_manifest, write_wheel
from voicecli.config import SynthesizeConfig
from voicecli.errors import ModelError
from voicecli.listen.recognise.moonshine import read_tokens
from voicecli.listen.whisper.whisper import languages_of
from voicecli.models.hub import HubSource
from voicecli.models.intake import Intake, Tally
from voicecli.models.manifest import Model
from voicecli.models.sources import Wanted
from voicecli.models.store import ModelStore
from voicecli.models.wheels import WheelSource
from voicecli.speak.halves import halves
from voicecli.speak.synthesize import Piper
from voicecli.speak.voices import language_of
from voicecli.turn.chatml import is_template_of


def _a_model() -> Model:
    made = small_manifest()["voice-en-us-joe"]
    return made.model_copy(update={"name": "en_US-joe-medium"})


def _record(data: bytes, folder: Path) -> None:
    place = folder / "models" / "en_US-joe-medium"
    place.mkdir(parents=True, exist_ok=True)
    for name in (".model.json", ".verified.json"):
        (place / name).write_bytes(data)
    (place / "joe.onnx").write_bytes(b"voice" * 9)
    (place / "joe.onnx.json").write_bytes(b"{}")
    store = ModelStore(folder / "models", {})
    for model in store.models():
        assert store.path(model.name).parent == store.root
        assert all((store.path(model.name) / file.name).parent.parent == store.root for file in model.files)
        store.state(model)
        store.faults(model, rehash=True)


class _Pages(BaseHTTPRequestHandler):
    """Answers every question to a hub with `page`; if that is two pages, POST is answered with the second."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the head and the body in one packet
    page: ClassVar[bytes] = b""

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(self._pages()[0])

    def do_POST(self) -> None:
        self._answer(self._pages()[1])

    def _pages(self) -> list[bytes]:
        try:
            found = json.loads(self.page)
        except (ValueError, RecursionError):
            return [self.page] * 2
        both = isinstance(found, list) and len(found) == 2
        return [json.dumps(page).encode() for page in found] if both else [self.page] * 2

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
        pass


@cache
def _hub() -> HubSource:
    os.environ["NO_PROXY"] = "127.0.0.1"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    return HubSource(f"http://127.0.0.1:{server.server_port}", answer_s=10)


def _look_up(name: str, data: bytes) -> None:
    _Pages.page = data
    found = _hub().look_up(name)
    assert all("/" not in file.name and not file.name.startswith(".") for file in found.files)


def _pages() -> list[bytes]:
    small = {"size": 3, "blobId": "3" * 40}
    large = {"size": 9, "blobId": "1" * 40, "lfs": {"sha256": "2" * 64, "size": 9, "pointerSize": 1}}
    names = {"model.bin": large, "config.json": small, "tokenizer.json": small, "vocabulary.json": small}
    siblings = [{"rfilename": name, **told} for name, told in names.items()]
    page = {"id": "owner/repo", "sha": "f" * 40, "siblings": siblings, "cardData": {"license": "mit"}}
    return [json.dumps(page).encode()]


def _voice_lists() -> list[bytes]:
    entry = {"size_bytes": 5, "md5_digest": "4" * 32}
    files = {f"en/en_GB/alan/medium/en_GB-alan-medium.{end}": entry for end in ("onnx", "onnx.json")}
    large = {
        "type": "file",
        "path": min(files),
        "size": 5,
        "oid": "1" * 40,
        "lfs": {"oid": "2" * 64, "size": 5, "pointerSize": 1},
    }
    return [json.dumps([{"en_GB-alan-medium": {"key": "ignored", "files": files}}, [large]]).encode()]


class Nobody:
    """Is told how far a pull is."""

    def say(self, line: str) -> None:
        """Do nothing."""

    def begin(self, what: str, total: int, done: int) -> None:
        """Do nothing."""

    def at(self, done: int) -> None:
        """Do nothing."""


_INSIDE = bytes(range(256)) * 64


def _packages() -> list[bytes]:
    with TemporaryDirectory() as folder:
        return [write_wheel(Path(folder), "small", {"small/data": _INSIDE}).read_bytes()]


def _package(data: bytes, folder: Path) -> None:
    """A package that is complete already, so that nobody asks pip for it."""
    wheel = folder / "scratch" / "wheels" / "small==1" / "small-1-py3-none-any.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    wheel.write_bytes(data)
    if not zipfile.is_zipfile(wheel):
        return
    file = model_file("data.bin", _INSIDE, ("small/data",))
    model = Model(name="small", kind="vad", about="", licence="", wheels=("small==1",), files=(file,))
    part = folder / "scratch" / "data.bin.part"
    part.unlink(missing_ok=True)
    intake, tally = Intake(file, part), Tally(Nobody(), file.bytes, 0)
    for _, chunks in WheelSource().fetch(model, [Wanted(file, 0)], folder / "scratch", lambda _: None):
        intake.take(chunks, "the index", tally)
    assert part.read_bytes() == _INSIDE


# ---- files of a model


def _onnx() -> bytes:
    """The smallest model that ONNX Runtime loads: it gives what it gets."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    def value(name: bytes) -> bytes:
        dimension = field(1, field(1, field(2, field(1, b"\x08\x01"))))
        return field(1, name) + field(2, field(1, b"\x08\x01" + field(2, dimension[2:])))

    node = field(1, b"a") + field(2, b"b") + field(3, b"n") + field(4, b"Identity")
    graph = field(1, node) + field(2, b"g") + field(11, value(b"a")) + field(12, value(b"b"))
    return b"\x08\x08" + field(7, graph) + field(8, b"\x0a\x00\x10\x0d")


def _voice_settings() -> list[bytes]:
    settings = {
        "audio": {"sample_rate": 22050, "quality": "medium"},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2], "a": [3]},
        "num_symbols": 256,
        "num_speakers": 1,
        "speaker_id_map": {},
    }
    return [json.dumps(settings).encode()]


def _voice(data: bytes, folder: Path) -> None:
    voice = folder / "voice.onnx"
    voice.write_bytes(_onnx())
    (folder / "voice.onnx.json").write_bytes(data)
    language = language_of(voice)
    made = Piper(voice, SynthesizeConfig())
    assert (made.language, made.rate_hz > 0) == (language, True)


def _voice_model(data: bytes, folder: Path) -> None:
    voice = folder / "voice.onnx"
    voice.write_bytes(data)
    halves(voice)


def _tokens(data: bytes, folder: Path) -> None:
    (folder / "tokenizer.bin").write_bytes(data)
    read_tokens(folder / "tokenizer.bin")


def _vocabulary(data: bytes, folder: Path) -> None:
    place = folder / "whisper"
    place.mkdir(exist_ok=True)
    (place / "vocabulary.json").write_bytes(data)
    languages_of(place)


def _gguf(data: bytes, folder: Path) -> None:
    (folder / "a.gguf").write_bytes(data)
    is_template_of(folder / "a.gguf")


_JSON = (
    *(b'"name"', b'"files"', b'"sha256"', b'"bytes"', b'"../x"', b'"/etc/x"', b"1.5", b"-1"),
    *(b"{", b"}", b"[", b"]", b":", b","),
)
_ZIP = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"../", b"small/data", b"\x63\0", b"\x0c\0")

MODELS = {
    "model record": Parser(lambda: [_a_model().model_dump_json().encode()], _record, (ModelError,), _JSON),
    "model on the hub": Parser(_pages, lambda data, _: _look_up("owner/repo", data), (ModelError,), _JSON),
    "voice on the hub": Parser(
        _voice_lists, lambda data, _: _look_up("en_GB-alan-medium", data), (ModelError,), _JSON
    ),
    "package": Parser(_packages, _package, (ModelError,), _ZIP),
    "voice settings": Parser(_voice_settings, _voice, (ModelError,), _JSON),
    "voice model": Parser(lambda: [_onnx()], _voice_model, (ValueError,)),
    "moonshine tokens": Parser(lambda: [b"\x03abc\x80\x01" + b"x" * 128], _tokens, (ModelError,)),
    "whisper vocabulary": Parser(lambda: [b'["a", "b"]'], _vocabulary, (ModelError,), _JSON),
    "gguf template": Parser(lambda: [b"GGUF\3\0\0\0tokenizer.chat_template<|im_start|>"], _gguf, ()),
}
