"""How bench turns counts: what is a cut, of which kind, what is none, the delay, the figures of eot-bench."""

from __future__ import annotations

import dataclasses
import io
from math import ceil, inf
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sentences import wording
from voicecli.bench.display.page import page
from voicecli.bench.display.turn_table import print_curves
from voicecli.bench.labels import Label, LabelledPause
from voicecli.bench.turns import (
    NOTICED_FRAMES,
    Cuts,
    Pause,
    Replayed,
    TriedSetting,
    best,
    count,
    curves,
    fewest_cuts,
    frontier,
)
from voicecli.bench.turns.counting import (
    FIRST_SOUND_S,
    SOUND_AFTER_S,
    UNDECIDED_S,
    WORDS_AFTER_S,
    bounds,
    decided_s,
    kind_of,
    stages_of,
)
from voicecli.bench.turns.told import plain, tradeoff
from voicecli.config import TurnConfig
from voicecli.floor.turns.turn import LATE_S
from voicecli.messages import FRAME_S
from voicecli.turn.decision import Evidence
from voicecli.turn.witness import Ending

if TYPE_CHECKING:
    from collections.abc import Callable

DONE = Evidence(2.0, sound=0.99, words="What time is it?", ending=Ending(3.0, 3.0))
GOES_ON = Evidence(2.0, sound=0.01, words="I would like to", ending=Ending(-3.0, -3.0))
NOTICED_S = NOTICED_FRAMES * FRAME_S


def after(wanted: Callable[[Evidence], float], pause: Pause) -> float:
    """How long this pause lasts until the turn is taken."""
    return decided_s(pause, stages_of(pause), wanted) - pause.begin_s


def turn(*inside_s: float, found: bool = True, delay: Evidence = DONE) -> Replayed:
    """Two seconds of speech before each pause, which the gate has found or not, and before the end."""
    at, labelled, pauses = 0.0, [], []
    for length_s in inside_s:
        at += 2.0
        labelled.append(LabelledPause(at, at + length_s))
        if found:
            pauses.append(Pause(at, at + length_s, GOES_ON))
        at += length_s
    at += 2.0
    return Replayed(Label("a.wav", at, inside=tuple(labelled)), [*pauses, Pause(at, inf, delay)])


def tried(turns: list[Replayed], wanted_s: float) -> TriedSetting:
    """What comes of it where every pause must get so long."""
    return count(turns, [("", lambda _: wanted_s)])[0]


def frames(wanted_s: float) -> float:
    """The same as whole frames, s."""
    return ceil(wanted_s / FRAME_S - 1e-6) * FRAME_S


# --- When a turn is taken -------------------------------------------------------------------------------


@given(st.floats(0.1, 3.0), st.floats(0, 10))
def test_the_turn_is_taken_at_the_first_frame_that_is_long_enough(wanted_s: float, begin_s: float) -> None:
    late_s = after(lambda _: wanted_s, Pause(begin_s, inf, DONE)) - wanted_s
    assert -1e-5 < late_s < FRAME_S + 1e-5


def test_no_pause_is_looked_at_before_it_is_noticed() -> None:
    assert after(lambda _: 0.0, Pause(1.0, inf, DONE)) == pytest.approx(NOTICED_S)
    assert after(lambda _: 0.0, Pause(1.0, 1.0 + NOTICED_S, DONE)) == inf


def test_a_pause_that_ends_before_it_is_long_enough_is_not_the_end() -> None:
    assert after(lambda _: 0.5, Pause(1.0, 1.4, DONE)) == inf
    assert after(lambda _: 0.3, Pause(1.0, 1.4, DONE)) < 0.4


