"""A producer and a consumer for each place where something waits, in virtual time: for `test_flow`.

A driver offers one thing at a time, takes one at a time, and counts both. `test_flow` sets the pace.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import numpy.ma  # what numpy imports late is no growth

from voicecli.audio.convert import Converter, Resampler
from voicecli.audio.streams import StreamFormat
from voicecli.config import AudioConfig, Config, SegmentConfig
from voicecli.devices.recovery.adapt import _Microphone
from voicecli.errors import EngineError
from voicecli.events import Warned
from voicecli.floor.facts import Transcribed, Typed
from voicecli.floor.keys import TYPED_LINE, Keys
from voicecli.floor.orders import Tell, Transcribe
from voicecli.floor.turns.exchange import Exchange, Numbers, Out
from voicecli.floor.turns.faults import Strikes
from voicecli.floor.user.scribing import Scribing
from voicecli.listen.capture import Capture
from voicecli.listen.echo.canceller import EchoCanceller
from voicecli.listen.echo.reference import Reference
from voicecli.listen.gate.segment import Segmenter
from voicecli.listen.recognise.passes import NO_WORDS
from voicecli.messages import (
    FRAME_S,
    FRAME_SAMPLES,
    RATE_HZ,
    Float32Frame,
    Pcm16Chunk,
    ScoredFrame,
    SegmentEvent,
    Utterance,
)
from voicecli.network.sse import SERVER_LINE, EventLines
from voicecli.reply.conversation.conversation import Conversation
from voicecli.system.clock import FakeClock
from voicecli.threads.channel import Channel
from voicecli.threads.log import Log
from voicecli.view.keys.keyboard import KeyReader

if TYPE_CHECKING:
    from voicecli.floor.turns.turn import Turn
    from voicecli.messages import Float32, Int16
    from voicecli.waiting.buffers import Buffer, BufferFill

BLOCK_S = 0.02
AUDIO = AudioConfig()


class Driver:
    """Numbers go in and come out."""

    rate = 20
    """Things that the consumer takes in a second."""
    rests_at: float = 2.0
    """Most that waits, in the place's own unit, when all is well."""
    exact = True
    """Whether each thing that was offered is taken, lost and counted, refused, or still inside."""
    growth = 100_000
    """Bytes by which memory may differ between two moments under pressure: Python's own caches, and what is
    inside."""
    waits = 0
    """How often the writer could do nothing but wait, where it is not refused."""
    pressed = True
    """Whether the producer is faster than the consumer."""

    def __init__(self) -> None:
        self.offered = self.taken = self.refused = 0
        self.order: list[int] = [-1]
        """The newest that was taken."""

    def offer(self) -> None:
        """One more, unless the place refuses it."""
        self.offered += 1

    def take(self) -> None:
        """One less, where there is one."""

    def takes(self, number: int, *, newest_only: bool = False) -> None:
        """Count one that came out; they come out in order."""
        assert number > self.order[0], "in order"
        if newest_only:
            assert number == self.offered - 1, "the newest alone is of worth"
        self.order[0] = number
        self.taken += 1

    def stats(self) -> BufferFill:
        raise NotImplementedError

    def check_policy(self) -> None:
        """What else the policy promises; all that was offered is taken or lost now."""

    @property
    def lost(self) -> int:
        return self.stats().losses

    @property
    def inside(self) -> float:
        fill = self.stats().fill
        assert fill is not None
        return fill


class OfChannel(Driver):
    """A channel whose writer asks for room before it writes, as one that blocks would wait for it."""

    rate = 30

    def __init__(self, declared: Buffer) -> None:
        super().__init__()
        self._blocks = declared.policy == "block"
        self._channel = Channel[int](declared)

    def offer(self) -> None:
        full = self._channel.stats().fill >= self._channel.capacity
        if self._blocks and full:
            self.refused += 1
        else:
            self._channel.put(self.offered)
        super().offer()

    def take(self) -> None:
        if self._channel.stats().fill:
            self.takes(self._channel.get(0))

    def stats(self) -> BufferFill:
        return self._channel.filled()


class OfLog(Driver):
    """One reader that lags; facts have weights 0, 1, 2, the heaviest seldom."""

    rate = 700

    def __init__(self, declared: Buffer) -> None:
        super().__init__()
        weights = 3 if declared.policy == "drop_lightest" else 1
        self._log: Log[int] = Log(
            declared, weights, (lambda n: 2 if n % 50 == 0 else n % 2) if weights > 1 else lambda _: 0
        )
        self._weighs = weights > 1
        self._reader = self._log.reader("late")
        self._heavy = 0
        self.heavy_taken = 0

    def offer(self) -> None:
        self._log.put(self.offered)
        self._heavy += self.offered % 50 == 0
        super().offer()

    def take(self) -> None:
        if self._reader.stats().fill:
            number = self._reader.get(0)
            self.heavy_taken += number % 50 == 0
            self.takes(number)

    def stats(self) -> BufferFill:
        (found,) = self._log.filled()
        return found

    def check_policy(self) -> None:
        if self._weighs:  # 600 a second are read, 60 of 3000 are heavy: none of them is lost
            assert self.heavy_taken == self._heavy


