"""What a model is: its name, its files, their sizes and hashes, and where they come from."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from hashlib import _Hash
    from pathlib import Path

Kind = Literal["whisper", "moonshine", "voice", "llm", "vad", "turn"]

_PART = r"\w[\w.+-]*"
_MODEL_NAME = re.compile(rf"{_PART}")
_HUB_NAME = re.compile(rf"(?P<repo>{_PART}/{_PART})(?:[/:](?P<file>(?:{_PART}/)*{_PART}\.gguf))?")
_VOICE_NAME = re.compile(r"[a-z]{2,3}_[A-Z]{2}-\w+-(?:x_low|low|medium|high)")

VOICES_REPO = "rhasspy/piper-voices"
VOICES_REVISION = "v1.0.0"

_CHUNK_BYTES = 1 << 20

FileName = Annotated[str, Field(pattern=rf"^{_PART}$")]
"""A plain name: no folder, no leading dot, so it cannot leave the folder of its model."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HubPlace(_Frozen):
    """Where the files of a model lie on the hub."""

    repo: Annotated[str, Field(pattern=rf"^{_PART}/{_PART}$")]
    revision: str
    """A commit; or a tag, if the hashes of the files already fix their content."""
    folder: str = ""
    """Folder inside the repository, empty for its top."""


class Hashes:
    """Several hashes of the same bytes."""

    def __init__(self, fresh: Sequence[_Hash]) -> None:
        self._each = fresh

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        for each in self._each:
            each.update(chunk)

    def hexdigest(self) -> str:
        """All of them in one text, as in `ModelFile.digest`."""
        return "+".join(each.hexdigest() for each in self._each)


class ModelFile(_Frozen):
    """One file, with its hashes. All that are known are compared.

    Published are `sha256` for files of the manifest and large files on the hub, `md5` for voices of Piper's
    list, `git` (SHA-1 of a git blob) for small files on the hub. Where no SHA-256 is published, the store
    computes it when the file has come, so that later changes of the file are found by it.
    """

    name: FileName
    bytes: Annotated[int, Field(gt=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    git: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    parts: tuple[str, ...] = ()
    """Files inside the model's wheels (Python packages) that, joined in this order, are this file."""
    part_bytes: Annotated[int, Field(ge=0)] = 0
    """Size of each part but the last, which has the rest; 0: not known. If it is known, wheel i holds part
    i."""
    part_sha256: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """Hash of each part, where `part_bytes` is known."""

    @model_validator(mode="after")
    def _a_hash(self) -> Self:
        if not self.digest:
            raise ValueError(f"{self.name}: wants at least one of sha256, md5, git")
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.part_bytes and -(-self.bytes // self.part_bytes) != len(self.parts):
            raise ValueError(f"{self.name}: {len(self.parts)} parts do not make {self.bytes} bytes")
        if self.part_sha256 and len(self.part_sha256) != len(self.parts) * bool(self.part_bytes):
            raise ValueError(f"{self.name}: wants a hash for each part, and their size")
        return self

    @property
    def digest(self) -> str:
        """All hashes that are known, hexadecimal, in one text."""
        return "+".join(filter(None, (self.sha256, self.md5, self.git)))

    def hasher(self) -> Hashes:
        """Fresh hashes of the kinds that are known, ready for the bytes of the file."""
        fresh = []
        if self.sha256 is not None:
            fresh.append(hashlib.sha256())
        if self.md5 is not None:
            fresh.append(hashlib.md5(usedforsecurity=False))
        if self.git is not None:
            # A git blob hashes its length first: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
            fresh.append(hashlib.sha1(b"blob %d\0" % self.bytes, usedforsecurity=False))
        return Hashes(fresh)

    def with_sha256(self, path: Path) -> ModelFile:
        """The same file with the SHA-256 of the bytes at `path`, where none is known. Raises OSError."""
        if self.sha256 is not None:
            return self
        with path.open("rb") as stream:
            return self.model_copy(update={"sha256": hashlib.file_digest(stream, "sha256").hexdigest()})

    def fault(self, path: Path) -> str | None:
        """What is wrong with the bytes at `path`, None if they are the published ones. Reads the whole file.

        Raises OSError: the file cannot be read.
        """
        size = path.stat().st_size
        if size != self.bytes:
            return f"has {size:,} bytes instead of {self.bytes:,}"
        with path.open("rb") as stream:
            hashes = self.hasher()
            while chunk := stream.read(_CHUNK_BYTES):
                hashes.update(chunk)
        return None if hashes.hexdigest() == self.digest else "does not have the published hash"


class Model(_Frozen):
    """A model that can be fetched: all that is known about it before that."""

    name: str
    kind: Kind
    about: str
    licence: str
    hf: HubPlace | None = None
    wheels: tuple[str, ...] = ()
    """Requirements for pip: the packages that hold `parts`, with exact versions."""
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _a_wheel_for_each_part(self) -> Self:
        sized = [file for file in self.files if file.part_bytes]
        if sized and [len(file.parts) for file in self.files] != [len(self.wheels)]:
            raise ValueError(f"{self.name}: parts of a known size want one file, and a wheel each")
        return self

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)


class HubName(_Frozen):
    """The parts of a name: `owner/repo`, `owner/repo/file.gguf` or `owner/repo:file.gguf`."""

    repo: str
    file: str | None


def load_manifest() -> dict[str, Model]:
    """The models that ship with the program, by name."""
    text = resources.files("voicecli.models").joinpath("manifest.toml").read_text(encoding="utf-8")
    tables = {name: {"name": name, **table} for name, table in tomllib.loads(text).items()}
    return TypeAdapter(dict[str, Model]).validate_python(tables)


def hub_name(text: str) -> HubName | None:
    """A repository (or one GGUF in it) on the hub, None if `text` does not read as one."""
    match = _HUB_NAME.fullmatch(text)
    return HubName(repo=match["repo"], file=match["file"]) if match else None


def is_voice_name(text: str) -> bool:
    """Whether `text` reads as a voice of Piper's list: `en_GB-alan-medium`."""
    return _VOICE_NAME.fullmatch(text) is not None


def folder_name(model: str) -> str | None:
    """The one folder a model of this name lies in, None if no model can have that name.

    `owner/repo` becomes `owner--repo`; the hub allows no `--` in its names, so no two models share a folder.
    """
    if hub_name(model):
        return model.replace("/", "--").replace(":", "--")
    return model if _MODEL_NAME.fullmatch(model) else None
