"""Which packages only the engines of this computer need, and what to do where they are not installed.

The package `voicecli` without extras has what a talk needs whose engines are elsewhere (`talk --server`). The
extra `local` adds these.
"""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voicecli.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOCAL = (
    "av",
    "ctranslate2",
    "faster_whisper",
    "huggingface_hub",
    "num2words",
    "onnxruntime",
    "piper",
    "tokenizers",
    "xllamacpp",
)
"""Modules that the extra `local` installs."""

INSTALL = 'pip install "voicecli[local]"'


def missing(modules: Iterable[str] = LOCAL) -> list[str]:
    """Those that are not installed."""
    return [name for name in modules if not _is_here(name)]


def demand_packages(*modules: str) -> None:
    """Raise EngineError unless all of these are installed; without a name: all that engines need."""
    if absent := missing(modules or LOCAL):
        raise not_installed(absent)


@contextmanager
def told() -> Iterator[None]:
    """Raise EngineError where one of these packages is imported and is not there. Also a decorator."""
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in LOCAL:
            raise
        raise not_installed([name]) from error


def not_installed(absent: list[str]) -> EngineError:
    """The error that these are missing."""
    return EngineError(f"the engines are not installed here ({', '.join(absent)})", f"run: {INSTALL}")


def _is_here(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):
        return False
