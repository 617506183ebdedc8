"""The events of a turn -> the user's words, the words that sounded, the words to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, assert_never

from voicecli.events import Heard, Interrupted, Partial, ReplyClause, Speaking, SpeechBegan
from voicecli.view.safe import safe

if TYPE_CHECKING:
    TurnEvent: TypeAlias = SpeechBegan | Partial | Heard | ReplyClause | Speaking | Interrupted


@dataclass(slots=True)
class ShownTurn:
    """One turn, as far as its events tell."""

    heard: str = ""
    """The user's words so far."""
    final: bool = False
    """Whether the user's words will not change any more."""
    clauses: list[str] = field(default_factory=list)
    sounded: int = 0
    """Clauses that have begun to sound."""
    interrupted: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.heard and not self.clauses

    def take(self, event: TurnEvent) -> None:
        """Read one event of this turn."""
        match event:
            case SpeechBegan():
                pass
            case Partial(text=text):
                self.heard = safe(text)
            case Heard(text=text):
                self.heard, self.final = safe(text), True
            case ReplyClause(index=index, text=text):
                # A clause made anew replaces the old one and all after it.
                self.clauses[index:] = [safe(text)]
            case Speaking(index=index):
                self.sounded = index + 1
            case Interrupted():
                self.interrupted = True
            case _ as never:
                assert_never(never)

    def marked(self, heard_so_far: str) -> tuple[str, str]:
        """Split the reply into the words that have sounded and those to come.

        Counted in clauses that have begun, or in words where `heard_so_far` fits this reply.
        """
        whole = " ".join(self.clauses).split()
        heard = heard_so_far.split()
        ended, begun = (len(" ".join(self.clauses[:count]).split()) for count in self._sounding)
        fits = ended <= len(heard) <= begun and whole[: len(heard)] == heard
        count = len(heard) if fits else begun
        return " ".join(whole[:count]), " ".join(whole[count:])

    @property
    def _sounding(self) -> tuple[int, int]:
        return max(0, self.sounded - 1), self.sounded
