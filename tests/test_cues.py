"""Cues as sound: beside the reply, never over it; and in a talk that is stepped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.seats import attempts, seat
from tests.stepped import BLOCK, BLOCK_S, LATENCY_S, Stepped
from tests.test_talking import RATE_HZ, Beeper, silence, tone
from voicecli import events
from voicecli.audio.level import level_dbfs, to_float
from voicecli.audio.streams import StreamFormat
from voicecli.config import AudioConfig, PlaybackConfig, TurnConfig
from voicecli.floor.facts import CueMade, EngineFailed
from voicecli.floor.orders import LONGEST_CUE_S, MakeCue
from voicecli.listen.echo.residual import Residual
from voicecli.messages import Clause, SpokenChunk
from voicecli.speak import cues
from voicecli.speak.jitter import FADE_S
from voicecli.speak.playback import Playback
from voicecli.system.clock import FakeClock
from voicecli.talk.mouth import Mouth
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import ToMouth
    from voicecli.messages import Int16

START_AT = 500.0
TONE_S = 0.14
WORD = np.full(RATE_HZ // 2, 8000, np.int16)
REPLY = np.full(RATE_HZ // 2, 4000, np.int16)


class Speaker:
    """A playback, and what a loudspeaker took from it."""

    def __init__(self) -> None:
        self.playback = Playback(StreamFormat("speaker", RATE_HZ, 1, LATENCY_S), PlaybackConfig())
        self.blocks: list[Int16] = []

    @property
    def at(self) -> float:
        """When the first sample of the next block sounds."""
        return START_AT + len(self.blocks) * BLOCK_S

    def pulls(self, seconds: float) -> Int16:
        count = round(seconds / BLOCK_S)
        for _ in range(count):
            block = np.ones(BLOCK, np.int16)
            self.playback.pull(block, self.at, False)
            self.blocks.append(block)
        return np.concatenate(self.blocks[-count:])

    def reply(self, samples: Int16 = REPLY, draft: int = 1) -> None:
        """A whole reply is ready, and may sound."""
        self.playback.begin(draft)
        assert self.playback.feed(iter([SpokenChunk(Clause(1, draft, 0, "word"), samples, RATE_HZ)]))
        self.playback.finish()
        self.playback.open(draft)

    def asks(self, text: str = "") -> None:
        self.playback.cues.play("", text)


def test_the_tone_is_short_and_soft_and_begins_and_ends_in_silence() -> None:
    for rate_hz in (16_000, 22_050, 48_000):
        sound = to_float(cues.tone(rate_hz))
        assert len(sound) / rate_hz == pytest.approx(TONE_S, abs=0.001)
        assert level_dbfs(sound) == pytest.approx(cues.TONE_DBFS, abs=0.1)
        assert np.abs(np.diff(np.concatenate([[0], sound, [0]]))).max() < 0.02
        assert np.abs(sound[[0, -1]]).max() < 0.0005


def test_a_cue_sounds_from_the_next_block_on_and_once() -> None:
    speaker = Speaker()
    assert not speaker.pulls(0.1).any()
    speaker.asks()
    begins_at = speaker.at
    first = speaker.pulls(2 * BLOCK_S)
    assert speaker.playback.audible(begins_at + BLOCK_S, 0.0)
    assert not speaker.playback.audible(begins_at - BLOCK_S, 0.0)
    sound = np.concatenate([first, speaker.pulls(1.0)])
    assert np.array_equal(sound[: len(cues.tone(RATE_HZ))], cues.tone(RATE_HZ))
    assert not sound[len(cues.tone(RATE_HZ)) :].any()
    assert speaker.playback.audible(begins_at + 0.1, 0.0)
    assert not speaker.playback.audible(begins_at + TONE_S + 0.01, 0.0)
    assert speaker.playback.audible(begins_at + TONE_S + 0.01, 0.1), "the tail, as of any sound"
    speaker.asks()
    assert speaker.pulls(0.5).any(), "the same once more"


def test_a_reply_that_is_ready_follows_the_cue_with_no_gap_and_no_overlap_and_whole() -> None:
    speaker = Speaker()
    speaker.asks()
    first = speaker.pulls(BLOCK_S)
    speaker.reply()
    begins_at = speaker.at - BLOCK_S
    rest = speaker.pulls(1.5)
    sound, cue = np.concatenate([first, rest]), cues.tone(RATE_HZ)
    assert np.array_equal(sound[: len(cue)], cue)
    begin = int(np.flatnonzero(sound[len(cue) :])[0]) + len(cue)
    assert begin - len(cue) < BLOCK, "less than a block"
    fade = round(FADE_S * RATE_HZ)
    assert np.array_equal(sound[begin + fade : begin - 1 + len(REPLY) - fade], REPLY[fade : -fade - 1])
    assert speaker.playback.first_sound_at() == pytest.approx(begins_at + TONE_S, abs=BLOCK_S)
    assert speaker.playback.heard(speaker.at) == "word"


def test_a_cue_that_comes_too_late_is_lost() -> None:
    speaker = Speaker()
    speaker.reply()
    before = speaker.pulls(0.1)
    speaker.asks()
    assert speaker.pulls(0.1).max() == before.max() == REPLY.max()
    rest = speaker.pulls(1.0)
    over = len(REPLY) - round(0.2 * RATE_HZ) + 2 * BLOCK
    assert rest[: over - 3 * BLOCK].all()
    assert not rest[over:].any(), "not after the reply either"
    speaker.reply(draft=2)
    speaker.asks()
    speaker.pulls(1.0)
    assert not speaker.playback.cues.sounding, "both at once: the reply"


@pytest.mark.parametrize("how", ["duck", "hold", "drop"])
def test_a_cue_falls_silent_at_once_without_a_click_and_does_not_go_on(how: str) -> None:
    speaker = Speaker()
    speaker.playback.cues.keep("", "word", WORD, RATE_HZ, LONGEST_CUE_S)
    speaker.asks("word")
    before = speaker.pulls(0.1)
    match how:
        case "duck":
            speaker.playback.duck()
        case "hold":
            speaker.playback.hold()
        case _:
            speaker.playback.drop(2, speaker.at)
    falls_at = speaker.at
    sound = speaker.pulls(0.4)
    silent_from = round(FADE_S * RATE_HZ)
    assert not sound[silent_from:].any()
    assert np.abs(np.diff(np.concatenate([before[-1:], sound]))).max() < 8000 / silent_from * 2
    assert speaker.playback.audible(falls_at + FADE_S / 2, 0.0)
    assert speaker.playback.audible(falls_at + 2 * FADE_S, 0.1), "the tail, as of any sound"
    assert not speaker.playback.audible(falls_at + 2 * FADE_S, 0.0)
    speaker.playback.resume()
    assert not speaker.pulls(0.4).any()


def test_a_phrase_is_kept_without_the_silence_after_it_at_the_rate_of_the_loudspeaker() -> None:
    speaker = Speaker()
    at = np.arange(12_000) / 24_000
    word = (8000 * np.sin(2 * np.pi * 300 * at)).astype(np.int16)
    assert speaker.playback.cues.keep(
        "", "word", np.concatenate([word, np.zeros(24_000, np.int16)]), 24_000, LONGEST_CUE_S
    )
    speaker.asks("word")
    sound = speaker.pulls(1.0)
    assert np.flatnonzero(sound)[-1] / RATE_HZ == pytest.approx(0.5, abs=0.02)


def test_a_phrase_is_that_of_its_language() -> None:
    speaker = Speaker()
    assert speaker.playback.cues.keep("de", "word", WORD, RATE_HZ, LONGEST_CUE_S)
    speaker.playback.cues.play("", "word")
    assert np.count_nonzero(speaker.pulls(1.0)) <= len(cues.tone(RATE_HZ)), "the main voice has none"
    speaker.playback.cues.play("de", "word")
    assert np.count_nonzero(speaker.pulls(1.0)) == len(WORD)


@pytest.mark.parametrize("seconds", [0.0, LONGEST_CUE_S + 0.05])
def test_a_phrase_that_is_too_long_is_not_kept_and_the_tone_stands_for_it(seconds: float) -> None:
    speaker = Speaker()
    assert not speaker.playback.cues.keep("", "word", tone(seconds), RATE_HZ, LONGEST_CUE_S)
    speaker.asks("word")
    assert np.array_equal(speaker.pulls(1.0)[: len(cues.tone(RATE_HZ))], cues.tone(RATE_HZ))


@pytest.mark.parametrize("fails", [False, True])
def test_the_mouth_makes_a_phrase_and_a_voice_that_fails_on_it_is_no_strike(fails: bool) -> None:
    clock, voice = FakeClock(), Beeper()
    told: list[Fact] = []
    voice.fails = [RuntimeError("no")] if fails else []
    speaker = Speaker()
    inbox: Channel[ToMouth] = Channel(Buffer("to the mouth", "orders", 9, "block", "a test"))
    mouth = Mouth(seat(voice), speaker.playback, clock, attempts(clock), inbox, told.append, lambda: 0)
    mouth.take(MakeCue("", "two words"))
    assert told[-1] == CueMade("", "two words", not fails)
    failed = [fact for fact in told if isinstance(fact, EngineFailed)]
    assert [fact.counts for fact in failed] == ([False] if fails else [])


# ---- a talk


def waiting(talk: Stepped) -> None:
    """Somebody asks; the answer is not begun, and the cue is due 1 s after the turn has ended."""
    talk.hears(silence(0.3), tone(0.6))
    while (turn := talk.exchange.turns.get(1)) is None or turn.answer is None:
        talk.hears(silence(BLOCK_S))
        talk.judges()
        talk.transcribes()
    talk.told()
    talk.played.clear()


def with_cues(audio: AudioConfig | None = None, *lines: str) -> Stepped:
    turn = TurnConfig(thinking="sound")
    return Stepped("what time is it", *lines, turn=turn, audio=audio or AudioConfig(headphones=True))


def sound_of(talk: Stepped) -> Int16:
    return np.concatenate(talk.played)


def test_in_a_talk_the_cue_is_heard_and_told_and_the_reply_is_as_without_it() -> None:
    talk = with_cues()
    waiting(talk)
    talk.hears(silence(1.4))
    begin, end = np.flatnonzero(sound_of(talk))[[0, -1]]
    assert begin / RATE_HZ == pytest.approx(1.0, abs=0.1)
    assert (end - begin) / RATE_HZ == pytest.approx(TONE_S, abs=0.02)
    (told,) = [event for event in talk.told() if isinstance(event, events.Cued)]
    assert (told.turn, told.count, told.text) == (1, 1, None)
    talk.works()
    talk.hears(silence(3.0))
    talk.works()
    (done,) = [event for event in talk.told() if isinstance(event, events.TurnDone)]
    assert done.heard == "You said: what time is it."
    assert done.latency_ms["total"] > 1400, "from the reply's first sound, not from the cue's"


def test_speech_over_the_cue_silences_it_within_two_frames_and_goes_on_with_the_question() -> None:
    talk = with_cues(None, "in Oslo")
    waiting(talk)
    while not talk.crew.playback.sounding:
        talk.hears(silence(BLOCK_S))
    talk.played.clear()
    talk.hears(tone(0.5, 1))
    last_s = np.flatnonzero(sound_of(talk))[-1] / RATE_HZ
    assert last_s < 3 * 0.032 + BLOCK_S
    for _ in range(40):
        talk.hears(silence(0.1))
        talk.works()
    assert [words[-1].content for words in talk.answers.asked][-1] == "what time is it in Oslo"


def test_in_half_duplex_nothing_is_heard_of_the_user_while_the_cue_sounds() -> None:
    """As while the agent speaks; then they are heard again."""
    talk = with_cues(AudioConfig(echo="off"), "in Oslo")
    waiting(talk)
    while not talk.crew.playback.sounding:
        talk.hears(silence(BLOCK_S))
    talk.played.clear()
    talk.hears(tone(0.2, 1))
    assert np.flatnonzero(sound_of(talk))[-1] / RATE_HZ > 0.1, "it goes on"
    assert talk.exchange.newest == 1
    talk.hears(silence(0.6), tone(0.5, 1))
    assert talk.exchange.newest == 2


@pytest.mark.parametrize(("notes", "learnt"), [(1, False), (5, True)])
def test_the_echo_is_not_learnt_from_cues(*, notes: int, learnt: bool) -> None:
    """A room carries a note as it likes: the echo of the next words could pass for a person."""
    cue = np.tile(to_float(cues.tone(RATE_HZ)), notes)
    far = np.concatenate([silence(1.0), *[np.append(cue, silence(4.0)) for _ in range(3)]]).astype(np.float32)
    echo = far * np.float32(0.5)
    residual = Residual()
    states = [
        residual.push(far[at : at + RATE_HZ // 100], heard, heard * np.float32(0.03))
        for at in range(0, far.size - RATE_HZ // 100, RATE_HZ // 100)
        for heard in [echo[at : at + RATE_HZ // 100]]
    ]
    assert any(state.bounded for state in states) == learnt
