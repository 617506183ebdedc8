"""Playback against a scripted loudspeaker: how far ahead it runs, when clauses begin, and what was heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.messages import Clause, SpokenChunk
from voicecli.speak.jitter import FADE_S
from voicecli.speak.playback import Playback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.messages import Int16

VOICE_HZ = 16_000
BLOCK_S = 0.02
LATENCY_S = 0.06
START_AT = 500.0


def sound(seconds: float, silent_first_s: float = 0.0) -> Int16:
    """Steady loud samples after some silence; its lower bits count, so that places can be told apart."""
    samples = (10_000 + np.arange(round(seconds * VOICE_HZ)) % 5000).astype(np.int16)
    samples[: round(silent_first_s * VOICE_HZ)] = 0
    return samples


class Room:
    """A loudspeaker on a scripted clock, and the speaking thread's part, one block at a time."""

    def __init__(self, rate_hz: int = VOICE_HZ, config: PlaybackConfig | None = None) -> None:
        loudspeaker = StreamFormat("test", rate_hz, 1, LATENCY_S)
        self.playback = Playback(loudspeaker, config or PlaybackConfig())
        self._block = round(BLOCK_S * rate_hz)
        self._rate_hz = rate_hz
        self._blocks: list[Int16] = []
        self._chunks: Iterator[SpokenChunk] = iter(())
        self._clauses = 0

    @property
    def now(self) -> float:
        return START_AT + len(self._blocks) * BLOCK_S

    @property
    def played(self) -> Int16:
        return np.concatenate(self._blocks)

    def pull(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            block = np.zeros(self._block, np.int16)
            self.playback.pull(block, self.now + LATENCY_S, False)
            self._blocks.append(block)

    def begin(self, draft: int) -> None:
        """A reply that is wanted at once."""
        self.playback.begin(draft)
        self.playback.open(draft)

    def load(self, text: str, samples: Int16, turn: int = 1) -> None:
        """Give a clause that `feed` moves on."""
        self.give(SpokenChunk(Clause(turn, turn, self._clauses, text), samples, VOICE_HZ))

    def give(self, *chunks: SpokenChunk) -> None:
        """Give chunks that `feed` moves on."""
        self._chunks = iter(chunks)
        self._clauses += 1

    def feed(self) -> bool:
        """What the speaking thread does each time it looks; whether all that was given is through."""
        return self.playback.feed(self._chunks)

    def pump(self) -> None:
        """Pull until all that was given is through."""
        for _ in range(1000):
            if self.feed():
                return
            self.pull()
        pytest.fail("the clause never got through")

    def say(self, text: str, samples: Int16, turn: int = 1, parts: int = 1) -> None:
        """Have it said, in several parts as a voice gives them."""
        clause, to_come = Clause(turn, turn, self._clauses, text), samples.size
        chunks = []
        for part in np.array_split(samples, parts):
            to_come -= part.size
            chunks.append(SpokenChunk(clause, part, VOICE_HZ, (), to_come))
        self.give(*chunks)
        self.pump()

    def end(self) -> None:
        """Finish the reply and pull until it is done."""
        self.playback.finish()
        for _ in range(1000):
            if self.playback.done(self.now):
                return
            self.pull()
        pytest.fail("the reply never ended")

    def sounded_at(self, text_sample: int) -> float:
        """When sample `text_sample` of all that was played met the air."""
        return START_AT + LATENCY_S + text_sample / self._rate_hz


def test_all_that_is_said_is_played_once_and_in_order() -> None:
    room = Room()
    room.begin(1)
    clauses = [sound(0.4), sound(2.0), sound(0.3)]
    for number, samples in enumerate(clauses):
        room.say(f"clause {number}", samples)
    room.end()
    said, played = np.concatenate(clauses), room.played
    first = np.nonzero(played)[0][0] - 1  # a fade begins with a zero
    np.testing.assert_array_equal(played[first + 128 : first + said.size - 128], said[128:-128])
    assert room.playback.jitter.underruns == 0
    assert room.playback.jitter.waiting == 0


def test_a_text_without_end_is_played_whole_though_nothing_is_kept_of_it() -> None:
    room = Room()
    room.begin(1)
    clauses = [sound(0.4), sound(1.0), sound(0.3)]
    for number, samples in enumerate(clauses):
        room.say(f"clause {number}", samples)
        room.playback.forget()
        assert not room.playback._placed
    room.end()
    said, played = np.concatenate(clauses), room.played
    first = np.nonzero(played)[0][0] - 1
    np.testing.assert_array_equal(played[first + 128 : first + said.size - 128], said[128:-128])


def test_chunks_are_asked_for_one_by_one_as_credit_allows_and_parts_of_a_clause_belong_together() -> None:
    room = Room()
    room.begin(1)
    samples, asked = sound(3.0), 0

    def chunks() -> Iterator[SpokenChunk]:
        nonlocal asked
        for index, text in enumerate(("a b c d", "e f g h")):
            clause, to_come = Clause(1, 1, index, text), samples.size // 2
            for part in np.array_split(samples[index * to_come : (index + 1) * to_come], 3):
                to_come -= part.size
                asked += 1
                yield SpokenChunk(clause, part, VOICE_HZ, (), to_come)

    parts, heard, most = chunks(), [], []
    while not room.playback.feed(parts):
        most.append(asked)
        room.pull()
        heard += [clause.text for clause in room.playback.begun(room.now)]
    assert most[0] == 2  # of 0.5 s each, and 0.8 s of credit
    assert room.playback.feed(parts), "there is nothing more"
    room.end()
    played = room.played
    first = np.nonzero(played)[0][0] - 1
    np.testing.assert_array_equal(played[first + 128 : first + samples.size - 128], samples[128:-128])
    assert heard == ["a b c d", "e f g h"]
    assert room.playback.heard(room.now) == "a b c d e f g h"


@pytest.mark.parametrize(("ahead_ms", "blocks"), [(800, 40), (300, 15), (200, 12.5)])
def test_synthesis_runs_ahead_no_further_than_allowed(ahead_ms: int, blocks: float) -> None:
    room = Room(config=PlaybackConfig(ahead_ms=ahead_ms, jitter_max_ms=250))
    room.begin(1)
    room.load("long", sound(3.0))
    for _ in range(20):
        assert not room.feed()
    jitter = room.playback.jitter
    # Never less than the jitter target may grow to, or the reply would wait for ever.
    assert jitter.waiting == blocks * BLOCK_S * VOICE_HZ
    room.pull(3)
    assert jitter.waiting == (blocks - 3) * BLOCK_S * VOICE_HZ
    assert not room.feed()
    assert jitter.waiting == blocks * BLOCK_S * VOICE_HZ


def test_credit_reaches_as_far_as_the_jitter_target() -> None:
    room = Room(config=PlaybackConfig(ahead_ms=200, jitter_min_ms=900, jitter_max_ms=1000))
    room.begin(1)
    room.say("long", sound(3.0))
    room.end()
    assert room.playback.heard(room.now) == "long"


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 44_100, 48_000])
def test_for_another_rate_nothing_is_held_back_and_places_stay_true(rate_hz: int, parts: int) -> None:
    """Two clauses of a tone, silence between: each is whole, and where it should be."""
    room = Room(rate_hz)
    room.begin(1)
    tone = (12_000 * np.sin(np.arange(VOICE_HZ // 2) * 2 * np.pi * 500 / VOICE_HZ)).astype(np.int16)
    silence = np.zeros(VOICE_HZ // 10, np.int16)
    for text in ("one", "two"):
        room.say(text, np.concatenate((silence, tone)), parts=parts)
        # Through, so all of it is in the buffer.
        assert room.playback._placed[-1].end == room.playback.jitter.pushed
    room.end()
    played = room.played.astype(float)
    begin = room.playback.jitter.began
    first = round((begin.at - START_AT - LATENCY_S) * rate_hz)
    heard = played[first : first + round(1.2 * rate_hz)]
    times = np.arange(heard.size) / rate_hz
    within = times % 0.6
    expected = np.where(within >= 0.1, 12_000 * np.sin(2 * np.pi * 500 * (within - 0.1)), 0.0)
    inside = (within > 0.12) & (within < 0.58) | (within > 0.02) & (within < 0.08)
    assert np.abs(heard - expected)[inside].max() < 150
    assert not played[first + round((1.2 + FADE_S) * rate_hz) :].any()
    assert [placed.audible - placed.begin for placed in room.playback._placed] == [
        pytest.approx(0.1 * rate_hz, abs=0.011 * rate_hz)
    ] * 2


def test_a_clause_has_begun_when_its_first_audible_sample_is_in_the_air() -> None:
    room = Room()
    room.begin(1)
    room.say("one", sound(0.3, silent_first_s=0.1))
    room.say("two", sound(0.5, silent_first_s=0.2))
    began: dict[str, float] = {}
    room.playback.finish()
    while len(began) < 2:
        for clause in room.playback.begun(room.now):
            assert clause.text not in began
            began[clause.text] = room.now
        room.pull()
    reply_began = room.sounded_at(0)
    assert began["one"] == pytest.approx(reply_began + 0.1, abs=BLOCK_S + 0.001)
    assert began["two"] == pytest.approx(reply_began + 0.5, abs=BLOCK_S + 0.001)
    assert room.playback.begun(room.now) == []


def test_the_first_sound_has_the_time_the_device_gave_it() -> None:
    room = Room()
    room.begin(1)
    room.pull(7)
    assert room.playback.first_sound_at() is None
    room.say("one", sound(0.5, silent_first_s=0.1))
    assert room.playback.first_sound_at() is None
    room.pull(5)
    assert room.playback.first_sound_at() is None  # taken by the device: 100 ms of silence
    room.pull()
    assert room.playback.first_sound_at() == pytest.approx(room.sounded_at(7 * 320) + 0.1)
    room.end()
    assert room.playback.first_sound_at() == pytest.approx(room.sounded_at(7 * 320) + 0.1)
    room.begin(2)
    assert room.playback.first_sound_at() is None


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.52, 0.533])
def test_a_reply_is_done_when_its_last_sample_has_sounded(seconds: float) -> None:
    room = Room()
    room.begin(1)
    room.say("one two", sound(seconds))
    room.end()
    assert room.now == pytest.approx(room.sounded_at(round(seconds * VOICE_HZ)), abs=BLOCK_S + 0.001)
    assert room.now >= room.sounded_at(round(seconds * VOICE_HZ)) - 0.001
    assert room.playback.heard(room.now) == "one two"
    room.pull(10)
    assert room.playback.done(room.now)  # and stays so


def test_a_reply_without_a_clause_is_done_at_once() -> None:
    room = Room()
    for turn in (1, 2):
        room.begin(turn)
        room.playback.finish()
        assert room.playback.done(room.now)
        assert room.playback.heard(room.now) == ""
        room.begin(turn)
        room.say("one", sound(0.3), turn)
        room.end()


def test_a_clause_without_a_sample_is_neither_begun_nor_in_the_way() -> None:
    room = Room()
    room.begin(1)
    room.say("nothing", np.zeros(0, np.int16))
    room.say("one", sound(0.3))
    room.end()
    assert room.playback.first_sound_at() == pytest.approx(room.sounded_at(0))


def test_when_it_first_sounded_is_known_also_after_it_ran_dry_before_anybody_looked() -> None:
    room = Room()
    room.begin(1)
    room.pull(3)
    room.say("one", sound(0.3))
    room.pull(30)  # all of it, and silence: the next clause is late
    assert room.playback.jitter.underruns == 1
    room.say("two", sound(0.3))
    room.end()
    assert room.playback.jitter.began.position > 0
    assert room.playback.first_sound_at() == pytest.approx(room.sounded_at(3 * 320))
    room.begin(2)
    assert room.playback.first_sound_at() is None
    room.say("three", sound(0.3), turn=2)
    room.pull(5)
    assert room.playback.first_sound_at() == room.playback.jitter.began.at


def test_of_a_reply_that_is_held_in_its_leading_silence_the_sound_counts_that_comes_after() -> None:
    room = Room()
    room.begin(1)
    room.say("one", sound(0.5, silent_first_s=0.1))
    room.pull(2)
    room.playback.hold()
    room.pull(10)
    room.playback.resume()
    room.end()
    began = room.playback.jitter.began
    first = round(0.1 * room.playback.jitter.rate_hz)
    assert 0 < began.position < first
    assert room.playback.first_sound_at() == pytest.approx(began.at + 0.1 - began.position / 16_000, abs=1e-3)


@pytest.mark.parametrize("parts", [1, 3])
def test_words_are_heard_by_the_share_of_their_clause_that_has_sounded(parts: int) -> None:
    room = Room()
    room.begin(1)
    room.say("a b c d", sound(0.5, silent_first_s=0.1), parts=parts)
    room.say("e f", sound(0.2), parts=parts)
    room.playback.finish()
    room.pull(50)
    heard = {
        seconds: room.playback.heard(room.sounded_at(round(seconds * VOICE_HZ)))
        for seconds in (0.0, 0.1, 0.19, 0.21, 0.45, 0.501, 0.61, 0.701)
    }
    assert heard == {
        0.0: "",
        0.1: "",
        0.19: "",
        0.21: "a",
        0.45: "a b c",
        0.501: "a b c d",
        0.61: "a b c d e",
        0.701: "a b c d e f",
    }


def test_of_a_clause_whose_rest_is_still_to_come_only_the_words_that_sounded_are_heard() -> None:
    room = Room()
    room.begin(1)
    first, rest = np.split(sound(0.8), [round(0.2 * VOICE_HZ)])
    room.give(SpokenChunk(Clause(1, 1, 0, "a b c d"), first, VOICE_HZ, (), rest.size))
    room.pump()
    room.pull(20)
    assert room.playback.jitter.underruns == 1  # the rest did not come in time
    assert room.playback.heard(room.now) == "a"
    room.give(SpokenChunk(Clause(1, 1, 0, "a b c d"), rest, VOICE_HZ))
    room.pump()
    room.end()
    assert room.playback.heard(room.now) == "a b c d"
    assert room.playback.jitter.target_s == pytest.approx(0.2)  # more is waited for from now on


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_where_the_voice_tells_the_ends_of_its_words_these_count(rate_hz: int) -> None:
    room = Room(rate_hz)
    room.begin(1)
    ends = tuple(round(seconds * VOICE_HZ) for seconds in (0.1, 0.4, 0.5))
    room.give(SpokenChunk(Clause(1, 1, 0, "a long b"), sound(0.5), VOICE_HZ, ends))
    room.pump()
    ends = tuple(round(seconds * VOICE_HZ) for seconds in (0.1, 0.2, 0.3, 0.4))
    room.give(SpokenChunk(Clause(1, 1, 1, "in 1984"), sound(0.4), VOICE_HZ, ends))
    room.pump()
    room.playback.finish()
    room.pull(60)
    heard = {
        seconds: room.playback.heard(room.sounded_at(round(seconds * rate_hz)))
        for seconds in (0.09, 0.11, 0.39, 0.41, 0.51, 0.65, 0.75, 0.91)
    }
    assert heard == {
        0.09: "",
        0.11: "a",
        0.39: "a",
        0.41: "a long",
        0.51: "a long b",
        0.65: "a long b",
        0.75: "a long b in",
        0.91: "a long b in 1984",
    }


def interrupted(at_blocks: int = 15) -> tuple[Room, float]:
    """A reply of two seconds and eight words, cut off; and when."""
    room = Room()
    room.begin(1)
    room.load("a b c d e f g h", sound(2.0))
    room.feed()
    for _ in range(at_blocks):
        room.feed()
        room.pull()
    cut = room.now
    room.playback.drop(2, cut)
    return room, cut


def test_a_dropped_reply_falls_silent_takes_no_more_and_is_never_done() -> None:
    room, _ = interrupted()
    assert room.feed()  # there is nothing left to move
    before = len(room.played)
    room.pull(100)
    assert not room.played[before + VOICE_HZ // 100 :].any()
    assert not room.playback.done(room.now)
    assert room.playback.jitter.waiting == 0


def test_of_a_dropped_reply_only_what_had_sounded_is_heard() -> None:
    room, cut = interrupted()
    expected = int((cut - room.sounded_at(0)) / 0.25)
    assert expected == 0
    assert room.playback.heard(cut) == ""
    room, cut = interrupted(40)
    assert room.playback.heard(cut) == "a b"
    room.pull(200)
    assert room.playback.heard(room.now) == "a b"


def test_a_second_drop_moves_no_cut() -> None:
    """The user may begin again before the speaking thread has seen the first time."""
    room, _ = interrupted(40)
    room.pull(200)
    room.playback.drop(3, room.now)
    assert room.playback.heard(room.now) == "a b"
    room.begin(2)  # a reply that is not wanted any more either
    room.say("x y", sound(1.0), turn=2)
    room.pull(50)
    assert room.playback.heard(room.now) == ""
    assert room.playback.begun(room.now) == []


def test_a_reply_dropped_before_its_first_sound_has_no_time_of_it() -> None:
    room = Room()
    room.begin(1)
    room.say("one", sound(0.5, silent_first_s=0.2))
    room.pull(3)
    room.playback.drop(2, room.now)
    room.pull(20)
    assert room.playback.first_sound_at() is None
    assert room.playback.begun(room.now) == []


def test_after_a_drop_the_next_reply_plays() -> None:
    room, _ = interrupted()
    room.pull(3)
    room.begin(2)
    room.say("x y", sound(0.4), turn=2)
    room.end()
    assert room.playback.heard(room.now) == "x y"
    assert room.playback.done(room.now)


def test_it_is_audible_from_its_first_sample_to_a_tail_after_its_last() -> None:
    room = Room()
    room.begin(1)
    room.pull(10)
    began, ended = room.sounded_at(10 * 320), room.sounded_at(10 * 320 + round(0.3 * VOICE_HZ))
    assert not room.playback.audible(room.now, 0.25)
    room.say("one", sound(0.3))
    room.pull(3)
    assert not room.playback.audible(began - 0.001, 0.25)
    assert room.playback.audible(began, 0.25)
    assert room.playback.audible(ended + 9, 0.25)  # as far as is known while it sounds
    room.end()
    room.pull(3)
    assert room.playback.audible(ended - 0.001, 0.0)
    assert not room.playback.audible(ended + 0.001, 0.0)
    assert room.playback.audible(ended + 0.249, 0.25)
    assert not room.playback.audible(ended + 0.251, 0.25)


def test_the_tail_of_a_sound_is_not_forgotten_when_the_next_is_on_its_way() -> None:
    """After a gap within a reply the microphone would hear the end of what was said before it."""
    room = Room()
    room.begin(1)
    room.say("one", sound(0.3))
    room.pull(20)  # it runs dry
    ended = room.playback.jitter.ended_at
    room.say("two", sound(0.6))
    room.pull()
    assert room.playback.jitter.began.at > ended + 0.05
    for at in (ended + 0.001, ended + 0.05):
        assert room.playback.audible(at, 0.25)
    room.end()
    assert room.playback.heard(room.now) == "one two"


# ---- a reply that is not yet wanted


def test_a_reply_waits_ready_to_sound_until_it_is_let_out() -> None:
    room = Room()
    room.playback.begin(1)
    room.say("one two", sound(0.5))
    room.playback.finish()
    room.pull(50)
    assert not room.played.any()
    assert room.playback.begun(room.now) == []
    assert room.playback.first_sound_at() is None
    assert not room.playback.done(room.now)
    assert room.playback.heard(room.now) == ""
    assert not room.playback.audible(room.now, 0.0)
    room.playback.open(1)
    room.end()
    assert room.playback.first_sound_at() == pytest.approx(room.sounded_at(50 * 320))
    assert [clause.text for clause in room.playback.begun(room.now)] == ["one two"]
    assert room.playback.heard(room.now) == "one two"


def test_a_reply_that_is_held_back_is_synthesised_no_further_ahead_than_any() -> None:
    room = Room()
    room.playback.begin(1)
    room.load("long", sound(3.0))
    for _ in range(20):
        assert not room.feed()
        room.pull()
    assert room.playback.jitter.waiting == room.playback.jitter.capacity
    room.playback.open(1)
    room.pump()
    room.end()
    assert room.playback.heard(room.now) == "long"


def test_a_reply_that_was_never_let_out_is_gone_when_the_next_begins() -> None:
    room = Room()
    room.playback.begin(1)
    room.say("wrong", sound(0.3))
    room.playback.finish()
    room.pull(5)
    room.playback.begin(2)
    room.say("right", sound(0.4), turn=2)
    room.pull(5)
    assert not room.played.any()
    room.playback.open(2)
    room.end()
    assert np.count_nonzero(room.played) == pytest.approx(0.4 * VOICE_HZ, abs=FADE_S * VOICE_HZ)
    assert room.playback.heard(room.now) == "right"


def test_a_reply_dropped_while_held_back_makes_no_sound_and_was_not_heard() -> None:
    room = Room()
    room.playback.begin(1)
    room.say("wrong", sound(0.5))
    room.playback.finish()
    room.pull(5)
    room.playback.drop(2, room.now)
    room.playback.open(1)  # too late
    room.pull(50)
    assert not room.played.any()
    assert room.playback.heard(room.now) == ""
    assert not room.playback.done(room.now)
    assert room.playback.first_sound_at() is None


# ---- a reply that somebody speaks over


def test_while_it_is_held_a_reply_gets_no_further_and_is_not_done() -> None:
    room = Room()
    room.begin(1)
    room.load("a b c d", sound(0.8))
    room.pump()
    room.playback.finish()
    room.pull(20)
    room.playback.hold()
    room.pull(100)
    assert room.playback.heard(room.now) == "a b"
    assert not room.playback.done(room.now)
    assert not room.playback.audible(room.now, 0.25)
    room.playback.resume()
    room.end()
    assert room.playback.heard(room.now) == "a b c d"
    assert room.playback.jitter.underruns == 0
    # All but the two fades, which are heard twice.
    assert np.count_nonzero(room.played) == pytest.approx(0.8 * VOICE_HZ, abs=3 * FADE_S * VOICE_HZ)


def test_of_a_reply_dropped_while_it_is_held_what_sounded_before_is_heard() -> None:
    room = Room()
    room.begin(1)
    room.load("a b c d", sound(0.8))
    room.pump()
    room.playback.finish()
    room.pull(20)
    room.playback.hold()
    room.pull(100)
    room.playback.drop(2, room.now)
    room.playback.resume()
    room.pull(10)
    assert room.playback.heard(room.now) == "a b"
    assert not room.played[-110 * 320 + 320 :].any()


def test_who_looks_only_when_something_is_due_misses_nothing() -> None:
    room = Room()
    room.begin(1)
    parts = np.array_split(sound(6.0), 4)
    to_come = np.cumsum([part.size for part in parts[::-1]])[::-1]
    one, other = Clause(1, 1, 0, "one"), Clause(1, 1, 1, "other")
    room.give(
        *(
            SpokenChunk(one, part, VOICE_HZ, (), int(rest - part.size))
            for part, rest in zip(parts, to_come, strict=True)
        ),
        SpokenChunk(other, sound(1.0, silent_first_s=0.2), VOICE_HZ),
    )
    looks, begun, through = 0, {}, False
    while not (through and room.playback.done(room.now)):
        looks += 1
        through = through or room.feed()
        if through:
            room.playback.finish()
        for clause in room.playback.begun(room.now):
            begun[clause.text] = room.now
        room.pull(max(1, round(room.playback.due_s(room.now) / BLOCK_S)))
    assert room.playback.jitter.underruns == 0
    assert looks < 40, "7 s of sound, and a look for each half of what is ahead, each clause and the end"
    assert begun["one"] < START_AT + 0.1
    first_of_other = room.sounded_at(sound(6.0).size + round(0.2 * VOICE_HZ))
    assert 0 <= begun["other"] - first_of_other < 0.1
