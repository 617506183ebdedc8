"""The mouth by itself: what is said while orders come in, on a loudspeaker that takes all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.seats import attempts, seat
from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.floor.facts import ClauseVoiced
from voicecli.floor.orders import Say, Unsay
from voicecli.messages import Clause
from voicecli.speak.playback import Playback
from voicecli.speak.voice import Piece
from voicecli.system.clock import FakeClock
from voicecli.talk.mouth import Mouth
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import ToMouth

RATE_HZ = 16_000
PIECE = 400


class ThreePieces:
    """A voice whose samples tell the clause, and in which something may happen during the second piece."""

    rate_hz = RATE_HZ
    language = "en"
    languages = frozenset({"en"})

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None

    def say(self, text: str) -> Iterator[Piece]:
        for number in range(3):
            if number == 1:
                meanwhile, self.meanwhile = self.meanwhile, lambda: None
                meanwhile()
            yield Piece(np.full(PIECE, int(text), np.int16), (2 - number) * PIECE)


def test_a_clause_that_is_asked_for_while_the_one_before_is_called_off_is_said_whole() -> None:
    clock, voice = FakeClock(), ThreePieces()
    inbox: Channel[ToMouth] = Channel(Buffer("to the mouth", "orders", 9, "block", "a test"))
    playback = Playback(StreamFormat("speaker", RATE_HZ, 1, 0.02), PlaybackConfig())
    told: list[Fact] = []

    def post(fact: Fact) -> None:
        """The floor: it has the next clause said as soon as one is voiced."""
        told.append(fact)
        if isinstance(fact, ClauseVoiced) and fact.index == 0:
            inbox.put(Say(Clause(1, 1, 1, "200")))

    mouth = Mouth(seat(voice), playback, clock, attempts(clock), inbox, post, lambda: 0)
    voice.meanwhile = lambda: inbox.put(Unsay(1, 1))
    mouth.take(Say(Clause(1, 1, 0, "100")))
    while inbox.stats().fill:
        mouth.take(inbox.get(0))
    assert [fact.index for fact in told if isinstance(fact, ClauseVoiced)] == [0, 1]
    playback.finish()
    playback.open(1)
    block = np.zeros(4 * PIECE, np.int16)
    for at in (1.0, 1.1):  # in the first what was called off goes
        playback.pull(block, at, False)
    assert np.count_nonzero(block) > 2.5 * PIECE, "all three pieces"
    assert block.max() == 200