def test_evidence_is_not_there_before_it_could_be() -> None:
    seen: dict[tuple[bool, bool, bool], bool] = {}

    def wanted(evidence: Evidence) -> float:
        seen[evidence.sound is not None, evidence.words is not None, evidence.ending is not None] = True
        return 0.0 if evidence.words else 9.0

    assert after(wanted, Pause(0.0, inf, DONE)) >= NOTICED_S + WORDS_AFTER_S
    assert list(seen) == [(False, False, False), (True, False, False), (True, True, False)]
    by_ending = after(lambda evidence: 0.0 if evidence.ending else 9.0, Pause(0.0, inf, DONE))
    by_words = after(lambda evidence: 0.0 if evidence.words else 9.0, Pause(0.0, inf, DONE))
    by_sound = after(lambda evidence: 0.0 if evidence.sound else 9.0, Pause(0.0, inf, DONE))
    assert NOTICED_S + SOUND_AFTER_S <= by_sound < by_words < by_ending < inf


# --- Kinds of cut ---------------------------------------------------------------------------------------


def test_who_goes_on_before_the_first_sound_is_cut_unheard() -> None:
    found = tried([turn(frames(0.5) + FIRST_SOUND_S - 0.01)], 0.5)
    assert found.pause_cuts == found.turn_cuts == Cuts(unheard=1)


@pytest.mark.parametrize("late_s", [0.01, LATE_S - 0.01])
def test_who_goes_on_soon_after_the_first_sound_is_rejoined(late_s: float) -> None:
    found = tried([turn(frames(0.5) + FIRST_SOUND_S + late_s)], 0.5)
    assert found.pause_cuts == found.turn_cuts == Cuts(rejoined=1)


def test_who_goes_on_later_is_lost() -> None:
    found = tried([turn(frames(0.5) + FIRST_SOUND_S + LATE_S + 0.01)], 0.5)
    assert found.pause_cuts == found.turn_cuts == Cuts(lost=1)
    assert kind_of(1.0, inf) == "lost"  # the gate never notices that they do


def test_after_a_cut_the_turn_goes_on_and_its_later_pauses_count() -> None:
    found = tried([turn(0.55, 1.5, 0.3, 0.7)], 0.5)
    assert (found.pauses, found.pause_cuts) == (4, Cuts(unheard=1, rejoined=1, lost=1))
    assert (found.turns, found.turn_cuts) == (1, Cuts(lost=1))  # a turn is as bad as its worst cut
    assert (found.pauses_cut_rate, found.cut_off_rate) == (0.75, 1.0)


def test_a_pause_that_the_gate_has_not_noticed_is_a_hold_and_not_cut() -> None:
    found = tried([turn(0.8, found=False), turn(0.8)], 0.5)
    assert (found.pauses, found.pause_cuts.all, found.turn_cuts.all) == (2, 1, 1)


@pytest.mark.parametrize(("length_s", "pauses"), [(0.16, 0), (0.224, 1)])
def test_a_pause_that_no_label_names_is_a_hold_if_it_is_long_enough(length_s: float, pauses: int) -> None:
    breath = Replayed(Label("a.wav", 4.0), [Pause(1.0, 1.0 + length_s, GOES_ON), Pause(4.0, inf, DONE)])
    found = tried([breath], 0.1)
    assert (found.pauses, found.pause_cuts.all) == (pauses, pauses)
    assert found.turn_cuts == Cuts(unheard=1)  # however short, the turn was taken for finished in it


@pytest.mark.parametrize(("length_s", "pauses"), [(0.19, 0), (0.2, 1), (5.0, 1), (5.1, 0)])
def test_pauses_count_by_themselves_from_a_fifth_of_a_second_to_five(length_s: float, pauses: int) -> None:
    found = tried([turn(length_s)], 0.1)
    assert (found.pauses, found.pause_cuts.all) == (pauses, pauses)
    assert found.cut_off == 1


def test_a_pause_that_the_gate_finds_a_little_beside_its_label_is_the_same_pause() -> None:
    moved = turn(0.8)
    first = dataclasses.replace(moved.pauses[0], begin_s=2.1, end_s=2.85)
    found = tried([Replayed(moved.label, [first, moved.pauses[1]])], 0.5)
    assert (found.pauses, found.pause_cuts) == (1, Cuts(rejoined=1))


def test_a_pause_that_the_gate_finds_in_two_parts_is_cut_once() -> None:
    parts = [Pause(2.0, 2.6, GOES_ON), Pause(2.7, 3.5, GOES_ON), Pause(5.5, inf, DONE)]
    found = tried([Replayed(turn(1.5).label, parts)], 0.5)
    assert (found.pauses, found.pause_cuts, found.turn_cuts) == (1, Cuts(unheard=1), Cuts(rejoined=1))


