"""Models on the disk: name -> files that were compared with their published hashes. Opens no connection.

Layout: one folder a model under the root, holding its files, `.verified.json` (what each file looked like
when its hash was last found right) and, for models that are not in the manifest, `.model.json` (what was
published when they were fetched).

The store gives no file of a model before it has compared its hash with the published one. To hash 145 MB at
each start would be slow. So after the first time a file counts as unchanged if its size and its time of
change are those in `.verified.json`. Files of the user's own have no published hash; `choice` gives them as
they are.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from voicecli.errors import ModelError
from voicecli.models.manifest import Model, folder_name, hub_name, is_voice_name, load_manifest
from voicecli.models.suited import SCRATCH
from voicecli.system.folders import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicecli.models.manifest import ModelFile

State = Literal["here", "incomplete", "absent"]

LIST_COMMAND = 'run "voicecli models list"'
"""What an error about a wrong name tells the user to do."""

_STAMPS = ".verified.json"
_RECORD = ".model.json"


class _Stamp(BaseModel):
    """What a file looked like when its hash was last found right."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: str
    bytes: int
    mtime_ns: int


_STAMP_FILE = TypeAdapter(dict[str, _Stamp])


def models_root(override: Path | None = None) -> Path:
    """Where models lie: `override`, VOICECLI_MODELS, `models/` of a checkout, or the user's data folder."""
    if override is not None:
        return override
    if named := os.environ.get("VOICECLI_MODELS"):
        return Path(os.path.expanduser(named))  # noqa: PTH111  # Path raises for an unknown user
    above = Path(__file__).resolve().parents[2]
    if _is_checkout(above):
        return above / "models"
    return data_folder() / "models"


