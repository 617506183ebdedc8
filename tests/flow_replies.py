"""Producers and consumers from the language model to the loudspeaker, in virtual time: for `test_flow`."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from tests.flow_drivers import BLOCK_S, Driver, Through
from tests.seats import attempts, seat
from voicecli.aloud.clauses import ClauseSplitter
from voicecli.aloud.lengths import CLAUSE_REST
from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.floor.facts import ClauseWritten, Fact
from voicecli.floor.orders import GoOn, ToAuthor, Write
from voicecli.floor.turns.turn import REPLY
from voicecli.messages import RATE_HZ, ChatMessage, Clause, GenerationStats, SpokenChunk
from voicecli.reply.thinking import THINKING, Thinking
from voicecli.speak.playback import Playback
from voicecli.system.clock import FakeClock
from voicecli.talk.inboxes import TO_AUTHOR
from voicecli.talk.workers.author import Author
from voicecli.threads.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from voicecli.engines import Seat
    from voicecli.reply.generate import Generator
    from voicecli.waiting.buffers import Buffer, BufferFill


class OfThinking(Driver):
    """A model that thinks without end, then, in another reply, closes its thinking."""

    rate = 1
    rests_at = 0.0
    text = "so it is " * 1000

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._thinking = Thinking(begins_inside=True)
        self._inside = self._was_lost = 0

    def offer(self) -> None:
        self.taken += len(self._thinking.feed(self.text))
        self._inside = min(int(THINKING.capacity), self._inside + len(self.text))
        self.offered += len(self.text)

    def take(self) -> None:
        if not self.pressed and self._inside:  # the rate has fallen: the reply ends
            self._was_lost = self.lost
            said = self._thinking.finish()
            self.taken += len(said)
            assert said.startswith("so it is")
            self._thinking, self._inside = Thinking(begins_inside=True), 0

    @property
    def lost(self) -> int:
        return self._was_lost + self._thinking.lost

    def stats(self) -> BufferFill:
        return THINKING.filled(self._inside, None, self._thinking.lost)

    @property
    def inside(self) -> int:
        return self._inside


class OfClauseRest(Through):
    """Texts that end nowhere, one after the other."""

    exact = False
    texts = (
        "word ",
        "x",
        "| a ",
        "`",
        "<a ",
        "$x",
        "\\[ y",
        "    ",
        "- ",
        "[a](b",
        "1",
        "a.b",
        "\u4e00",
        "=",
        "~~~ ",
    )

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        self._splitter = ClauseSplitter()
        self.most = 0

    def offer(self) -> None:
        text = self.texts[self.offered // 40 % len(self.texts)]
        for _ in range(50):
            self.taken += sum(map(len, self._splitter.push(text)))
            self.most = max(self.most, self._splitter.held)
            assert self._splitter.held <= CLAUSE_REST.capacity
        self.offered += 1

    def stats(self) -> BufferFill:
        return CLAUSE_REST.filled(self._splitter.held, self.most)


class OfReply(Driver):
    """The author writes as fast as it may; sleeping, it lets the voice say a clause."""

    rate = 2

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.most = 0

    def ahead(self) -> int:
        return self.offered - self.taken

    def drive(self, seconds: float) -> None:
        """The voice says `rate` clauses a second; the model could write five times as many."""
        driver, until = self, self.clock.now() + seconds

        class Inbox(Channel[ToAuthor]):
            def get(self, timeout_s: float | None = None) -> ToAuthor:
                driver.waits += 1
                driver.clock.advance(1 / driver.rate)
                driver.taken += 1
                return GoOn(1)

        class Model:
            def generate(
                self, _: Sequence[ChatMessage], emit: Callable[[str], None], __: Callable[[], bool]
            ) -> GenerationStats:
                while driver.clock.now() < until:
                    driver.clock.advance(1 / driver.rate / 5)
                    emit("This is a sentence of many words. ")
                return GenerationStats()

        def post(fact: Fact) -> None:
            if isinstance(fact, ClauseWritten):
                driver.offered += 1
                driver.most = max(driver.most, driver.ahead())

        model: Seat[Generator] = seat(Model())  # type: ignore[arg-type]  # duck-typed
        author = Author(model, "en", self.clock, attempts(self.clock), Inbox(TO_AUTHOR), post, lambda: 0)
        author.take(Write(1, 1, (ChatMessage("user", "go on"),), judges=False))
        self.taken = self.offered  # the voice says the rest

    def stats(self) -> BufferFill:
        return REPLY.filled(self.ahead(), self.most)


class OfPlayback(Driver):
    """Pieces of clauses of 0.5 s, as fast as credit allows; the loudspeaker takes blocks of 20 ms."""

    rate = 50
    piece = RATE_HZ // 2

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self.playback = Playback(StreamFormat("l", RATE_HZ, 1, 0.04), PlaybackConfig())
        self.playback.begin(1)
        self.playback.open(1)
        self._ready = 0.0
        self._clauses = self._pulled = 0
        self._at = 0.0
        self._chunks = self._pieces()

    def _pieces(self) -> Iterator[SpokenChunk]:
        while True:
            while self._ready < self.piece:
                return
            self._ready -= self.piece
            self._clauses += 1
            self.offered += self.piece
            yield SpokenChunk(
                Clause(1, 1, self._clauses, "so it is"), np.full(self.piece, 9000, np.int16), RATE_HZ, (), 0
            )

    def offer(self) -> None:
        """20 ms more could be made; the voice makes a piece when it may."""
        if self._ready < self.piece:
            self._ready += RATE_HZ * BLOCK_S
        else:
            self.waits += 1
        self.playback.feed(self._pieces())
        self.playback.forget()

    def take(self) -> None:
        self._at += BLOCK_S
        block = np.zeros(round(RATE_HZ * BLOCK_S), np.int16)
        self.playback.pull(block, self._at, False)
        self.taken = self.playback.jitter.pulled

    @property
    def lost(self) -> int:
        return 0

    @property
    def inside(self) -> float:
        return sum(row.fill or 0 for row in self.playback.stats()[:2]) * RATE_HZ / 1000

    def stats(self) -> BufferFill:
        return self.playback.stats()[1]

    rests_at = 550.0


class OfPart(OfPlayback):
    def stats(self) -> BufferFill:
        return self.playback.stats()[0]


class OfCue(Driver):
    """Tones, asked for five times as often as the loudspeaker takes a block."""

    rate = 50
    rests_at = 1.0
    exact = False

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._cues = Playback(StreamFormat("l", RATE_HZ, 1, 0.04), PlaybackConfig()).cues

    def offer(self) -> None:
        self._cues.play("en", "")
        super().offer()

    def take(self) -> None:
        waited = self.inside
        self._cues.pull(np.zeros(320, np.int16), self.taken * BLOCK_S, False)
        self.taken += bool(waited)

    def stats(self) -> BufferFill:
        return self._cues.stats()


class OfLoudspeaker(Driver):
    """A device with room for three blocks asks for one where it has room; asked more often, it refuses."""

    rate = 50
    rests_at = 60.0

    def __init__(self, declared: Buffer) -> None:
        super().__init__()
        self._declared = declared
        self._room = int(declared.capacity / (BLOCK_S * 1000))
        self._held: deque[int] = deque()
        self._playback = Playback(StreamFormat("l", RATE_HZ, 1, 0.04), PlaybackConfig())

    def offer(self) -> None:
        if len(self._held) < self._room:
            self._playback.pull(np.zeros(320, np.int16), self.offered * BLOCK_S, False)
            self._held.append(self.offered)
        else:
            self.refused += 1
        super().offer()

    def take(self) -> None:
        if self._held:
            self.takes(self._held.popleft())
        assert self._playback.jitter.blocks == self.offered - self.refused

    @property
    def inside(self) -> float:
        return len(self._held)

    def stats(self) -> BufferFill:
        return self._declared.filled(len(self._held) * BLOCK_S * 1000, None)
