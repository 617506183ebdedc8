"""A GGUF file -> llama.cpp, which no other program can reach. The only file that imports `xllamacpp`.

Why this library, what is shut off in it, and what was measured: docs/decisions/0004-embedded-engine.md.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from voicecli.errors import EngineError, ModelError
from voicecli.system.posix import usable_cores
from voicecli.system.priority import step_back
from voicecli.turn import chatml

if TYPE_CHECKING:
    import xllamacpp

    from voicecli.config import GenerateConfig

BATCH_TOKENS = 64
"""Prompt tokens evaluated at a time. A cancelled call ends after its batch (SmolLM2-135M: 0.14 s).
Batches of 512 would be 8 % faster, but slower to cancel."""

REUSE_TOKENS = 64
"""Shortest run of evaluated tokens that llama.cpp moves in its cache, instead of evaluating it again: a turn
or two."""

LONGEST_SOCKET_PATH = 100
"""Bytes. `sockaddr_un.sun_path` holds 108 on Linux, 104 on macOS."""


class Gguf:
    """A GGUF with a slot for each of `talks`. It is loaded when the first talk needs it."""

    def __init__(self, config: GenerateConfig, gguf: Path, talks: int = 1) -> None:
        """Raise ModelError if there is no such file."""
        if not gguf.is_file():
            raise ModelError(f"there is no language model at {gguf}", 'run "voicecli models pull"')
        self.path = gguf
        self.is_chatml = chatml.is_template_of(gguf)
        self.config = config
        self._talks = talks
        self._free = list(range(talks))
        self._loading = threading.Lock()
        self._server: xllamacpp.Server | None = None

    def enter(self) -> int:
        """Give a free slot to a talk, until `leave`. Raises EngineError where none is free."""
        with self._loading:
            if not self._free:
                raise EngineError(
                    f"the language model has room for {self._talks} talks, and all are taken", "end one"
                )
            return self._free.pop(0)

    def leave(self, slot: int) -> None:
        """Take the slot back: its talk is over."""
        with self._loading:
            self._free.append(slot)

    @property
    def loaded(self) -> xllamacpp.Server | None:
        """Llama.cpp with the model; None before the first talk needed it."""
        return self._server

    def server(self) -> xllamacpp.Server:
        """Give llama.cpp with the model, which this loads the first time. Raises ModelError, EngineError."""
        with self._loading:
            if self._server is None:
                self._server = _load(self.path, self.config, self._talks)
            return self._server


def _load(gguf: Path, config: GenerateConfig, talks: int) -> xllamacpp.Server:
    """Load the file. Raises ModelError if it is no usable GGUF, EngineError without a temporary folder."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    # Half the cores: the threads wait for each other after every operation. While other engines run on the
    # same cores, more threads cost more waiting than they save. No thread spins while it waits.
    threads = config.threads or max(1, usable_cores() // 2)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    # Read the file, do not map it: llama.cpp reorders weights for the processor, and would keep both copies.
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.n_parallel = talks
    params.n_ctx = config.context_tokens * talks  # shared out evenly
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    # When a prompt loses its oldest turns, llama.cpp moves the later ones up in its cache, instead of
    # evaluating them again. They were evaluated after the old turns, so a trace of those remains.
    params.n_cache_reuse = REUSE_TOKENS
    params.cache_ram_mib = 0  # a slot has one talk: there is no other prompt to come back to
    params.fit_params = False  # it loads the file twice to ask how much fits
    params.warmup = False  # `warm` does it with the words that matter
    params.verbosity = -1  # it would print into the live view
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
    params.api_keys = [secrets.token_hex(32)]
    params.cors_origins = ""
    with _temporary_folder() as folder:
        # The library always listens for HTTP. It gets a socket in a private folder (0700) that is removed as
        # soon as the socket is bound, so that nobody can reach it. Windows has no such sockets: there the API
        # key alone keeps others out.
        if hasattr(socket, "AF_UNIX"):
            path = str(Path(folder) / "llm.sock")
            if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
                raise EngineError(
                    f"the folder for temporary files has too long a name: {tempfile.gettempdir()}",
                    "set TMPDIR to a shorter one",
                )
            params.hostnames = [path]
        try:
            with ThreadPoolExecutor(1, initializer=step_back) as starter:
                return starter.submit(xllamacpp.Server, params).result()
        except RuntimeError as error:
            raise ModelError(
                f"{gguf} cannot be loaded as a language model", 'run "voicecli models verify"'
            ) from error


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="voicecli-")
    except OSError as error:
        raise EngineError(
            f"no folder for temporary files can be written: {error.strerror}", "name one with TMPDIR"
        ) from error
