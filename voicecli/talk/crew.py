"""The floor and its workers, joined, without threads: the worker that reports a fact runs the floor.

`post` takes one lock, has the floor decide, and puts its orders into the inboxes before it lets go. So
workers get orders in the order in which the floor gave them. Orders to the loudspeaker go to no inbox: `post`
sets an attribute, or drops what is buffered. No inbox makes a writer wait: a full one drops its oldest order.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from voicecli.events import WEIGHTS, weight
from voicecli.floor import Floor, ToldModel
from voicecli.floor import orders as to
from voicecli.floor.facts import DayTime, EngineLate
from voicecli.floor.stages import CONVERSION, DETECTOR, LANGUAGE_MODEL, TRANSCRIBER, TURN_MODEL, VOICE
from voicecli.listen.capture import Capture
from voicecli.listen.echo import canceller as echo
from voicecli.listen.echo.reference import Reference
from voicecli.network.trouble.leaving import leaving, stays_here
from voicecli.reply.conversation.prompt import begin
from voicecli.speak.playback import Playback
from voicecli.speak.voice import besides
from voicecli.talk.attempts import Attempts
from voicecli.talk.controls import Controls
from voicecli.talk.ear import Ear
from voicecli.talk.governor import Governor, bounds
from voicecli.talk.inboxes import EVENTS, FACTS, TO_AUTHOR, TO_EAR, TO_JUDGE, TO_MOUTH, TO_SCRIBE
from voicecli.talk.mouth import Mouth
from voicecli.talk.workers.author import Author
from voicecli.talk.workers.scribe import Scribe, TurnJudge
from voicecli.threads.channel import Channel, ChannelClosed
from voicecli.threads.log import Log
from voicecli.waiting.pressure import Reading
from voicecli.waiting.quality import SMALL, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.audio.streams import AudioStreams, OnOutput
    from voicecli.config import Config
    from voicecli.engines import Session
    from voicecli.events import Event
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import Order
    from voicecli.floor.stages import Fault, Stage
    from voicecli.messages import Int16
    from voicecli.system.clock import Clock
    from voicecli.waiting.buffers import BufferFill

T = TypeVar("T")


class Crew:
    """One floor, five workers, their inboxes, and what sound goes through."""

    def __init__(
        self,
        streams: AudioStreams,
        session: Session,
        config: Config,
        clock: Clock,
        began: float,
        *,
        push_to_talk: bool,
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        generator, language = session.generator.it, session.voice.it.language
        self._clock = clock
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self.events: Log[Event] = Log(EVENTS, WEIGHTS, weight)
        self.facts: Log[tuple[float, Fact, list[Order]]] = Log(FACTS)
        """Each fact, with the time when it was reported and the orders that the floor gave for it."""
        drafts = {"on": True, "off": False, "auto": generator.is_local}[config.generate.drafts]
        model = ToldModel(generator.name, generator.is_local, session.hint, drafts)
        self.floor = Floor(
            config.turn,
            model,
            language,
            began,
            lambda local: begin(config.conversation, generator, local, history),
            [*besides(session.voice.it), *session.voices],
            speaks_errors=config.synthesize.speak_errors == "on",
            leaves=leaving(session.recogniser.it, session.voice.it),
        )
        self.controls = Controls(clock, self.post, push_to_talk=push_to_talk)
        self.capture = Capture(streams.microphone, config.audio.ring_s)
        self.playback = Playback(streams.loudspeaker, config.playback)
        self.on_output: OnOutput = self.controls.over(self.playback.pull)
        self.reference: Reference | None = None
        make_canceller: Callable[[], echo.EchoCanceller | None] = _none
        if echo.wanted(config.audio):
            self.reference = Reference(streams.loudspeaker.rate_hz, config.audio.ring_s)
            make_canceller = partial(echo.EchoCanceller, self.reference, config.audio)
            self.on_output = _heard_by(self.reference, self.on_output)
        self.attempts = attempts = Attempts(clock, session.place, bounds(config))
        engines = {TRANSCRIBER: session.recogniser.it, VOICE: session.voice.it}
        elsewhere = {stage for stage, engine in engines.items() if not stays_here(engine)}
        elsewhere |= set() if generator.is_local else {LANGUAGE_MODEL}
        late = [each for each in (TRANSCRIBER, TURN_MODEL, VOICE, LANGUAGE_MODEL) if each not in elsewhere]
        self.governor = Governor(
            config.pressure,
            clock,
            self._queues,
            lambda: [Reading(stage.name, late_s=attempts.late_s(stage)) for stage in late],
            self.events.filled,
            self.post,
            tuple(step for step in STEPS if step is not SMALL or session.smaller is not None),
        )
        """Reports whether the talk keeps up. A server elsewhere may be slow for reasons of its own."""
        self.to_ear: Channel[to.ToEar] = Channel(TO_EAR)
        self.to_scribe: Channel[to.Transcribe] = Channel(TO_SCRIBE)
        self.to_judge: Channel[to.Judge] = Channel(TO_JUDGE)
        self.to_author: Channel[to.ToAuthor] = Channel(TO_AUTHOR)
        self.to_mouth: Channel[to.ToMouth] = Channel(TO_MOUTH)
        self.ear = Ear(
            streams,
            self.capture,
            session.detector,
            session.recogniser.it,
            self.playback,
            config,
            clock,
            controls=self.controls,
            make_canceller=make_canceller,
            attempts=attempts,
            inbox=self.to_ear,
            post=self.post,
            look_after=self.governor.look,
        )
        post, void_before = self.post, lambda: self.floor.void_before
        self.scribe = Scribe(session.recogniser, attempts, self.to_scribe, post, session.smaller)
        self.judge = TurnJudge(session.turn_model, attempts, self.to_judge, post)
        self.author = Author(session.generator, language, clock, attempts, self.to_author, post, void_before)
        self.mouth = Mouth(
            session.voice, self.playback, clock, attempts, self.to_mouth, post, void_before, session.voices
        )
        self._workers: dict[Stage, tuple[Callable[[Fault], None], Callable[[], None]]] = {
            TRANSCRIBER: (self.scribe.give_up, self.scribe.run),
            TURN_MODEL: (self.judge.give_up, self.judge.run),
            VOICE: (self.mouth.give_up, self.mouth.run),
            DETECTOR: (partial(self.ear.give_up, DETECTOR), self.listen),
            CONVERSION: (partial(self.ear.give_up, CONVERSION), self.listen),
        }
        """Who calls each engine: what to do when it hangs, and then, on another thread."""
        if config.generate.engine == "embedded":  # of a server the user sets how long it may take
            self._workers[LANGUAGE_MODEL] = self.author.give_up, self.author.run

    def listen(self) -> None:
        """Run the ear until the talk ends. Raises DeviceError when a device is gone for good."""
        self.ear.run(self.stop, lambda: self.looked_at(lambda floor: floor.idle))

    def given_up(self) -> list[tuple[Stage, Callable[[], None], Callable[[], None]]]:
        """Tell which engines are late, and give up those that hang; not while models are still read.

        For each that hangs: its stage, and what is to be done on a new thread, first and then.
        """
        ready = self.looked_at(lambda floor: floor.ready)
        found: list[tuple[Stage, Callable[[], None], Callable[[], None]]] = []
        for stage in self.attempts.late():
            self.post(EngineLate(stage))
            worker = self._workers.get(stage)
            fault = self.attempts.give_up(stage) if ready and worker is not None else None
            if worker is not None and fault is not None:
                report, run = worker
                found.append((stage, partial(report, fault), run))
        return found

    def begin(self) -> None:
        """Tell the floor the time of day, and hand out its first orders."""
        self.post(DayTime(self._clock.local()))
        self.ask(self.floor.start)

    def post(self, fact: Fact) -> None:
        """Any thread but the audio thread: report a fact to the floor, and hand out its orders."""
        self.ask(lambda now: self.floor.take(fact, now), fact)

    def ask(self, decide: Callable[[float], list[Order]], fact: Fact | None = None) -> None:
        """Call `decide` with the time, under the lock, and hand out the orders that it gives."""
        with self._lock:
            now, void_before = self._clock.now(), self.floor.void_before
            orders = decide(now)
            try:
                for order in orders:
                    self._hand_out(order)
                if self.floor.void_before > void_before:  # wake the mouth: its draft may be void
                    self.to_mouth.put(to.Drop(self.floor.void_before))
                if fact is not None:
                    self.facts.put((now, fact, orders))
            except ChannelClosed:  # nobody is left to be told, or to do it
                self.stop.set()

    def looked_at(self, look: Callable[[Floor], T]) -> T:
        """What `look` finds in the floor while it decides nothing."""
        with self._lock:
            return look(self.floor)

    def close(self) -> None:
        """Make all drafts void, drop what is to sound, and close the inboxes, which ends the workers."""
        self.stop.set()
        with self._lock:
            self.floor.stop()
            self.playback.drop(self.floor.void_before, self._clock.now())
        for inbox in (self.to_ear, self.to_scribe, self.to_judge, self.to_author, self.to_mouth):
            inbox.close()

    def _inboxes(self) -> list[BufferFill]:
        inboxes = (self.to_ear, self.to_scribe, self.to_judge, self.to_author, self.to_mouth)
        return [inbox.filled() for inbox in inboxes]

    def _queues(self) -> list[BufferFill]:
        """Sound, speech and orders that wait to be worked at: where these are full, the talk is behind."""
        floor = self.looked_at(lambda floor: (floor.scribing.stats(), floor.answering.stats()))
        return [self.capture.stats(), *floor, *self._inboxes()]

    def waits(self) -> list[BufferFill]:
        """How full the floor's queues and the inboxes are."""
        floor = self.looked_at(
            lambda floor: (
                floor.scribing.stats(),
                floor.scribing.looks(),
                floor.keys.stats(),
                *floor.memory.stats(),
                floor.answering.stats(),
            )
        )
        return [*floor, *self._inboxes()]

    def _hand_out(self, order: Order) -> None:  # noqa: C901  # one line an order
        match order:
            case to.Tell(event):
                self.events.put(event)
            case to.Playout("hold"):
                self.playback.hold()
            case to.Playout("duck"):
                self.playback.duck()
            case to.Playout():
                self.playback.resume()
            case to.Cue(language, text):
                self.playback.cues.play(language, text)
            case to.Drop(before):
                self.playback.drop(before, self._clock.now())
            case to.LetSound(draft):
                self.playback.open(draft)
                self.to_mouth.put(order)
            case to.Say() | to.Unsay() | to.End() | to.MakeCue():
                self.to_mouth.put(order)
            case to.ReadAhead() | to.Hurry() | to.Write() | to.GoOn():
                self.to_author.put(order)
            case to.Transcribe():
                self.to_scribe.put(order)
            case to.Judge():
                self.to_judge.put(order)
            case _:
                self.to_ear.put(order)


def _none() -> None:
    """Make no canceller: the settings ask for nothing that one does."""


def _heard_by(reference: Reference, pull: OnOutput) -> OnOutput:
    """Audio thread: what fills the loudspeaker's blocks is also the echo canceller's reference."""

    def on_output(block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001
        pull(block, at, device_ran_dry)
        reference.on_block(block, at)

    return on_output
