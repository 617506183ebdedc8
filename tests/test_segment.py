"""The gate on scripted frames: when speech begins and ends, what is kept, and that no frame is kept twice.

A script is a string, one character a frame: `#` speech, `s` softer speech (over release, not onset),
`.` silence, `q` speech too quiet to be one, `n` loud noise that is no speech.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicecli.config import SegmentConfig
from voicecli.listen.gate.noise_floor import START_DBFS, NoiseFloor
from voicecli.listen.gate.segment import SHORT_HANGOVER_S, SPLIT_SEARCH_S, Segmenter, State
from voicecli.messages import (
    FRAME_S,
    FRAME_SAMPLES,
    RATE_HZ,
    Float32Frame,
    ScoredFrame,
    SegmentEvent,
    SpeechDropped,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Utterance,
)

PROBABILITY = {"#": 0.9, "s": 0.4, ".": 0.05, "q": 0.9, "n": 0.05}
LEVEL_DBFS = {"#": -20.0, "s": -25.0, ".": -70.0, "q": -72.0, "n": -30.0}
START_AT = 10.0
PREROLL, HANGOVER, TRAIL = 4, 5, 6  # frames

CONFIG = SegmentConfig(
    onset_frames=3,
    preroll_ms=128,
    min_speech_ms=160,  # 5 frames
    max_utterance_s=25.0,
)


def frame(index: int, kind: str, level_dbfs: float | None = None) -> ScoredFrame:
    """Frame number `index`, whose samples carry its number."""
    samples = np.full(FRAME_SAMPLES, index / 2**15, np.float32)
    placed = Float32Frame(samples, index * FRAME_SAMPLES, START_AT + index * FRAME_S)
    return ScoredFrame(placed, PROBABILITY[kind], LEVEL_DBFS[kind] if level_dbfs is None else level_dbfs)


def run(
    script: str, config: SegmentConfig = CONFIG, longest: int = 0, hangover: int = HANGOVER
) -> list[SegmentEvent]:
    """Push the whole script, then flush. A blank is a frame that was lost."""
    segmenter = Segmenter(config, hangover * FRAME_S)
    if longest:
        segmenter._longest = longest
    events: list[SegmentEvent] = []
    for index, kind in enumerate(script):
        if kind != " ":
            events += segmenter.push(frame(index, kind))
    return events + segmenter.flush()


def told(events: list[SegmentEvent]) -> list[str]:
    """Events in a few characters: kind and the frames they speak of; pauses have a test of their own."""
    lines = []
    for event in events:
        match event:
            case SpeechPaused() | SpeechResumed():
                pass
            case SpeechStarted():
                lines.append(f"started {event.position // FRAME_SAMPLES}")
            case SpeechDropped():
                lines.append(f"dropped {event.position // FRAME_SAMPLES}")
            case Utterance():
                first = event.start // FRAME_SAMPLES
                after = first + event.samples.size // FRAME_SAMPLES
                speech_end = event.speech_end // FRAME_SAMPLES
                lines.append(f"{first}-{after} to {speech_end}{'' if event.complete else ' split'}")
    return lines


def test_an_utterance_tells_how_much_of_it_is_clearly_speech() -> None:
    (utterance,) = [event for event in run("....####ss##....." + "." * 5) if isinstance(event, Utterance)]
    assert utterance.clear_s == pytest.approx(6 * FRAME_S)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("." * 30, [], id="silence"),
        pytest.param("..........##..........", [], id="two frames are no onset"),
        pytest.param("..........##.##.##....", [], id="nor are two again and again"),
        pytest.param("..........###.........", ["started 10", "dropped 10"], id="three are, but too short"),
        pytest.param("..........####........", ["started 10", "dropped 10"], id="four are too short"),
        pytest.param(
            "..........#####........", ["started 10", "6-20 to 15"], id="five: pre-roll, speech, hangover"
        ),
        pytest.param("######.......", ["started 0", "0-11 to 6"], id="speech in the very first frame"),
        pytest.param("..######.......", ["started 2", "0-13 to 8"], id="less before it than the pre-roll"),
        pytest.param(
            "..........###.#..#...#....#.....", ["started 10", "6-32 to 27"], id="pauses below the hangover"
        ),
        pytest.param(
            "......#####.....#####.....", ["started 6", "2-16 to 11", "started 16", "16-26 to 21"],
            id="the pause of exactly the hangover ends it, and is not kept twice",
        ),
        pytest.param(
            "......#####....#####......", ["started 6", "2-25 to 20"], id="one frame less joins both"
        ),
        pytest.param("..........###ssss.......", ["started 10", "6-22 to 17"], id="soft speech goes on"),
        pytest.param("..........sssssssss.....", [], id="but does not begin"),
        pytest.param("..........qqqqqqqqq.....", [], id="what is too quiet is no speech"),
        pytest.param("..........#####qqqqqqqq.", ["started 10", "6-20 to 15"], id="and ends it"),
        pytest.param("..........nnnnnnnnn.....", [], id="loud noise is no speech"),
        pytest.param("..........########", ["started 10", "6-18 to 18"], id="flushed while speaking"),
        pytest.param("..........########..", ["started 10", "6-20 to 18"], id="flushed while stopping"),
        pytest.param("..........##", [], id="flushed while starting"),
        pytest.param("..........####", ["started 10", "dropped 10"], id="flushed too short"),
        pytest.param(
            "......##### #####.....", ["started 6", "2-22 to 17"], id="a loss in the middle does not end it"
        ),
        pytest.param("......#####...    ..", ["started 6", "2-20 to 15"], id="what was lost is no pause"),
        pytest.param(
            "......#####" + " " * 63 + "#####.....", ["started 6", "2-11 to 11", "started 74", "74-84 to 79"],
            id="a long loss ends it, and what follows begins anew",
        ),
        pytest.param("......## #........", [], id="no onset across a loss"),
        pytest.param(
            "......## #####.....", ["started 9", "9-19 to 14"], id="no pre-roll from before a loss"
        ),
    ],
)  # fmt: skip
def test_cases(script: str, expected: list[str]) -> None:
    assert told(run(script)) == expected


def test_an_utterance_tells_how_much_of_it_never_came() -> None:
    both = [event for event in run("......####   ##.....     ######.....") if isinstance(event, Utterance)]
    assert [event.lost_s for event in both] == [pytest.approx(3 * FRAME_S), 0.0]


def test_a_loss_that_is_no_whole_number_of_frames_keeps_positions_true() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    events = [event for index in range(6) for event in segmenter.push(frame(index, "#"))]
    for index in range(8, 12):
        placed = frame(index, "#")
        late = Float32Frame(placed.frame.samples, placed.frame.position + 100, placed.frame.captured_at)
        events += segmenter.push(ScoredFrame(late, placed.probability, placed.level_dbfs))
    events += segmenter.flush()
    whole = events[-1]
    assert isinstance(whole, Utterance)
    assert whole.speech_end == 12 * FRAME_SAMPLES + 100
    assert whole.lost_s == pytest.approx((2 * FRAME_SAMPLES + 100) / RATE_HZ)


def test_the_trail_is_kept_and_the_rest_of_the_hangover_is_not() -> None:
    script = "......#####" + "." * 30
    assert told(run(script, hangover=15)) == ["started 6", "2-17 to 11"]
    # The silence after the trail is the next one's pre-roll.
    again = "......#####" + "." * 15 + "#####" + "." * 15
    assert told(run(again, hangover=15))[-1] == "22-37 to 31"
    long = CONFIG.model_copy(update={"preroll_ms": 640})
    assert (
        told(run(again, long, hangover=15))[-1] == "17-37 to 31"
    )  # all of it, but not what the first has kept
    lost = "......#####" + "." * 15 + " #####" + "." * 15
    assert told(run(lost, long, hangover=15))[-1] == "27-38 to 32"  # and not across a loss


def test_without_preroll_an_utterance_begins_with_its_onset() -> None:
    config = CONFIG.model_copy(update={"preroll_ms": 0})
    assert told(run("......#####.....", config)) == ["started 6", "6-16 to 11"]


def test_one_onset_frame_begins_at_once() -> None:
    config = CONFIG.model_copy(update={"onset_frames": 1, "min_speech_ms": 0})
    assert told(run("......#.......", config)) == ["started 6", "2-12 to 7"]


def test_events_come_with_the_frame_that_makes_them_certain() -> None:
    segmenter, events = Segmenter(CONFIG, HANGOVER * FRAME_S), {}
    states = []
    for index, kind in enumerate("..........#####......"):
        events[index] = segmenter.push(frame(index, kind))
        states.append(segmenter.state.name[:3])
    assert [index for index, found in events.items() if found] == [12, 16, 19]
    assert states == ["QUI"] * 10 + ["STA"] * 2 + ["SPE"] * 3 + ["STO"] * 4 + ["QUI"] * 2


def test_times_are_those_of_the_samples() -> None:
    started, paused, utterance = run("..........#####......")
    assert isinstance(paused, SpeechPaused)
    assert paused.so_far.decided_at == pytest.approx(START_AT + 17 * FRAME_S)
    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(START_AT + 10 * FRAME_S)
    assert isinstance(utterance, Utterance)
    assert utterance.speech_end == 15 * FRAME_SAMPLES
    assert utterance.decided_at == pytest.approx(START_AT + 20 * FRAME_S)
    _, dropped = run("..........####......")
    assert isinstance(dropped, SpeechDropped)
    assert dropped.at == pytest.approx(START_AT + 19 * FRAME_S)


def test_long_speech_is_split_at_its_quietest_frame_and_no_sample_is_lost() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    segmenter._longest = 40
    events: list[SegmentEvent] = []
    for index in range(100):
        events += segmenter.push(frame(index, "#", -40.0 if index in (30, 55) else -20.0))
    events += segmenter.flush()
    # The first reaches 40 frames and is split after frame 30, the second after frame 55.
    assert told(events) == ["started 0", "0-31 to 31 split", "31-56 to 56 split", *told(events)[3:]]
    assert [event.complete for event in events if isinstance(event, Utterance)][-1]
    pieces = np.concatenate([event.samples for event in events if isinstance(event, Utterance)])
    np.testing.assert_array_equal(pieces[::FRAME_SAMPLES] * 2**15, np.arange(100))


def test_only_the_end_is_searched_for_the_place_to_split() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    search = round(SPLIT_SEARCH_S / FRAME_S)
    segmenter._longest = search + 50
    events = [
        event
        for index in range(search + 50)
        for event in segmenter.push(frame(index, "#", -45.0 if index == 20 else -20.0 - index / 100))
    ]
    assert told(events) == ["started 0", f"0-{search + 49} to {search + 49} split"]


def test_what_follows_a_split_is_never_too_short() -> None:
    """It is the rest of a turn that was long enough."""
    assert told(run("#" * 38 + "s#......", longest=40)) == ["started 0", "0-39 to 39 split", "39-45 to 40"]


def test_nor_where_it_was_split_before_it_was_long_enough() -> None:
    """Pauses are no speech, and there may be many of them."""
    config = CONFIG.model_copy(update={"min_speech_ms": 320})  # 10 frames
    assert told(run("###" + "....#" * 4 + ".....", config, longest=20))[-1].endswith("to 23")


@pytest.mark.parametrize("spoken", range(140, 160))
def test_no_utterance_is_longer_than_allowed_wherever_its_pauses_are(spoken: int) -> None:
    """Each frame is quieter than the one before, so that it is split as late as can be."""
    config = CONFIG.model_copy(update={"max_utterance_s": 5.0})  # 156 frames
    segmenter, events = Segmenter(config, HANGOVER * FRAME_S), []
    for index, kind in enumerate("#" * spoken + "...." + "#" * 200 + "....."):
        events += segmenter.push(frame(index, kind, LEVEL_DBFS[kind] - index / 100))
    utterances = [event for event in events if isinstance(event, Utterance)]
    assert [utterance.complete for utterance in utterances] == [False, False, True]
    assert max(utterance.duration_s for utterance in utterances) <= 5.0
    assert sum(utterance.samples.size for utterance in utterances) == (spoken + 209) * FRAME_SAMPLES


def test_the_noise_floor_rises_slowly_and_falls_fast() -> None:
    floor = NoiseFloor()
    assert floor.dbfs == START_DBFS
    second = round(1 / FRAME_S)
    for _ in range(second):
        floor.update(-30.0)
    assert floor.dbfs == pytest.approx(START_DBFS + 4.0, abs=0.2)
    for _ in range(20 * second):
        floor.update(-30.0)
    assert floor.dbfs == pytest.approx(-30.0)
    for _ in range(second // 2):
        floor.update(-90.0)
    assert floor.dbfs == pytest.approx(-60.0, abs=2.0)
    for _ in range(second):
        floor.update(-90.0)
    assert floor.dbfs == pytest.approx(-90.0)


def test_in_a_loud_room_only_what_stands_out_is_speech() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    index = 0
    for _ in range(700):
        assert segmenter.push(frame(index, "n")) == []
        index += 1
    assert segmenter.floor.dbfs == pytest.approx(LEVEL_DBFS["n"])
    for _ in range(10):  # sounds like speech, but is no louder than the room
        assert segmenter.push(frame(index, "#", LEVEL_DBFS["n"] + CONFIG.snr_db - 0.1)) == []
        index += 1
    assert segmenter.floor.dbfs == pytest.approx(LEVEL_DBFS["n"])  # and does not teach the floor
    events = []
    for _ in range(3):
        events += segmenter.push(frame(index, "#", LEVEL_DBFS["n"] + CONFIG.snr_db + 0.1))
        index += 1
    assert len(events) == 1


def test_speech_does_not_raise_the_floor() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    for index in range(300):
        segmenter.push(frame(index, "#" if index % 8 else "."))
    assert segmenter.floor.dbfs == START_DBFS


def test_the_floor_outlives_a_flush_and_frames_do_not() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    for index in range(100):
        segmenter.push(frame(index, "n"))
    floor = segmenter.floor.dbfs
    assert floor > START_DBFS
    assert segmenter.flush() == []
    assert segmenter.floor.dbfs == floor
    assert segmenter.state is State.QUIET
    events = [event for index in range(3) for event in segmenter.push(frame(index + 100, "#", -5.0))]
    assert told(events) == ["started 100"]
    assert told(segmenter.flush()) == ["dropped 100"]


@settings(deadline=None, max_examples=150)
@given(
    script=st.lists(
        st.tuples(st.sampled_from("#s.qn "), st.integers(1, 30)).map(lambda run: run[0] * run[1])
    ).map("".join),
    onset=st.integers(1, 4),
    preroll_ms=st.integers(0, 600),
    hangover=st.integers(1, 25),
    min_speech_ms=st.integers(0, 300),
    longest=st.integers(40, 60),
)
def test_utterances_are_the_input_at_their_positions_in_order_and_never_twice(
    script: str, onset: int, preroll_ms: int, hangover: int, min_speech_ms: int, longest: int
) -> None:
    config = SegmentConfig(onset_frames=onset, preroll_ms=preroll_ms, min_speech_ms=min_speech_ms)
    end, open_turn, after_split, paused, lost_s = 0, False, False, False, 0.0
    for event in run(script, config, longest, hangover):
        match event:
            case SpeechStarted():
                assert not open_turn
                assert event.position >= end
                assert script[event.position // FRAME_SAMPLES] == "#"
                open_turn, paused = True, False
            case SpeechPaused():
                assert open_turn
                assert not paused
                paused = True
                assert (
                    event.so_far.samples[-FRAME_SAMPLES] * 2**15
                    == event.so_far.speech_end // FRAME_SAMPLES + 1
                )
            case SpeechResumed():
                assert open_turn
                assert paused
                paused = False
            case SpeechDropped():
                assert open_turn
                assert not after_split
                open_turn = False
            case Utterance():
                assert open_turn
                assert event.start >= end
                assert event.start == end or not after_split  # a split loses no sample
                first, count = event.start // FRAME_SAMPLES, event.samples.size // FRAME_SAMPLES
                taken = script[first : first + count]
                came = np.array([kind != " " for kind in taken])
                np.testing.assert_array_equal(
                    event.samples[::FRAME_SAMPLES] * 2**15, np.where(came, np.arange(first, first + count), 0)
                )
                lost_s += event.lost_s - taken.count(" ") * FRAME_S
                assert (
                    lost_s >= -1e-9
                )  # with a split, of which the first part tells of all that was lost so far
                assert "#" in script[first : first + count] or after_split
                assert event.decided_at >= event.speech_ended_at - 1e-9
                end = event.start + event.samples.size
                open_turn, after_split = not event.complete, not event.complete
    assert not open_turn  # every turn that began has ended


# ---- pauses


def pauses(script: str, hangover: int = 20) -> list[tuple[int, str]]:
    """The frame with which each event of a script came, and what it was."""
    segmenter = Segmenter(CONFIG, hangover * FRAME_S)
    return [
        (index, type(event).__name__.removeprefix("Speech"))
        for index, kind in enumerate(script)
        for event in segmenter.push(frame(index, kind))
    ]


def test_two_quiet_frames_are_the_first_sign_of_a_pause_and_one_is_none() -> None:
    assert pauses("#####.###") == [(2, "Started")]
    assert pauses("#####..") == [(2, "Started"), (6, "Paused")]


def test_each_pause_is_told_once_and_so_is_its_end() -> None:
    assert pauses("#####......##.#..#") == [
        *((2, "Started"), (6, "Paused"), (11, "Resumed")),
        *((16, "Paused"), (17, "Resumed")),
    ]


def test_what_is_too_short_for_speech_makes_no_pause() -> None:
    assert pauses("####...#..", hangover=20) == [(2, "Started"), (9, "Paused")]


@pytest.mark.parametrize(("hangover", "frames"), [(5, 5), (16, 16), (40, 16)])
def test_what_is_too_short_is_given_up_after_half_a_second_at_most(hangover: int, frames: int) -> None:
    assert pauses("####" + "." * 50, hangover) == [(2, "Started"), (3 + frames, "Dropped")]
    assert frames * FRAME_S <= SHORT_HANGOVER_S + FRAME_S / 2


def test_the_speech_up_to_a_pause_holds_its_pre_roll_and_the_first_silence() -> None:
    (paused,) = (event for event in run("......#####..") if isinstance(event, SpeechPaused))
    assert told([paused.so_far]) == ["2-13 to 11"]
    assert paused.so_far.complete


def test_how_long_the_pause_is_and_how_much_was_said() -> None:
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    seen = []
    for index, kind in enumerate("..###..#...#"):
        segmenter.push(frame(index, kind))
        seen.append((round(segmenter.pause_s / FRAME_S), round(segmenter.spoken_s / FRAME_S)))
    # The frames that begin speech count as speech, and nobody pauses before.
    assert seen[:2] == [(0, 0), (0, 0)]
    assert seen[4:] == [(0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4), (0, 5)]


def test_an_utterance_can_be_ended_before_the_hangover_and_no_frame_is_kept_twice() -> None:
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    script = "......#####......."
    events = [event for index, kind in enumerate(script) for event in segmenter.push(frame(index, kind))]
    ended = segmenter.end()
    assert told(ended) == ["2-17 to 11"]  # as after the hangover: the trail is kept, and no more
    assert (segmenter.state, segmenter.pause_s, segmenter.spoken_s) == (State.QUIET, 0.0, 0.0)
    assert segmenter.end() == []
    for index, kind in enumerate("#####", start=len(script)):
        events += segmenter.push(frame(index, kind))
    assert told(segmenter.flush()) == ["17-23 to 23"]


def test_only_while_nobody_speaks_is_a_soft_frame_without_meaning() -> None:
    """The detector is not asked about it; inside speech it is, for a soft syllable is still one."""
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    assert segmenter.quiet_dbfs == segmenter.threshold_dbfs
    bounds = []
    for index, kind in enumerate("..#####..."):
        segmenter.push(frame(index, kind))
        bounds.append(segmenter.quiet_dbfs)
    assert bounds == [segmenter.threshold_dbfs] * 2 + [-math.inf] * 8


def test_what_was_somebody_else_is_left_out_of_an_utterance() -> None:
    """Begins with its pre-roll of four frames all the same; what is too short for speech stays too short."""
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    for index, kind in enumerate("......##########"):
        segmenter.push(frame(index, kind))
    assert segmenter.keep(3) == frame(13, "#").frame.captured_at
    assert segmenter.spoken_s == pytest.approx(3 * FRAME_S)
    for index, kind in enumerate("####", start=16):
        segmenter.push(frame(index, kind))
    assert segmenter.keep(99) == frame(13, "#").frame.captured_at
    assert told(segmenter.end()) == ["9-20 to 20"]


def test_where_nobody_speaks_there_is_nothing_to_end() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    assert segmenter.end() == []
    for index, kind in enumerate("....##"):
        segmenter.push(frame(index, kind))
    assert segmenter.end() == []
    assert segmenter.state is State.STARTING


def test_speech_can_be_ended_while_it_goes_on() -> None:
    segmenter = Segmenter(CONFIG, HANGOVER * FRAME_S)
    for index in range(10):
        segmenter.push(frame(index, "#"))
    assert told([segmenter.so_far()]) == ["0-10 to 10"]
    assert told(segmenter.end()) == ["0-10 to 10"]


def loud(index: int, dbfs: float, frames_of_it: float = 1.0, kind: str = "#") -> ScoredFrame:
    """A frame of a steady level, or so much of one at its beginning."""
    samples = np.zeros(FRAME_SAMPLES, np.float32)
    samples[: round(frames_of_it * FRAME_SAMPLES)] = 10 ** (dbfs / 20)
    placed = Float32Frame(samples, index * FRAME_SAMPLES, START_AT + index * FRAME_S)
    return ScoredFrame(placed, PROBABILITY[kind], dbfs)


def test_the_end_of_the_sound_and_of_the_words_are_found_by_level() -> None:
    """The detector is slow to let go: what it still calls speech may be silence, or the end of a vowel."""
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    events: list[SegmentEvent] = []
    for index in range(8):
        events += segmenter.push(loud(index, -20.0))
    for index in (8, 9):  # fading: no word changes any more, but it can be heard
        events += segmenter.push(loud(index, -45.0))
    for index in (10, 11):  # not to be heard beside what was before it
        events += segmenter.push(loud(index, -58.0))
    for index in (12, 13):
        events += segmenter.push(loud(index, -70.0, kind="."))
    (paused,) = (event for event in events if isinstance(event, SpeechPaused))
    utterance = paused.so_far
    assert utterance.words_ended_at == pytest.approx(START_AT + 8 * FRAME_S, abs=0.0101)
    assert utterance.speech_ended_at == pytest.approx(START_AT + 10 * FRAME_S, abs=0.0101)
    assert utterance.speech_end == 12 * FRAME_SAMPLES


def test_a_soft_word_behind_a_pause_is_no_end_of_the_loud_one_before_it() -> None:
    """Somebody farther away answers at once: a pass that heard half of it has not heard all words."""
    segmenter = Segmenter(CONFIG, 20 * FRAME_S)
    events: list[SegmentEvent] = []
    levels = [-20.0] * 8 + [-70.0] * 3 + [-44.0] * 6 + [-70.0] * 2
    for index, level in enumerate(levels):
        events += segmenter.push(loud(index, level, kind="." if level == -70.0 else "#"))
    first, second = (event.so_far for event in events if isinstance(event, SpeechPaused))
    assert first.words_ended_at == pytest.approx(START_AT + 8 * FRAME_S, abs=0.0101)
    assert second.words_ended_at == pytest.approx(START_AT + 17 * FRAME_S, abs=0.0101)


def test_what_is_said_between_pauses_is_told() -> None:
    script = "....######..####" + "." * 7 + "#####" + "." * 12
    (utterance,) = [event for event in run(script, hangover=10) if isinstance(event, Utterance)]
    spans = [(round(begin / FRAME_S), round(end / FRAME_S)) for begin, end in utterance.spans]
    assert spans == [(4, 16), (23, 28)]  # two frames are no pause
