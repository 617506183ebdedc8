"""The thread that hears whether a turn is complete: speech -> a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.pipeline.faults import TURN_MODEL, Fault

if TYPE_CHECKING:
    from voicecli.channel import Channel
    from voicecli.listen.complete import CompletionModel
    from voicecli.messages import Speech
    from voicecli.pipeline.faults import Faults
    from voicecli.pipeline.turns import Turns


class Judging:
    """Body of the thread that asks the turn model at each pause; knows only the newest answer."""

    def __init__(self, model: CompletionModel, judged: Channel[Speech], turns: Turns, faults: Faults) -> None:
        self._model = model
        self._judged = judged
        self._turns = turns
        self._faults = faults
        self._answer = (0, 0.0)

    def offer(self, speech: Speech) -> None:
        """Listening thread: have it judged, in place of one that waits."""
        self._judged.put(speech)

    def probability_of(self, stretch: int) -> float | None:
        """Listening thread: that the turn is complete after this stretch, when that is known."""
        known, probability = self._answer
        return probability if known == stretch else None

    def run(self) -> None:
        """Until `judged` closes."""
        while True:
            self.take(self._judged.get())

    def take(self, speech: Speech) -> None:
        """The next of `judged`; where the model fails, the words and the pause decide without it."""
        utterance = speech.utterance
        if utterance is None or speech.stretch != self._turns.stretch:
            return
        judged = self._faults.attempt(
            TURN_MODEL, speech.turn, lambda: self._model.complete(utterance.samples)
        )
        if isinstance(judged, Fault):
            self._faults.warn(TURN_MODEL, judged)
        else:
            self._answer = (speech.stretch, judged)