class OfMicrophone(Driver):
    """A driver's own buffer: it overwrites the oldest block, and says so with the next."""

    rate = 50

    def __init__(self, declared: Buffer) -> None:
        super().__init__()
        self._declared = declared
        self._held: deque[int] = deque(maxlen=int(declared.capacity / (BLOCK_S * 1000)))
        self._over = False
        self._told = self._lost = 0
        self._capture = Capture(StreamFormat("m", 1000, 1, 0.04), 8.0)

    def offer(self) -> None:
        if len(self._held) == self._held.maxlen:
            self._over = True
            self._lost += 1
        self._held.append(self.offered)
        super().offer()

    def take(self) -> None:
        if self._held:
            self.takes(self._held.popleft())
            self._told += self._over
            self._capture.on_block(np.zeros((20, 1), np.int16), 0.0, self._over)
            self._capture.read()
            self._over = False
        assert self._capture.overflows == self._told

    @property
    def lost(self) -> int:
        return self._lost if self._capture.overflows else 0

    def stats(self) -> BufferFill:
        return self._declared.filled(len(self._held) * BLOCK_S * 1000, None)

    @property
    def inside(self) -> float:
        return len(self._held)

    rests_at = 40.0


class OfRing(Driver):
    """Blocks of 20 ms go in, chunks of up to 100 ms come out; a number is a sample."""

    rate = 100
    rests_at = 100.0

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._capture = Capture(StreamFormat("m", 1000, 1, 0.04), AUDIO.ring_s)

    def offer(self) -> None:
        """100 ms at once, so that the reader needs one call for each."""
        self._capture.on_block(np.zeros((100, 1), np.int16), 0.0, False)
        self.offered += 100

    def take(self) -> None:
        if (chunk := self._capture.read()) is not None:
            assert chunk.position > self.order[0]
            self.order[0] = chunk.position
            self.taken += len(chunk.samples)

    def stats(self) -> BufferFill:
        return self._capture.stats()


class Through(Driver):
    """One call takes sound or text in and gives out all that is certain: nothing waits but what is held."""

    rate = 2

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self.numbers = np.random.default_rng(0)

    def samples(self, size: int) -> Float32:
        return self.numbers.normal(0, 0.1, size).astype(np.float32)

    @property
    def rests_at(self) -> float:  # type: ignore[override]
        return self.stats().capacity


class OfResampler(Through):
    """8 kHz holds most."""

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        self._resampler = Resampler(8000, RATE_HZ)

    def offer(self) -> None:
        self.offered += 2 * 441
        self.taken += self._resampler.push(self.samples(441)).size

    def stats(self) -> BufferFill:
        return self._resampler.stats("test", adds=False)

    @property
    def inside(self) -> float:
        return self._resampler.held_ms * RATE_HZ / 1000


class OfStandIn(Driver):
    """A microphone of 8 kHz in place of one of 16; its thread converts all that waits, once a second here."""

    rate = 1
    rests_at = 1000.0
    exact = False  # where sound was lost the resampler begins anew, without what it held

    def __init__(self, declared: Buffer) -> None:
        super().__init__()
        self._declared = declared
        self._lost = 0
        self._microphone = _Microphone(
            self._heard, StreamFormat("d", 8000, 2, 0.04), StreamFormat("w", RATE_HZ, 1, 0.04)
        )

    def _heard(self, samples: Int16, at: float, lost: bool) -> None:
        self.taken += len(samples)
        self._lost += lost

    def offer(self) -> None:
        for at in range(50):
            self._microphone.on_block(np.zeros((160, 2), np.int16), self.offered + at / 50, False)
        self.offered += 1

    def take(self) -> None:
        self._microphone.move()

    @property
    def lost(self) -> int:
        return self._lost

    def stats(self) -> BufferFill:
        return self._declared.filled(self._microphone._ring.waiting * 1000 / 8000, None, self._lost)


class OfFrame(Through):
    """The unfinished frame of a converter that need not resample."""

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        self._converter = Converter(RATE_HZ)

    def offer(self) -> None:
        chunk = Pcm16Chunk(np.zeros((441, 1), np.int16), RATE_HZ, self.offered, self.offered / RATE_HZ)
        self.taken += sum(frame.samples.size for frame in self._converter.push(chunk))
        self.offered += 441

    def stats(self) -> BufferFill:
        return self._converter.stats()[1]

    @property
    def inside(self) -> float:
        return self.offered - self.taken


