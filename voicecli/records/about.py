"""With which settings and versions a talk was held, as text without secrets."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from voicecli.config.text import effective_toml
from voicecli.records.notes import FORMAT

if TYPE_CHECKING:
    from datetime import datetime

    from voicecli.config import Config

ENGINES = (
    "faster-whisper",
    "ctranslate2",
    "piper-tts",
    "xllamacpp",
    "onnxruntime",
    "livekit",
    "soxr",
    "av",
    "numpy",
)
"""Packages whose version may change what is heard or said."""


def without_secrets(config: Config) -> Config:
    """Leave out possible secrets: the addresses' user, password and query, the keys' variables, arguments."""
    variable = type(config.generate).model_fields["api_key_env"].default
    generate = config.generate.model_copy(
        update={"base_url": _bare(config.generate.base_url), "api_key_env": variable}
    )
    heard, spoken = (
        {"command": _program(table.command), "url": _bare(table.url), "api_key_env": variable}
        for table in (config.transcribe, config.synthesize)
    )
    transcribe = config.transcribe.model_copy(update=heard)
    synthesize = config.synthesize.model_copy(update=spoken)
    return config.model_copy(
        update={"generate": generate, "transcribe": transcribe, "synthesize": synthesize}
    )


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _program(command: str) -> str:
    return next(iter(command.split()), "")


def settings_text(config: Config) -> str:
    """Every setting in force, as a settings file; secrets are left out."""
    return effective_toml(without_secrets(config), {})


def about_text(local: datetime) -> str:
    """When the talk began, and the versions of what it ran on, as JSON."""
    packages = {name: found for name in ("voicecli", *ENGINES) if (found := _version(name))}
    return (
        json.dumps(
            {
                "format": FORMAT,
                "began": local.isoformat(timespec="seconds"),
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "packages": packages,
            },
            indent=1,
        )
        + "\n"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
