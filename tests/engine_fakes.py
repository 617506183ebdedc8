"""What fakes of a recogniser and of a language model have in common: how they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voicecli.messages import ChatMessage, GenerationStats, Transcript

if TYPE_CHECKING:
    from voicecli.messages import Float32
    from voicecli.turn.witness import Ending


@dataclass(frozen=True)
class Asked:
    """How a pass is to be made."""

    provisional: bool
    language: str | None
    clear_s: float


class Recogniser:
    """Hears what `hear` makes of it, and finds no language."""

    languages: frozenset[str] | None = None
    finds_language = False
    looks_ahead = True
    window_s = 28.0
    is_narrow = False

    def narrow(self, *, on: bool) -> None:
        self.is_narrow = on

    def transcribe(
        self,
        samples: Float32,
        *,
        provisional: bool = False,
        language: str | None = None,
        clear_s: float = 0.0,
    ) -> Transcript:
        return self.hear(samples, Asked(provisional, language, clear_s))

    def hear(self, samples: Float32, asked: Asked) -> Transcript:
        raise NotImplementedError


class LanguageModel:
    """Answers with what `reply` gives, piece by piece; has no opinion on whether somebody has finished."""

    name = "a model"
    is_local = True
    is_small = False
    reads_ahead = False

    def warm(self, messages: Sequence[ChatMessage], cancelled: Callable[[], bool]) -> None:
        pass

    def generate(
        self, messages: Sequence[ChatMessage], emit: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> GenerationStats:
        pieces, stats = self.reply(messages)
        for piece in pieces:
            emit(piece)
        return stats

    def reply(self, messages: Sequence[ChatMessage]) -> tuple[Sequence[str], GenerationStats]:
        raise NotImplementedError

    def ending(self, messages: Sequence[ChatMessage]) -> Ending | None:
        return None

    def close(self) -> None:
        pass
