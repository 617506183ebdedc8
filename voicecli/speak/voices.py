"""What languages voices speak, and which of the settings' voices could ever be heard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from voicecli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NOT_ISO = {"cmn": "zh", "nb": "no"}
"""espeak-ng's name of a language -> its code in ISO 639-1, and in Whisper: Mandarin, Norwegian Bokmål."""


def language_called(espeak_voice: str) -> str:
    """ISO 639-1 code of what a voice of espeak-ng speaks: `en-us` is `en`."""
    language = espeak_voice.partition("-")[0]
    return _NOT_ISO.get(language, language)


def language_of(voice: Path) -> str:
    """ISO 639-1 code of what a Piper voice (.onnx) speaks, by the .onnx.json beside it. Raises ModelError."""
    settings = voice.with_name(f"{voice.name}.json")
    try:
        return language_called(json.loads(settings.read_text("utf-8"))["espeak"]["voice"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{settings} does not tell the language of the voice", "choose another voice"
        ) from error


def never_heard(
    languages: Iterable[str], spoken: frozenset[str] | None, understood: frozenset[str] | None
) -> dict[str, str]:
    """Those of `languages` whose voices can never be heard, and why.

    `spoken`: the languages of `synthesize.voice`. `understood`: those of the recogniser. None where they are
    not known: then they rule nothing out.
    """
    found = {}
    for language in languages:
        if language in (spoken or ()):
            found[language] = "synthesize.voice speaks it"
        elif understood is not None and language not in understood:
            found[language] = f"{_only(understood)} understood (transcribe.language, transcribe.model)"
    return found


def _only(understood: frozenset[str]) -> str:
    return f'only "{min(understood)}" is' if len(understood) == 1 else "it is not"