class OfCanceller(Through):
    """Echo and noise, while the loudspeaker sounds."""

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        config = AudioConfig(noise_suppression="full")
        self._reference = Reference(RATE_HZ, config.ring_s)
        self._canceller = EchoCanceller(self._reference, config)

    def offer(self) -> None:
        at, sound = self.offered / RATE_HZ, self.samples(441)
        self._reference.on_block((sound * 3000).astype(np.int16), at)
        self.taken += self._canceller.push(sound, at).size
        self.offered += 441

    def stats(self) -> BufferFill:
        return self._canceller.stats()[0]

    @property
    def inside(self) -> float:
        return self.offered - self.taken


class OfEchoSteps(OfCanceller):
    """Steps of 10 ms, at which the ear looks too seldom: every 2.8 s of sound, where 2 s are the most."""

    rate = 1
    exact = False

    def offer(self) -> None:
        for _ in range(2):
            super().offer()

    def take(self) -> None:
        self._looks += 1
        if not self.pressed or self._looks % 10 == 0:
            self._canceller.steps()

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        self._looks = 0

    def stats(self) -> BufferFill:
        return self._canceller.stats()[1]

    @property
    def rests_at(self) -> float:  # type: ignore[override]
        return 3.0


class OfReference(Driver):
    """The loudspeaker's clock runs; the reader lags, and begins where the ring of the microphone does."""

    rate = 60
    rests_at = 200.0
    exact = False

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._reference = Reference(RATE_HZ, AUDIO.ring_s)
        self._read_at = 0.0

    def offer(self) -> None:
        self._reference.on_block(np.full(1600, 1000, np.int16), self.offered / 10)
        super().offer()

    def take(self) -> None:
        now = self.offered / 10
        if now - self._read_at > AUDIO.ring_s + 0.5:  # so late that the microphone's ring lost it as well
            self._read_at = now - AUDIO.ring_s + 4.0
            self._reference.restart()
        if now - self._read_at >= 0.1:
            self._reference.read(self._read_at, 1600)
            self._read_at += 0.1
            self.taken += 1

    def stats(self) -> BufferFill:
        return self._reference.stats()


class OfSegment(Through):
    """A voice that never pauses; a second of silence behind it ends what is held."""

    def __init__(self, declared: Buffer) -> None:
        super().__init__(declared)
        self._segmenter = Segmenter(SegmentConfig(), 1.2)
        self._at = 0

    def push(self, level_dbfs: float, probability: float) -> None:
        frame = Float32Frame(
            np.full(FRAME_SAMPLES, 0.1, np.float32), self._at * FRAME_SAMPLES, self._at * FRAME_S
        )
        self._at += 1
        self._out(self._segmenter.push(ScoredFrame(frame, probability, level_dbfs)))

    def _out(self, events: list[SegmentEvent]) -> None:
        self.taken += sum(event.samples.size for event in events if isinstance(event, Utterance))

    def offer(self) -> None:
        for _ in range(31):
            self.push(-20.0, 0.99)
        self.offered += 31 * FRAME_SAMPLES

    def stats(self) -> BufferFill:
        return self._segmenter.stats()

    @property
    def inside(self) -> float:
        return self.offered - self.taken


class OfScribe(Driver):
    """Pieces of one long turn, or looks at it, faster than the scribe has words."""

    rate = 4
    look = False

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._out = Out(0.0)
        numbers = Numbers()
        self.exchange = Exchange(self._out, numbers)
        self.scribing = Scribing(
            self._out, self.exchange, numbers, Strikes(self._out, self.exchange), lambda *_: None
        )
        self.turn: Turn = self.exchange.begin(0.0)
        self.with_scribe: deque[Transcribe] = deque()

    def _hear_orders(self) -> None:
        self.with_scribe += [order for order in self._out.taken() if isinstance(order, Transcribe)]

    def utterance(self) -> Utterance:
        sound, at = np.zeros(512, np.float32), self.offered
        return Utterance(sound, at, at, 0.0, 0.0, 0.0, complete=self.look)

    def offer(self) -> None:
        self.scribing.offer(self.turn.number, self.exchange.segment, self.utterance())
        self._hear_orders()
        super().offer()

    def take(self) -> None:
        self.turn.pieces.clear()  # the end of a turn does that
        if self.with_scribe:
            order = self.with_scribe.popleft()
            self.takes(order.utterance.start)
            self.scribing.take(Transcribed(order, NO_WORDS))
            self._hear_orders()

    def stats(self) -> BufferFill:
        return self.scribing.stats()

    @property
    def inside(self) -> float:
        return super().inside + len(self.with_scribe)


