"""The gate: ScoredFrame -> SegmentEvent. Pure: no clock, no thread, no model.

    state     quiet   starting   speaking  stopping  speaking  stopping             quiet
    frames    . . . . # # #      # # # #   . . .     # # #     . . . . . . . . .   . . .
    event                  Started           Paused  Resumed       Paused      Utterance
    kept    |- pre-roll -|------------ speech ---------------|- trail -|

An utterance ends after the hangover, or earlier where the caller of the gate says so (`end`).

A frame is speech when the detector's probability and its level over the tracked noise floor both say so.
Speech begins at the onset probability and goes on at the lower release one: a soft syllable does not end it.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from voicecli.audio.level import end_of_sound
from voicecli.listen.gate.noise_floor import NoiseFloor
from voicecli.listen.gate.runs import last_run, spans
from voicecli.listen.loss import BRIDGED_S, bridge
from voicecli.messages import (
    FRAME_S,
    FRAME_SAMPLES,
    RATE_HZ,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
)
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.config import SegmentConfig
    from voicecli.messages import Float32Frame, ScoredFrame, SegmentEvent
    from voicecli.waiting.buffers import BufferFill

TRAIL_S = 0.2
"""Sound kept after the last speech frame: final consonants are softer than the release threshold."""

PAUSE_FRAMES = 2
"""Quiet frames in a row that are the first sign of a pause: one alone is also found inside words."""

SHORT_HANGOVER_S = 0.5
"""Silence after which a sound too short for speech is given up."""

CLEAR = 0.9
"""A frame of this probability is surely speech. Four of five frames of a voice reach it; hardly any of keys,
coughs, music, hum and hiss do; of a crowd, only frames in which one voice stands out do."""

HEARD_DB = 35.0
"""Nobody hears a sound this far below the loudest of the last second: the end of the sound lies before it."""

WORDS_DB = 18.0
"""A sound this far below the loudest, with no pause before it, is a word dying away: the end of the words."""

END_SEARCH_S = 1.0
"""The end of the sound is looked for in the last second."""

SPLIT_SEARCH_S = 5.0
"""An utterance that grew too long is split where it is quietest in its last seconds, this many of them."""

GAP_FRAMES = 4
"""0.13 s: the shortest gap between words; a stop consonant inside a word is quiet for 50 to 100 ms."""


def segment_sound(longest_s: float) -> Buffer:
    """Speech under way, until a pause, or its length, ends it."""
    why = (
        "a recogniser takes whole phrases; longer speech is split where it is quietest, and the call that "
        "fills the segment hands the first part on; up to 2 s of silence in place of lost sound come on top"
    )
    return Buffer("segment", "ms", (longest_s + BRIDGED_S) * 1000, "block", why, "segment.max_utterance_s")


class State(Enum):
    """What the gate takes the newest frame for; the drawing at the top of this file shows the order."""

    QUIET = "quiet"
    STARTING = "starting"
    SPEAKING = "speaking"
    STOPPING = "stopping"


class Segmenter:
    """Cuts a stream of scored frames into utterances; every frame belongs to at most one."""

    def __init__(self, config: SegmentConfig, hangover_s: float) -> None:
        """`hangover_s`: silence that ends an utterance."""
        self._config = config
        self._preroll = round(config.preroll_ms / 1000 / FRAME_S)
        self._hangover = max(1, round(hangover_s / FRAME_S))
        self._short_hangover = min(self._hangover, round(SHORT_HANGOVER_S / FRAME_S))
        self._shortest = config.min_speech_ms / 1000 / FRAME_S
        # A hangover is subtracted: an utterance is not split in a pause, which may add a hangover to it.
        self._longest = round(config.max_utterance_s / FRAME_S) - self._hangover
        self.floor = NoiseFloor()
        self._declared, self._peak = segment_sound(config.max_utterance_s), 0
        self.reset()

    def stats(self) -> BufferFill:
        """How much is held, the pre-roll included."""
        ms, held = FRAME_S * 1000, len(self._held)
        return self._declared.filled(held * ms, max(self._peak, held) * ms)

    def reset(self) -> None:
        """Forget the frames held; the noise floor is kept."""
        self.state = State.QUIET
        self._held: deque[ScoredFrame] = deque()
        self._onset = 0  # index in _held of the first speech frame
        self._last = 0  # index in _held of the last speech frame
        self._spoken = 0  # speech frames in this utterance
        self._continues = False  # the utterance before this one was split
        self._expected = -1
        self._lost = 0  # samples of this utterance that never came
        self._paused = False  # SpeechPaused was told, and nothing was said since

    @property
    def threshold_dbfs(self) -> float:
        """Level that a frame of speech has at least, dBFS."""
        return max(self._config.min_level_dbfs, self.floor.dbfs + self._config.snr_db)

    @property
    def quiet_dbfs(self) -> float:
        """Level below which the next frame cannot matter, whatever it sounds like, dBFS."""
        return self.threshold_dbfs if self.state is State.QUIET else -math.inf

    @property
    def pause_s(self) -> float:
        """Seconds since the last speech frame; 0 unless the speech of an utterance has paused."""
        return (len(self._held) - 1 - self._last) * FRAME_S if self.state is State.STOPPING else 0.0

    @property
    def spoken_s(self) -> float:
        """Seconds of speech in this utterance."""
        return self._spoken * FRAME_S

    def so_far(self) -> Utterance:
        """The utterance that is going on, up to its newest frame."""
        return self._utterance(len(self._held), self._held[-1], complete=True)

    def end(self) -> list[SegmentEvent]:
        """End the utterance that is going on, before the hangover is over; no event where there is none."""
        if self.state not in (State.SPEAKING, State.STOPPING):
            return []
        events = self._end(self._held[-1])
        # The silence that ended this utterance, without its own trail, is the pre-roll of the next.
        spare = max(self._trail_end(), len(self._held) - self._preroll)
        kept, expected = list(self._held)[spare:], self._expected
        self.reset()
        self._held.extend(kept)
        self._expected = expected
        return events

    def keep(self, frames: int) -> float:
        """Let the speech under way begin `frames` frames ago; give the time at which it then began, s.

        The frames before were the agent's echo; of them only the pre-roll is kept.
        """
        spare = max(0, len(self._held) - frames - self._preroll)
        for _ in range(spare):
            self._held.popleft()
        self._onset = max(self._onset - spare, len(self._held) - frames)
        self._last = max(self._last - spare, self._onset)
        self._spoken = min(self._spoken, len(self._held) - self._onset)
        return self._held[self._onset].frame.captured_at

    def push(self, scored: ScoredFrame) -> list[SegmentEvent]:
        """Take the next frame; give the events that are certain with it, in order."""
        whole = self._expected in (-1, scored.frame.position)
        events = [] if whole else self._after_loss(scored.frame)
        self._expected = scored.frame.position + FRAME_SAMPLES
        self._held.append(scored)
        self._peak = max(self._peak, len(self._held))
        if self.state in (State.QUIET, State.STARTING):
            return events + self._before_speech(scored)
        return events + self._in_speech(scored)

    def _after_loss(self, frame: Float32Frame) -> list[SegmentEvent]:
        """Samples were lost before `frame`: within speech, silence stands for them and counts as no pause."""
        lost = frame.position - self._expected
        silence = list(bridge(lost, frame)) if self.state in (State.SPEAKING, State.STOPPING) else []
        if not silence or len(self._held) > self._longest:
            return self.flush()
        self._held.extend(silence)
        self._last += len(silence)
        self._lost += lost
        return []

    def flush(self) -> list[SegmentEvent]:
        """End what is going on, as at the end of a recording."""
        events = self._end(self._held[-1]) if self.state in (State.SPEAKING, State.STOPPING) else []
        self.reset()
        return events

    def _is_speech(self, scored: ScoredFrame, probability: float) -> bool:
        return scored.probability >= probability and scored.level_dbfs >= self.threshold_dbfs

    def _goes_on(self, scored: ScoredFrame) -> bool:
        return self._is_speech(scored, self._config.release_probability)

    def _before_speech(self, scored: ScoredFrame) -> list[SegmentEvent]:
        if not self._is_speech(scored, self._config.onset_probability):
            if scored.probability < self._config.release_probability:
                self.floor.update(scored.level_dbfs)
            self.state = State.QUIET
            self._spoken = 0
            while len(self._held) > self._preroll:
                self._held.popleft()
            return []
        self.state = State.STARTING
        self._spoken += 1
        if self._spoken < self._config.onset_frames:
            return []
        self.state = State.SPEAKING
        self._last = len(self._held) - 1
        self._onset = len(self._held) - self._spoken
        first = self._held[self._onset].frame
        return [SpeechStarted(first.position, first.captured_at)]

    def _in_speech(self, scored: ScoredFrame) -> list[SegmentEvent]:
        if self._goes_on(scored):
            self.state = State.SPEAKING
            self._spoken += 1
            self._last = len(self._held) - 1
            events: list[SegmentEvent] = []
            if self._paused:
                self._paused = False
                events.append(SpeechResumed(scored.frame.position, scored.frame.captured_at))
            return events + (self._split() if len(self._held) >= self._longest else [])
        self.state = State.STOPPING
        quiet = len(self._held) - 1 - self._last
        if quiet >= self._hangover or (self._too_short and quiet >= self._short_hangover):
            return self.end()
        if quiet == PAUSE_FRAMES and not self._too_short:
            self._paused = True
            return [SpeechPaused(self.so_far())]
        return []

    @property
    def _too_short(self) -> bool:
        return self._spoken < self._shortest and not self._continues

    def _trail_end(self) -> int:
        return min(len(self._held), self._last + 1 + round(TRAIL_S / FRAME_S))

    def _end(self, newest: ScoredFrame) -> list[SegmentEvent]:
        if self._too_short:
            return [SpeechDropped(self._held[self._onset].frame.position, newest.frame.captured_at + FRAME_S)]
        return [self._utterance(self._trail_end(), newest, complete=True)]

    def _split(self) -> list[SegmentEvent]:
        search = min(round(SPLIT_SEARCH_S / FRAME_S), self._longest // 2)
        levels = [scored.level_dbfs for scored in list(self._held)[-search:-1]]  # no cut after the newest
        quiet = [sum(levels[at : at + GAP_FRAMES]) for at in range(len(levels) - GAP_FRAMES + 1)]
        gap = min(range(len(quiet)), key=quiet.__getitem__)
        within = min(range(gap, gap + GAP_FRAMES), key=levels.__getitem__)
        at = len(self._held) - 1 - len(levels) + within + 1
        event = self._utterance(at, self._held[-1], complete=False)
        for _ in range(at):
            self._held.popleft()
        self._last = len(self._held) - 1
        self._onset = 0
        self._lost = 0
        self._continues = True
        return [event]

    def _utterance(self, frames: int, newest: ScoredFrame, *, complete: bool) -> Utterance:
        held = list(self._held)[:frames]
        kept = [scored.frame for scored in held]
        last = min(self._last, frames - 1)
        samples = np.concatenate([frame.samples for frame in kept])
        until = kept[-1].captured_at + FRAME_S
        searched = round(END_SEARCH_S * RATE_HZ)
        # A softer voice may have spoken last: compared with a louder one before, it would count as silence.
        speech = [self._goes_on(scored) for scored in held]
        alone = min(searched, (len(held) - last_run(speech, last, PAUSE_FRAMES)) * FRAME_SAMPLES)

        def ended_at(size: int, range_db: float) -> float:
            tail = samples[-size:]
            return until - (tail.size - end_of_sound(tail, RATE_HZ, self.floor.dbfs, range_db)) / RATE_HZ

        return Utterance(
            samples=samples,
            start=kept[0].position,
            speech_end=kept[last].position + FRAME_SAMPLES,
            speech_ended_at=ended_at(searched, HEARD_DB),
            words_ended_at=ended_at(alone, WORDS_DB),
            decided_at=newest.frame.captured_at + FRAME_S,
            complete=complete,
            clear_s=sum(scored.probability >= CLEAR for scored in held) * FRAME_S,
            spans=spans(speech),
            lost_s=self._lost / RATE_HZ,
        )