def _is_checkout(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file, or that of another project
        return False
    return bool(project.get("project", {}).get("name") == "voicecli")


def pull_command(name: str) -> str:
    """What an error about an absent or damaged model tells the user to do."""
    return f'run "voicecli models pull {name}"'


class ModelStore:
    """The models under one root folder."""

    def __init__(self, root: Path, manifest: Mapping[str, Model] | None = None) -> None:
        """`manifest`: another one, for tests."""
        self.root = root.absolute()
        self.manifest = load_manifest() if manifest is None else manifest

    def folder(self, name: str) -> Path:
        """The folder of a model, every file of it checked.

        Raises ModelError: no such model, not on the disk, or a file is not the published one.
        """
        model = self.model(name)
        if self.state(model) == "absent":
            raise self._absent(name, pull_command(name))
        folder = self.path(name)
        for file, fault in self.faults(model):
            raise ModelError(f"{folder / file.name} {fault}", pull_command(name))
        return folder

    def file(self, name: str, suffix: str) -> Path:
        """The file of a model whose name ends in `suffix`, the whole model checked.

        Raises ModelError: as `folder`.
        """
        folder = self.folder(name)
        for file in self.model(name).files:
            if file.name.endswith(suffix):
                return folder / file.name
        raise ModelError(f"model '{name}' has no *{suffix}", LIST_COMMAND)

    def models(self) -> list[Model]:
        """All of the manifest, then what else was fetched."""
        others = [self.model(name) for name in self._recorded()]
        return [*self.manifest.values(), *others]

    def model(self, name: str) -> Model:
        """A model of the manifest, or one fetched by its hub name or voice name.

        Raises ModelError: no such model (the error tells the nearest name), or not on the disk.
        """
        if name in self.manifest:
            return self.manifest[name]
        if (recorded := self.recorded(name)) is not None:
            return recorded
        if hub_name(name) or is_voice_name(name):
            raise self._absent(name, pull_command(name))
        near = get_close_matches(name, [model.name for model in self.models()], n=1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise ModelError(f"there is no model '{name}'{hint}", LIST_COMMAND)

    def state(self, model: Model) -> State:
        """Whether the model's files are on the disk and have the right sizes. Quick: reads none of them."""
        files = [self.path(model.name) / file.name for file in model.files]
        present = [path for path in files if os.path.isfile(path)]  # noqa: PTH113  # Path raises for a bad root
        if not present:
            return "absent"
        sizes = [path.stat().st_size for path in present]
        return "here" if sizes == [file.bytes for file in model.files] else "incomplete"

    def path(self, name: str) -> Path:
        """The folder a model has or would have.

        Raises ModelError: no model can have that name.
        """
        folder = folder_name(name)
        if folder is None:
            raise ModelError(f"'{name}' cannot be the name of a model", LIST_COMMAND)
        return self.root / folder

    def faults(self, model: Model, *, rehash: bool = False) -> list[tuple[ModelFile, str]]:
        """The files that are not the published ones, and what is wrong with each.

        Does not read files again whose size and time of change are those in their stamp, unless `rehash`.

        Raises ModelError: a file cannot be read.
        """
        folder = self.path(model.name)
        old = self._stamps(folder)
        new: dict[str, _Stamp] = {}
        found: list[tuple[ModelFile, str]] = []
        for file in model.files:
            path = folder / file.name
            try:
                stamp = _stamp(file, path)
                fault = None if old.get(file.name) == stamp and not rehash else file.fault(path)
            except FileNotFoundError:
                found.append((file, "is missing"))
                continue
            except OSError as error:
                raise ModelError(
                    f"'{path}' cannot be read: {error.strerror}",
                    "check its permissions, or choose another folder with --models-dir or VOICECLI_MODELS",
                ) from error
            if fault is None:
                new[file.name] = stamp
            else:
                found.append((file, fault))
        if new != old:
            self._write_stamps(folder, new)
        return found

    def accept(self, model: Model, file: ModelFile, part: Path) -> None:
        """Move `part`, whose hash was just compared, to its place in the model's folder, and write its stamp.

        Raises OSError: the folder cannot be written.
        """
        path = self.path(model.name) / file.name
        part.replace(path)
        self._write_stamps(path.parent, self._stamps(path.parent) | {file.name: _stamp(file, path)})

    def record(self, model: Model) -> None:
        """Remember a model that is not in the manifest, whose files were just compared.

        So it can be checked without the hub, and by SHA-256. Raises OSError: the folder cannot be written.
        """
        folder = self.path(model.name)
        files = tuple(file.with_sha256(folder / file.name) for file in model.files)
        known = model.model_copy(update={"files": files})
        _write_whole(folder / _RECORD, known.model_dump_json(indent=1, exclude_defaults=True))
        self._write_stamps(folder, {file.name: _stamp(file, folder / file.name) for file in files})

    def recorded(self, name: str) -> Model | None:
        """What `record` remembered, None if there is none or it cannot be read."""
        folder = folder_name(name)
        if folder is None:
            return None
        return self._read_record(self.root / folder)

    def remove(self, name: str) -> int:
        """Delete a model's files, and what an unfinished pull left; what else lies in its folder stays.

        Gives the bytes freed.

        Raises ModelError: no such model, not on the disk, outside of the root, or not permitted.
        """
        model = self.model(name)
        folder = self.path(name)
        if folder.resolve().parent != self.root.resolve():
            raise ModelError(f"'{folder}' leads out of '{self.root}'", "remove that link yourself")
        scratch = folder / SCRATCH
        if self.state(model) == "absent" and not scratch.is_dir():
            raise self._absent(name, LIST_COMMAND)
        freed = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
        try:
            if scratch.is_dir():
                shutil.rmtree(scratch)
            for file in (*(file.name for file in model.files), _STAMPS, _RECORD):
                path = folder / file
                if path.exists():
                    freed += path.stat().st_size
                    path.unlink()
            if not any(folder.iterdir()):
                folder.rmdir()
        except OSError as error:
            raise ModelError(
                f"'{folder}' cannot be removed: {error.strerror}", "check its permissions"
            ) from error
        return freed

    def _absent(self, name: str, remedy: str) -> ModelError:
        return ModelError(f"model '{name}' is not here, in '{self.root}'", remedy)

    def _recorded(self) -> Sequence[str]:
        try:
            found = sorted(self.root.glob(f"*/{_RECORD}"))
        except OSError:  # there is no folder, or no disk can have such a name
            return []
        records = (self._read_record(path.parent) for path in found)
        return [model.name for model in records if model is not None and model.name not in self.manifest]

    def _read_record(self, folder: Path) -> Model | None:
        try:
            model = Model.model_validate_json((folder / _RECORD).read_bytes())
        except (OSError, ValidationError):  # none, or spoilt: a pull writes it anew
            return None
        return model if folder_name(model.name) == folder.name else None

    def _stamps(self, folder: Path) -> dict[str, _Stamp]:
        try:
            return _STAMP_FILE.validate_json((folder / _STAMPS).read_bytes())
        except (OSError, ValidationError):  # none, or spoilt: the files are hashed again
            return {}

    def _write_stamps(self, folder: Path, stamps: dict[str, _Stamp]) -> None:
        # In a folder one may only read, each start hashes again: slower, and just as safe.
        with contextlib.suppress(OSError):
            _write_whole(folder / _STAMPS, _STAMP_FILE.dump_json(stamps).decode())


def _stamp(file: ModelFile, path: Path) -> _Stamp:
    stat = path.stat()
    return _Stamp(digest=file.digest, bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)


def _write_whole(path: Path, text: str) -> None:
    """Write so that a reader finds the old text or the new, never half of one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
