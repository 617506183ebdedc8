"""When a turn is over, and when the words so far are worth a look: asked by the listening thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.audio.level import SILENCE_DBFS
from voicecli.listen.segment import WORDS_DB
from voicecli.listen.turn import Evidence, pause_wanted_s
from voicecli.messages import FRAME_S

if TYPE_CHECKING:
    from voicecli.config import TurnConfig
    from voicecli.listen.segment import Segmenter
    from voicecli.pipeline.judging import Judging
    from voicecli.pipeline.transcribing import Transcribing
    from voicecli.pipeline.turns import Turns

FRESH_S = 0.3
"""New speech worth another look while the user is still speaking."""

DIP_S = 0.1
"""New speech at least, for the end of a word to be worth another look."""

LOUD_FALL_DB_S = 10.0
"""How fast the loudest of the last moments is forgotten."""

NO_WORDS_S = 0.5
"""Pause after which a sound without words is over: there is nothing to answer, and words may follow."""


class Deciding:
    """Brings together what the other threads found out about the words, for `listen.turn` to judge."""

    def __init__(
        self,
        segmenter: Segmenter,
        turns: Turns,
        transcribing: Transcribing,
        judging: Judging,
        config: TurnConfig,
    ) -> None:
        self._segmenter = segmenter
        self._turns = turns
        self._transcribing = transcribing
        self._judging = judging
        self._config = config
        self._loud_dbfs = SILENCE_DBFS

    def is_over(self) -> bool:
        """Whether the pause is as long as what is known of the turn asks for."""
        stretch = self._turns.stretch
        return self._turns.paused == stretch and self._segmenter.pause_s >= self._pause_wanted_s(stretch)

    def wants_a_look(self, level_dbfs: float, fresh_s: float) -> bool:
        """Whether there is time for it, and enough is new, or a word has ended.

        Once a frame while somebody speaks: its level, and the speech that nobody has looked at yet.
        """
        self._loud_dbfs = max(level_dbfs, self._loud_dbfs - LOUD_FALL_DB_S * FRAME_S)
        dipped = fresh_s > DIP_S and level_dbfs < self._loud_dbfs - WORDS_DB
        return (fresh_s >= FRESH_S or dipped) and self._transcribing.has_time(dipped=dipped)

    def _pause_wanted_s(self, stretch: int) -> float:
        confirmed = self._turns.confirmed()
        transcript = None if confirmed is None else confirmed.draft.transcript
        if transcript is not None and not transcript.text:
            return max(NO_WORDS_S, self._config.min_pause_ms / 1000)
        evidence = Evidence(
            spoken_s=self._segmenter.spoken_s,
            sound=self._judging.probability_of(stretch),
            words=None if transcript is None else transcript.text,
            ending=None if confirmed is None else confirmed.ending,
            language="" if transcript is None else transcript.language,
            asked=self._turns.asked,
        )
        return pause_wanted_s(evidence, self._config)
