"""Model files from the hub (Hugging Face). Model, or a name on the hub -> files as streams of bytes."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from voicecli.errors import ConfigError, ModelError
from voicecli.models.manifest import (
    VOICES_REPO,
    VOICES_REVISION,
    HubName,
    HubPlace,
    Model,
    ModelFile,
    hub_name,
)
from voicecli.models.sources import SourceError, without
from voicecli.network.proxies import check_proxies, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from voicecli.models.sources import Wanted

_ANSWER_S = 3.0
"""s of silence after which the hub is skipped for the rest of the run."""

_SILENCE_S = 10.0
"""s: longest wait for the next bytes of a transfer that has begun."""

_LONGEST_LIST = 1 << 24
"""Most bytes of the list of voices, which has 0.3 MB."""

_NOT_UNDERSTOOD = (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)
"""What the client library and this file raise for answers that are no JSON, or JSON of another form."""


class _VoiceFile(BaseModel):
    size_bytes: int
    md5_digest: str


class _HubVoice(BaseModel):
    """An entry of Piper's voices.json, without the fields that are not used here."""

    files: dict[str, _VoiceFile]


class HubSource:
    """The hub, through `huggingface_hub`; HF_ENDPOINT, HF_HUB_OFFLINE and HF_TOKEN work as there."""

    name = "the hub"

    def __init__(self, endpoint: str | None = None, answer_s: float = _ANSWER_S) -> None:
        """`endpoint` None: the user's own. Another one, and a shorter patience, are for tests."""
        self._endpoint = endpoint
        self._answer_s = answer_s
        self._probed = False
        self._problem: str | None = None

    def problem(self) -> str | None:
        """Why the hub cannot be used in this run, None if it answers. Only the first call sends a request."""
        if not self._probed:
            self._probed = True
            self._problem = self._probe()
        return self._problem

    def fetch(
        self,
        model: Model,
        wanted: Sequence[Wanted],
        scratch: Path,  # not used: no temporary files
        ahead: Callable[[int], None],
    ) -> Generator[tuple[ModelFile, Iterator[bytes]]]:
        """Do what `Source.fetch` says; bytes come straight from the connection."""
        if model.hf is None:
            raise SourceError("the hub has no copy")
        self._demand_answer()
        for file, start in wanted:
            path = f"{model.hf.folder}/{file.name}" if model.hf.folder else file.name
            yield file, self._stream(model.hf.repo, path, model.hf.revision, start)

    def look_up(self, name: str) -> Model:
        """What the hub publishes for `owner/repo`, `owner/repo/file.gguf` or a Piper voice name.

        Raises SourceError: the hub does not answer, or has nothing of that name.
        Raises ModelError: what it has is not a model this program can use.
        """
        wanted = hub_name(name)
        try:
            return self._look_up_voice(name) if wanted is None else self._look_up_repo(name, wanted)
        except _NOT_UNDERSTOOD as error:
            raise SourceError(f"what the hub says of '{name}' cannot be understood") from error

    def _probe(self) -> str | None:
        from huggingface_hub import constants
        from huggingface_hub.errors import OfflineModeIsEnabled
        from huggingface_hub.utils import get_session  # type: ignore[attr-defined]

        try:
            check_proxies()
        except ConfigError as error:
            return error.found
        outcome: queue.SimpleQueue[str | None] = queue.SimpleQueue()

        def ask() -> None:
            try:
                get_session().head(self._endpoint or constants.ENDPOINT, timeout=_SILENCE_S)
            except OfflineModeIsEnabled:
                outcome.put("the hub is switched off by HF_HUB_OFFLINE")
            except Exception:  # noqa: BLE001  # the thread that waits gets it as text
                proxy = proxy_for(self._endpoint or constants.ENDPOINT)
                through = f" through the proxy of the environment variable {proxy}" if proxy else ""
                outcome.put(f"the hub cannot be reached{through}")
            else:
                outcome.put(None)

        # In a thread of its own, because the client's timeout does not cover looking up a host name.
        threading.Thread(target=ask, name="hub-probe", daemon=True).start()
        try:
            return outcome.get(timeout=self._answer_s)
        except queue.Empty:
            return f"the hub did not answer within {self._answer_s:g} s"

    def _stream(self, repo: str, path: str, revision: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of one file. If a connection breaks, open another, unless it has brought no byte."""
        from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

        done = start
        while True:
            begun_at = done
            try:
                for chunk in self._get(repo, path, revision, done):
                    done += len(chunk)
                    yield chunk
            except HfHubHTTPError as error:
                raise SourceError(f"the hub refused {repo}/{path} ({error.response.status_code})") from error
            except (HTTPError, OSError) as error:
                if done == begun_at:
                    self._problem = "the connection to the hub broke"
                    raise SourceError(self._problem) from error
            else:
                return

    def _get(self, repo: str, path: str, revision: str, start: int) -> Iterator[bytes]:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            build_hf_headers,
            get_session,
            hf_raise_for_status,
        )

        url = hf_hub_url(repo, path, revision=revision, endpoint=self._endpoint)
        # Ask for uncompressed bytes: a range of a compressed answer would not be that range of the file.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with get_session().stream("GET", url, headers=headers, timeout=_SILENCE_S) as response:
            hf_raise_for_status(response)
            skip = start if response.status_code != 206 else 0  # a server without ranges sends the whole file
            # In pieces as they come, so nothing is lost where the connection breaks.
            yield from without(skip, response.iter_bytes())

    def _demand_answer(self) -> None:
        if problem := self.problem():
            raise SourceError(problem)

    def _look_up_repo(self, name: str, wanted: HubName) -> Model:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

        self._demand_answer()
        try:
            info = HfApi(endpoint=self._endpoint).model_info(
                wanted.repo, files_metadata=True, timeout=_SILENCE_S
            )
        except HfHubHTTPError as error:
            raise SourceError(f"the hub shows no '{wanted.repo}' ({error.response.status_code})") from error
        except (HTTPError, OSError) as error:
            raise SourceError("the connection to the hub broke") from error
        folder, slash, gguf = (wanted.file or "").rpartition("/")
        files = []
        for entry in info.siblings or ():
            if _is_wanted(entry.rfilename, wanted) and entry.size:
                # Large files are published with their SHA-256, small ones as git blobs.
                large = entry.lfs.sha256 if entry.lfs else None
                files.append(
                    ModelFile(
                        name=entry.rfilename.removeprefix(folder + slash),
                        bytes=entry.size,
                        sha256=large,
                        git=None if large else entry.blob_id,
                    )
                )
        present = {file.name for file in files}
        needed = {gguf} if gguf else {"model.bin", "config.json", "tokenizer.json"}
        if not needed <= present:
            what = (
                "name one of its files as owner/repo/file.gguf"
                if not gguf
                else "copy the name of a file from its page"
            )
            raise ModelError(f"'{wanted.repo}' on the hub has no {min(needed - present)}", what)
        return Model(
            name=name,
            kind="llm" if gguf else "whisper",
            about=f"{wanted.repo} on the hub",
            licence=str(info.card_data.license)
            if info.card_data and info.card_data.license
            else "see its page",
            hf=HubPlace(repo=wanted.repo, revision=info.sha or "main", folder=folder),
            files=tuple(files),
        )

    def _look_up_voice(self, name: str) -> Model:
        self._demand_answer()
        text = self._list_of_voices()
        try:
            voice = TypeAdapter(dict[str, _HubVoice]).validate_json(text).get(name)
        except ValidationError as error:
            raise SourceError("the list of voices on the hub cannot be read") from error
        if voice is None:
            raise ModelError(f"Piper has no voice '{name}'", "copy a name from its list of voices")
        paths = {path: entry for path, entry in voice.files.items() if path.endswith((".onnx", ".onnx.json"))}
        large = self._large_files(paths)
        return Model(
            name=name,
            kind="voice",
            about="Piper voice",
            licence="see its model card",
            hf=HubPlace(repo=VOICES_REPO, revision=VOICES_REVISION, folder=min(paths).rpartition("/")[0]),
            files=tuple(
                ModelFile(
                    name=path.rpartition("/")[2],
                    bytes=entry.size_bytes,
                    sha256=large.get(path),
                    md5=entry.md5_digest,
                )
                for path, entry in paths.items()
            ),
        )

    def _list_of_voices(self) -> bytes:
        text = b""
        for chunk in self._stream(VOICES_REPO, "voices.json", VOICES_REVISION):
            text += chunk
            if len(text) > _LONGEST_LIST:
                raise SourceError("the list of voices on the hub is too long")
        return text

    def _large_files(self, paths: Iterable[str]) -> dict[str, str]:
        """SHA-256 of those files of Piper's voices for which the hub publishes it; a mirror may not."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]
        from huggingface_hub.hf_api import RepoFile

        try:
            found = HfApi(endpoint=self._endpoint).get_paths_info(
                VOICES_REPO, [*paths], revision=VOICES_REVISION
            )
        except HfHubHTTPError:
            return {}
        except (HTTPError, OSError) as error:
            raise SourceError("the connection to the hub broke") from error
        return {each.path: each.lfs.sha256 for each in found if isinstance(each, RepoFile) and each.lfs}


def _is_wanted(path: str, wanted: HubName) -> bool:
    if wanted.file:
        return path == wanted.file
    # preprocessor_config.json tells faster-whisper how many mel bands the larger models take.
    whisper = (
        "model.bin",
        "config.json",
        "tokenizer.json",
        "preprocessor_config.json",
        "vocabulary.txt",
        "vocabulary.json",
    )
    return path in whisper