class OfLooks(OfScribe):
    """Each is replaced by the next: what the scribe gets next is the newest."""

    look = True

    def take(self) -> None:
        super().take()
        if self.with_scribe:
            assert self.with_scribe[0].utterance.start == self.offered - 1

    def stats(self) -> BufferFill:
        return self.scribing.looks()


class OfTypedLine(Driver):
    """Characters, and Enter once a second."""

    rate = 250
    rests_at = 1000.0
    push_to_talk = False

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._reader = KeyReader(Config().keys, self, self, FakeClock())  # type: ignore[arg-type]  # duck-typed
        self._typed: deque[bytes] = deque()
        self._left = self.rate

    def say(self, text: str) -> None:
        self.taken += len(text)

    def talk(self, *, begins: bool) -> None:
        """No key for that is pressed."""

    def read(self, timeout_s: float | None) -> bytes | None:
        return self._typed.popleft() if self._typed else None

    def _press(self, keys: bytes) -> None:
        self._typed.append(keys)
        self._reader.run()

    def offer(self) -> None:
        if self._reader.typed is None:
            self._press(b"t")
        self._press(b"x")
        super().offer()

    def take(self) -> None:
        self._left -= 1
        if not self._left:
            self._left = self.rate
            self._press(b"\r")

    @property
    def lost(self) -> int:
        return self._reader.refused

    def stats(self) -> BufferFill:
        return TYPED_LINE.filled(len(self._reader.typed or ""), None)


class OfLines(Driver):
    """Typed lines, which wait for the ear and for the turns before; each turn ends when it is taken."""

    rate = 8

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._out = Out(0.0)
        self._exchange = Exchange(self._out, Numbers())
        self._keys = Keys(self._out, self._exchange, self)  # type: ignore[arg-type]  # duck-typed
        self._typed: deque[int] = deque()
        self.told = 0

    def typed(self, turn: Turn, text: str) -> None:
        self._typed.append(int(text))

    def _obeys(self) -> None:
        self._keys.obey()
        orders = self._out.taken()
        self.told += sum(isinstance(order, Tell) and isinstance(order.event, Warned) for order in orders)
        if any(type(order).__name__ == "Flush" for order in orders):
            self._keys.flushed()
            self._obeys()

    def offer(self) -> None:
        self._keys.take(Typed(str(self.offered)))
        self._obeys()
        super().offer()

    def take(self) -> None:
        if self._exchange.turns:
            self._exchange.finalise(next(iter(self._exchange.turns.values())))
            self.takes(self._typed.popleft())
            self._obeys()

    def stats(self) -> BufferFill:
        return self._keys.stats()

    @property
    def inside(self) -> float:
        return super().inside + len(self._typed)

    def check_policy(self) -> None:
        assert self.told == self.lost, "the user is told of each"


class OfUnanswered(Driver):
    """Words without an answer; now and then one comes."""

    rests_at = 600.0
    exact = False

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._conversation = Conversation("", 600)

    def offer(self) -> None:
        self._conversation.go_on(f"and what about number {self.offered}?")
        waiting = self._conversation.messages_for("")[-1].content
        assert waiting.endswith(f"{self.offered}?"), "the newest stays"
        super().offer()

    def take(self) -> None:
        self.taken += 1
        if self.taken % 100 == 0:
            self._conversation.remember("so", "It is.", interrupted=False)

    def stats(self) -> BufferFill:
        return self._conversation.stats()[1]


class OfConversation(Driver):
    """Turns; nobody takes them."""

    rests_at = 600.0

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._conversation = Conversation("", 600)

    def offer(self) -> None:
        self._conversation.remember(f"what is number {self.offered}?", "It is what it is.", interrupted=False)
        super().offer()
        assert f"number {self.offered - 1}?" in self._conversation.messages_for("")[-3].content

    def stats(self) -> BufferFill:
        return self._conversation.stats()[0]

    @property
    def inside(self) -> float:
        return len(self._conversation.messages_for("")) // 2


class OfServerLine(Driver):
    """An event that never ends is refused, and the reply with it; a new reply is whole."""

    rate = 1
    rests_at = 0.0
    exact = False
    piece = b"x" * (1 << 16)
    growth = 1 << 20

    def __init__(self, _: Buffer) -> None:
        super().__init__()
        self._lines = EventLines()
        self._refusals = 0

    def offer(self) -> None:
        try:
            self._lines.feed(self.piece)
        except EngineError:
            self._refusals += 1
            self._lines = EventLines()
        super().offer()

    def take(self) -> None:
        if not self.pressed or self.offered % 40 == 0:
            self._lines.feed(b"\n")
            self._lines = EventLines()

    @property
    def lost(self) -> int:
        return self._refusals

    def stats(self) -> BufferFill:
        return SERVER_LINE.filled(self._lines.held, None)

    @property
    def inside(self) -> float:
        return 0