def test_a_decision_in_the_word_that_the_gate_missed_cuts_the_pause_before_it() -> None:
    label = Label("a.wav", 6.0, inside=(LabelledPause(2.0, 2.4), LabelledPause(2.6, 3.2)))
    for wanted_s in (0.5, 0.9):  # in the word between the two pauses; in the second
        found = tried([Replayed(label, [Pause(2.0, 3.2, GOES_ON), Pause(6.0, inf, DONE)])], wanted_s)
        assert (found.pauses, found.pause_cuts.all) == (2, 1)
        assert found.dead_air_s == pytest.approx(frames(wanted_s))


def test_a_decision_cuts_no_pause_that_has_not_begun() -> None:
    short = LabelledPause(2.8, 2.9)  # too short to count, so a cut in it would be in no figure of pauses
    label = Label("a.wav", 6.0, inside=(LabelledPause(2.0, 2.6), short))
    found = tried([Replayed(label, [Pause(2.0, 2.9, GOES_ON), Pause(6.0, inf, DONE)])], 0.4)
    assert (found.pauses, found.pause_cuts) == (1, Cuts(rejoined=1))


# --- What is no cut, and the delay ----------------------------------------------------------------------


def test_the_delay_runs_from_the_end_of_the_turn_and_a_cut_before_it_changes_nothing() -> None:
    for found in (tried([turn(0.3)], 0.5), tried([turn(1.0)], 0.5)):
        assert found.dead_air_mean_s == found.dead_air_s == pytest.approx(frames(0.5))


def test_mean_median_and_p90_are_those_of_all_ends() -> None:
    words = [f"{wanted_s} ." for wanted_s in (1, 2, 3, 4, 5, 6, 7, 8, 9, 20)]
    turns = [turn(0.3, delay=dataclasses.replace(DONE, words=each)) for each in words]

    def wanted(evidence: Evidence) -> float:
        return 9.0 if not evidence.words or evidence.words == GOES_ON.words else int(evidence.words[:2])

    (found,) = count(turns, [("", wanted)])
    assert found.dead_air_mean_s == pytest.approx(6.5, abs=FRAME_S)
    assert found.dead_air_s == pytest.approx(5.5, abs=FRAME_S)
    assert found.dead_air_p90_s == pytest.approx(9.0, abs=FRAME_S)  # nine of ten are not above it
    assert found.cut_off == 0


def test_in_the_last_sounds_too_faint_for_the_gate_nobody_is_cut() -> None:
    def ends(early_s: float) -> TriedSetting:
        return tried([Replayed(Label("a.wav", 4.0), [Pause(4.0 - early_s, inf, DONE)])], frames(0.2))

    soft = ends(frames(0.2) + FIRST_SOUND_S - 0.01)
    assert (soft.cut_off, soft.missed, soft.dead_air_s) == (0, 0, 0.0)
    missed_word = ends(frames(0.2) + FIRST_SOUND_S + 0.01)
    assert (missed_word.turn_cuts, missed_word.pauses) == (Cuts(lost=1), 0)


def test_an_end_that_the_gate_joined_with_a_pause_has_no_delay_where_that_was_cut() -> None:
    joined = Replayed(turn(1.0).label, [Pause(2.0, inf, GOES_ON)])  # the gate missed all that came after
    found = tried([joined, turn(0.3)], 0.5)
    assert (found.pauses, found.pause_cuts, found.missed) == (2, Cuts(lost=1), 0)
    assert found.dead_air_mean_s == pytest.approx(frames(0.5))
    patient = tried([joined], 3.2)
    assert patient.cut_off == 0
    assert patient.dead_air_s == pytest.approx(2.0 + frames(3.2) - 5.0)


def test_noise_after_the_end_makes_the_delay_longer_and_cuts_nobody() -> None:
    noisy = Replayed(Label("a.wav", 4.0), [Pause(3.9, 4.3, DONE), Pause(4.5, inf, DONE)])
    found = tried([noisy], 0.5)
    assert (found.cut_off, found.pauses) == (0, 0)
    assert found.dead_air_s == pytest.approx(0.5 + frames(0.5))


