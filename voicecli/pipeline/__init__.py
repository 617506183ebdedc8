"""The order of the stages: five threads between two audio callbacks, joined by bounded channels.

    mic > ring > listen > [heard] > transcribe > [said] > reply > [clauses] > speak > jitter > loudspeaker
            ^       '---> [judged] > judge          ^                            |       ^
            |                 |         |           '-------- [outcomes] --------'       |
            '---- turn decision <-------+-- words                    gate ---------------'

    thread      owns                                     takes                    gives
    listen      capture, converter, echo canceller,
                detector, segmenter                      ring, drops oldest       Speech, the turn decision
    judge       turn model                               [judged], newest only    probability
    transcribe  transcriber, partial transcripts         [heard], drops oldest    Draft, WordsSoFar
    reply       conversation, language model, clauses    [said], waits            Clause, EndOfReply
    speak       synthesiser, playback                    [clauses], waits         sound, ReplyOutcome

At the first sign of a pause, or before, the words so far become a draft. It is answered and spoken into the
jitter buffer, which is silent until the listener takes the turn there. Who goes on speaking makes it void.

Ending is closing: a worker whose input ends closes its output. Failing is telling: what an engine raises ends
a turn, three times in a row the talk (`Faults`); a worker's own exception is kept and `check` raises it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from voicecli.audio.reference import Reference
from voicecli.buffers import EVENTS_LOST, LOST
from voicecli.channel import Channel
from voicecli.errors import VoicecliError
from voicecli.events import Status, Warned
from voicecli.listen import echo
from voicecli.listen.capture import Capture
from voicecli.listen.segment import State
from voicecli.pipeline.answering import Replying
from voicecli.pipeline.audit import WAITING, places
from voicecli.pipeline.controls import Controls
from voicecli.pipeline.faults import Faults, broken
from voicecli.pipeline.judging import Judging
from voicecli.pipeline.listening import Listening
from voicecli.pipeline.speaking import Speaking
from voicecli.pipeline.transcribing import Transcribing
from voicecli.pipeline.turns import Turns
from voicecli.speak.playback import Playback
from voicecli.worker import Worker

if TYPE_CHECKING:
    from voicecli.audio.streams import AudioStreams, OnOutput
    from voicecli.buffers import BufferFill
    from voicecli.clock import Clock
    from voicecli.config import Config
    from voicecli.engines import Engines
    from voicecli.events import Event
    from voicecli.log import Log
    from voicecli.messages import Clause, Draft, EndOfReply, Int16, ReplyOutcome, Speech, Typed, WordsSoFar


class Pipeline:
    """A talk, from `start` until `close`."""

    def __init__(
        self,
        streams: AudioStreams,
        engines: Engines,
        config: Config,
        clock: Clock,
        began: float,
        *,
        push_to_talk: bool = False,
    ) -> None:
        """`began` is the time the `t` of events is counted from, on `clock`."""
        self._streams = streams
        self._config = config
        self._engines = engines
        self._told: set[str] = set()
        self._before: dict[str, int] = defaultdict(int)
        self.controls = Controls(clock, push_to_talk=push_to_talk)
        """What keys may ask for."""
        self._capture = Capture(streams.microphone, config.audio.ring_s)
        self._playback = Playback(streams.loudspeaker, engines.synthesizer.rate_hz, config.playback)
        self._on_output: OnOutput = self.controls.over(self._playback.pull)
        canceller = None
        if echo.wanted(config.audio):
            reference = Reference(streams.loudspeaker.rate_hz, config.audio.ring_s)
            canceller = echo.EchoCanceller(reference, config.audio)
            self._on_output = _heard_by(reference, self._on_output)
        self._turns = Turns(clock, began, self._playback.open)
        self._faults = faults = Faults(self._turns)
        # More utterances than a person says while one is transcribed; clauses for half a minute of speech.
        heard: Channel[Speech | Typed] = Channel("heard", 8, "drop_oldest")
        judged: Channel[Speech] = Channel("judged", 1, "drop_oldest")
        said: Channel[Draft | WordsSoFar] = Channel("said", 8, "wait")
        clauses: Channel[Clause | EndOfReply] = Channel("clauses", 8, "wait")
        outcomes: Channel[ReplyOutcome] = Channel("outcomes", 8, "drop_oldest")
        self._channels = (heard, judged, said, clauses, outcomes)
        transcribing = Transcribing(engines.transcriber, heard, self._turns, said, faults)
        judging = Judging(engines.completion, judged, self._turns, faults)
        self._listening = Listening(
            streams,
            self._capture,
            engines.detector,
            self._playback,
            self._turns,
            config,
            transcribing,
            judging,
            controls=self.controls,
            canceller=canceller,
            faults=faults,
        )
        replying = Replying(engines, config.conversation, self._turns, said, clauses, outcomes, faults)
        speaking = Speaking(engines.synthesizer, self._playback, self._turns, clauses, outcomes, faults)

        def end_listening() -> None:
            judged.close()
            heard.close()

        self._workers = [
            Worker("listen", self._listening.run, end_listening),
            Worker("judge", judging.run, lambda: None),
            Worker("transcribe", transcribing.run, said.close),
            Worker("reply", replying.run, clauses.close),
            Worker("speak", speaking.run, outcomes.close),
        ]

    @property
    def events(self) -> Log[Event]:
        """What happens, for any number of readers; who comes before `start` misses nothing."""
        return self._turns.events

    def start(self) -> None:
        """Open the devices and begin; the first `Listening` is told when all is warm. Raises DeviceError."""
        self._streams.start(self._capture.on_block, self._on_output)
        self._listening.hearing.check()  # which devices it begins with is told before `Listening`
        for worker in self._workers:
            worker.start()

    def close(self, timeout_s: float = 0.8) -> bool:
        """Stop the reply, then the workers, then the devices; say whether all ended in time.

        The language model is closed with them: a request under way would last as long as its server likes.
        """
        self._turns.stop.set()
        self._playback.drop(self._turns.draft + 1, self._turns.clock.now())
        for channel in self._channels:
            channel.close()
        self._engines.generator.close()
        deadline = self._turns.clock.now() + timeout_s
        ended = [worker.join(max(0.0, deadline - self._turns.clock.now())) for worker in self._workers]
        released = self._streams.close()
        self.events.close()
        return released and all(ended)

    def tell_losses(self) -> None:
        """Warn of each counter that should be zero and is not, once; for views that do not show them."""
        for name, count in self.status().losses.items():
            if count and name not in self._told and name != EVENTS_LOST:  # each reader tells its own
                self._told.add(name)
                remedy = "close what keeps the processor busy; more latency_ms in the settings helps too"
                self.warn(f"{LOST[name]} ({name}: {count} so far)", remedy)

    def warn(self, found: str, remedy: str) -> None:
        """Tell all readers of what is not as it should be, and what to do. Raises Closed after the end."""
        self.events.put(Warned(self._turns.elapsed_s(), found, remedy))

    def check(self) -> None:
        """Raise what a worker failed with, if one has; warn of an engine that hangs.

        Raises DeviceError; StageError, where an engine fails again and again, and for any other exception.
        """
        self._faults.look()
        for worker in self._workers:
            match worker.failure:
                case None:
                    pass
                case Exception() as failure if not isinstance(failure, VoicecliError):
                    raise broken(worker.name, failure) from failure
                case failure:
                    raise failure

    @property
    def idle(self) -> bool:
        """Whether it listens, the user is silent and every turn is dealt with."""
        return self._turns.ready and self._listening.idle

    def status(self) -> Status:
        """A glance, for a live view."""
        return Status(
            state=self._state(),
            level_dbfs=self._listening.level_dbfs,
            floor_dbfs=self._listening.segmenter.floor.dbfs,
            microphone=self._streams.microphone.name,
            loudspeaker=self._streams.loudspeaker.name,
            model=self._engines.generator.name,
            hint=self._engines.hint,
            losses=self._losses(),
            barge_in=self._listening.hearing.barge_in,
            loading=f"the language model: {self._engines.generator.name}",
            threshold_dbfs=self._listening.segmenter.threshold_dbfs,
            heard_so_far=self._playback.heard(self._turns.clock.now()),
            waiting=self._waiting(),
            microphone_muted=self.controls.microphone_muted,
            voice_muted=self.controls.voice_muted,
            push_to_talk=self.controls.push_to_talk,
            talk_key_down=self.controls.open and self.controls.push_to_talk,
        )

    def _waiting(self) -> dict[str, int]:
        waiting: dict[str, int] = defaultdict(int)
        for channel in self._channels:
            waiting[WAITING[channel.name]] += channel.stats().fill
        return waiting

    def _losses(self) -> dict[str, int]:
        """Counters that should be zero; what was lost while a model was still being read harmed nobody."""
        jitter = self._playback.jitter
        counts = {
            "microphone overflows": self._capture.overflows,
            "microphone samples lost": self._capture.lost,
            "loudspeaker underflows": jitter.device_underruns,
            "gaps in the reply": jitter.underruns,
            "pieces of speech lost": self._channels[0].stats().drops,
            EVENTS_LOST: self.events.lost,
        }
        if not self._turns.ready:
            self._before = counts
        return {name: count - self._before[name] for name, count in counts.items()}

    def buffers(self) -> list[BufferFill]:
        """Every place where sound or text waits, in the order it passes them."""
        waits = [*(channel.stats() for channel in self._channels), *self.events.stats()]
        return places(self._streams, self._capture, waits, self._playback, self._config.audio)

    def _state(self) -> Literal["loading", "listening", "hearing", "thinking", "speaking"]:
        if not self._turns.ready:
            return "loading"  # a server may take minutes for it
        if self._listening.segmenter.state in (State.SPEAKING, State.STOPPING):
            return "hearing"
        if self._turns.settled == self._turns.newest:
            return "listening"
        return "speaking" if self._playback.jitter.sounding else "thinking"


def _heard_by(reference: Reference, pull: OnOutput) -> OnOutput:
    """Audio thread: what fills the loudspeaker's blocks is also the echo canceller's reference."""

    def on_output(block: Int16, at: float, device_ran_dry: bool) -> None:  # noqa: FBT001
        pull(block, at, device_ran_dry)
        reference.on_block(block, at)

    return on_output
