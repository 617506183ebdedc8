"""A text -> the phonemes Piper is given for it, so that two ways to write the same words compare as equal."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from voicecli.aloud.clauses import ClauseSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE = Path(__file__).with_name("say_cases.toml")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_TOKEN = re.compile(r"\s?\w{1,4}|\s?[^\w\s]|\s")
"""About as much text as language models send at a time."""
_STOPS = ".!?"
_SENTENCE = re.compile(r"(?<=[.!?]) ")
# Not compared are stress, length, pauses, and what depends on the neighbours: flaps, linking, reduced vowels.
_UNHEARD = dict.fromkeys(map(ord, "ˈˌː,;: -‿ʲ"))
_NEAR = str.maketrans({"ɐ": "ə", "ᵻ": "ɪ", "ɾ": "t", "ʔ": "t", "ʌ": "ə", "ʊ": "u", "!": ".", "?": "."})


@dataclass(frozen=True, slots=True)
class Case:
    """One text of the table."""

    id: str
    text: str
    heard: tuple[str, ...]
    """Spoken forms, of which any is right."""


def cases() -> list[Case]:
    """All cases of `say_cases.toml`, beside this file."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["case"]
    return [Case(row["id"], row["text"], tuple(row["heard"])) for row in rows]


def clauses(text: str, language: str = "en") -> list[str]:
    """The clauses of a text that comes as one piece."""
    splitter = ClauseSplitter(language)
    return [*splitter.push(text), *splitter.finish()]


def streamed(text: str, language: str = "en") -> list[str]:
    """The clauses of a text that comes in tokens."""
    splitter = ClauseSplitter(language)
    return [clause for token in tokens(text) for clause in splitter.push(token)] + splitter.finish()


def tokens(text: str) -> list[str]:
    """Cut a text as a model's reply is cut: into parts of words, with the space before them."""
    return _TOKEN.findall(text)


def right(case: Case, said: Iterable[str]) -> bool:
    """Whether the clauses sound like one of the spoken forms."""
    sound = phonemes(said)
    return any(sound == phonemes(_SENTENCE.split(form)) for heard in case.heard for form in _forms(heard))


def phonemes(said: Iterable[str]) -> str:
    """How clauses sound: phonemes, and a point where a sentence ends."""
    sound = "".join(map(_phonemes, said))
    return re.sub(r"\.+", ".", sound).strip(".")


def _phonemes(clause: str) -> str:
    parts = ["".join(sentence) for sentence in _phonemizer().phonemize("en-us", clause)]
    # espeak-ng adds a stop to a clause that has none.
    if parts and not clause.rstrip("\"'”’») ").endswith(tuple(_STOPS)):
        parts[-1] = parts[-1].rstrip(_STOPS)
    sound = "".join(parts).translate(_UNHEARD).translate(_NEAR)
    return sound.replace("ɹɹ", "ɹ").replace("ɚɹ", "ɚ").replace("eɪ", "ə")  # "a" as a letter and as an article


@cache
def _phonemizer():  # type: ignore[no-untyped-def]  # piper is imported late, and so is its type
    from piper.phonemize_espeak import EspeakPhonemizer

    return EspeakPhonemizer()


def _forms(heard: str) -> list[str]:
    """All texts that a form with choices, `{a|b}`, stands for; choices may be nested."""
    if not (match := _CHOICE.search(heard)):
        return [heard]
    choices = match[1].split("|")
    return [form for c in choices for form in _forms(heard[: match.start()] + c + heard[match.end() :])]