def test_an_end_that_is_never_decided_is_missed_and_counts_as_the_silence_behind_it() -> None:
    silent = Replayed(Label("a.wav", 3.0), [])
    found = tried([silent, turn()], 0.5)
    assert (found.cut_off, found.missed) == (0, 1)
    assert found.dead_air_mean_s == pytest.approx((UNDECIDED_S + frames(0.5)) / 2)


# --- What eot-bench tells -------------------------------------------------------------------------------


def at(cut: int, delay_s: float, *, pauses: int = 100) -> TriedSetting:
    """A setting that cuts so many pauses, and every turn."""
    return TriedSetting(f"{cut}", 50, Cuts(50), pauses, Cuts(lost=cut), 0, delay_s, 9.9 - delay_s, 9.9)


CUTS_AND_DELAYS = [at(30, 0.28), at(25, 0.3), at(12, 0.31), at(11, 0.6), at(10, 0.62), at(4, 1.1), at(5, 0.9)]


@pytest.mark.parametrize(("delay_s", "cut"), [(0.3, 25), (0.6, 11), (2.0, 4)])
def test_the_cut_offs_at_a_delay_are_the_fewest_of_any_setting_no_slower(delay_s: float, cut: int) -> None:
    found = fewest_cuts(CUTS_AND_DELAYS, delay_s)
    assert found is not None
    assert found.pause_cuts.all == cut
    assert fewest_cuts(CUTS_AND_DELAYS[2:], 0.3) is None


@pytest.mark.parametrize(("share", "delay_s"), [(0.05, 0.9), (0.1, 0.62), (0.04, 1.1)])
def test_the_delay_at_a_share_is_the_least_mean_of_any_setting_that_cuts_no_more(
    share: float, delay_s: float
) -> None:
    found = best(CUTS_AND_DELAYS, share)
    assert found is not None
    assert found.dead_air_mean_s == delay_s  # the median would choose another, and so would turns
    assert best(CUTS_AND_DELAYS[:5], 0.05) is None


def test_only_settings_that_no_other_beats_are_drawn() -> None:
    assert [point.pause_cuts.all for point in frontier(CUTS_AND_DELAYS)] == [30, 25, 12, 11, 10, 5, 4]
    assert [point.pause_cuts.all for point in frontier([at(9, 0.5), at(9, 0.6), at(10, 0.5)])] == [9]


def test_silence_cuts_the_pauses_that_are_longer() -> None:
    turns = [turn(0.2 + 0.05 * step) for step in range(20)]
    points = curves(turns, TurnConfig()).ways["silence only"]
    quick, right = fewest_cuts(points, 0.3), best(points, 0.1)
    assert quick is not None
    assert right is not None
    assert (quick.setting, quick.pauses_cut_rate) == ("pause 256 ms", 18 / 20)  # 288 ms cuts no fewer
    assert (right.setting, right.pauses_cut_rate) == ("pause 1056 ms", 2 / 20)


def test_silence_trades_one_for_the_other_and_evidence_needs_neither() -> None:
    found = curves([turn(0.1 * tenths) for tenths in range(2, 15)], TurnConfig())
    silence = found.ways["silence only"]
    assert [p.cut_off for p in silence] == sorted((p.cut_off for p in silence), reverse=True)
    assert silence[0].pause_cuts.all == silence[0].cut_off == 13
    ours, by_sound, by_silence = (
        best(found.ways[name]) for name in ("ours", "Smart Turn only", "silence only")
    )
    assert ours is not None
    assert by_sound is not None
    assert by_silence is not None
    assert max(ours.dead_air_mean_s, by_sound.dead_air_mean_s) < by_silence.dead_air_mean_s
    assert found.as_set.setting == f"eagerness {TurnConfig().eager:g}"


def test_smart_turn_alone_may_wait_before_it_is_believed() -> None:
    sure = [dataclasses.replace(turn(length_s), pauses=[]) for length_s in (0.25, 0.3, 0.35)]
    turns = [
        Replayed(
            each.label,
            [Pause(2.0, each.label.turn_end_s - 2.0, DONE), Pause(each.label.turn_end_s, inf, DONE)],
        )
        for each in sure
    ]
    chosen = best(curves(turns, TurnConfig()).ways["Smart Turn only"])
    assert chosen is not None
    assert chosen.setting.endswith(": 400 ms, else 600 ms")
    assert chosen.dead_air_mean_s == pytest.approx(frames(0.4))


@given(st.integers(1, 1000), st.data())
def test_the_interval_holds_the_rate_and_gets_narrower(n: int, data: st.DataObject) -> None:
    found = data.draw(st.integers(0, n))
    low, high = bounds(found, n)
    assert 0 <= low <= found / n + 1e-9
    assert found / n - 1e-9 <= high <= 1
    narrow = bounds(100 * found, 100 * n)
    assert narrow[1] - narrow[0] < high - low


def test_of_nothing_nothing_is_known() -> None:
    assert bounds(0, 0) == (0.0, 1.0)
    assert tried([turn()], 0.5).pauses_cut_rate == 0.0


# --- How it is told -------------------------------------------------------------------------------------

TURNS = [turn(0.55, 1.5, 0.3, 0.7), turn(0.4), turn(0.8)]


def test_the_table_has_every_way_and_every_figure_of_ours_as_it_is_set() -> None:
    found = curves(TURNS, TurnConfig())
    kept = TriedSetting("eagerness 0.6", 3, Cuts(0, 1, 1), 6, Cuts(1, 2, 1), 1, 0.45, 0.37, 1.62)
    out = io.StringIO()
    print_curves("held-out", dataclasses.replace(found, as_set=kept), out)
    lines = " ".join(out.getvalue().split())
    assert wording("bench.pauses_inside", turns=3, pauses=6) in lines
    for expected in (
        *found.ways,
        "at most 5 %",
        "at most 300 ms",
        "at most 600 ms",
        "mean 0.45 s, median 0.37 s, p90 1.62 s; 1 never answered",
        "pauses cut: 4 of 6, 66.7 %",
        "1 unheard, 2 rejoined, 1 lost",
        "turns cut: 2 of 3, 66.7 %",
        "0 unheard, 1 rejoined, 1 lost",
    ):
        assert expected in lines


def test_json_and_page_have_the_figures_of_eot_bench_and_the_kinds_of_cut() -> None:
    found = curves(TURNS, TurnConfig())
    told = plain(found)
    assert (told["turns"], told["pauses_inside"]) == (3, 6)
    kept = tradeoff(found)
    silence = kept.curves[0]
    assert silence.reached is not None
    at_300, at_600 = (fewest_cuts(found.ways["silence only"], delay_s) for delay_s in (0.3, 0.6))
    at_5, at_10 = (best(found.ways["silence only"], share) for share in (0.05, 0.1))
    assert at_300 is not None
    assert at_600 is not None
    assert at_5 is not None
    assert at_10 is not None
    assert silence.reached.cut_at_300_ms_percent == round(100 * at_300.pauses_cut_rate, 2)
    assert silence.reached.cut_at_600_ms_percent == round(100 * at_600.pauses_cut_rate, 2)
    assert silence.reached.delay_at_5_percent_s == round(at_5.dead_air_mean_s, 3)
    assert silence.reached.delay_at_10_percent_s == round(at_10.dead_air_mean_s, 3)
    for point in silence.points:
        assert point.unheard_percent is not None
        assert point.rejoined_percent is not None
        assert point.lost_percent is not None
        kinds = point.unheard_percent + point.rejoined_percent + point.lost_percent
        assert kinds == pytest.approx(point.false_cutoffs_percent, abs=0.03)
    html = page({"tradeoff": dataclasses.asdict(kept)})
    for expected in (
        "pauses cut at a mean delay of 300 ms, %",
        "mean delay at 5 % cut, s",
        "unheard %",
        "lost %",
    ):
        assert expected in html
    assert "As it is set: 3 turns, 6 pauses" in html
