"""How loud the echo can be: which change is believed, and how soon. Levels are made up, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from voicecli.listen.echo.residual import BEYOND_ECHO_DB, DOUBTED, LOUDER_DB, SOON, UNKNOWN_LATER, Residual

FRAME = 160
LAG = 5
"""Frames the echo comes after what was played."""


def voice(frames: int, seed: int) -> np.ndarray:
    """Levels that go up and down as syllables do, dBFS."""
    steps = np.random.default_rng(seed).uniform(-45, -15, frames // 6 + 2)
    return np.interp(np.arange(frames) / 6, np.arange(steps.size), steps)


def sound(dbfs: float) -> np.ndarray:
    return np.full(FRAME, 10 ** (dbfs / 20), np.float32)


def over_echo_db(played: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """For each frame, how far the microphone is above all that the echo can be."""
    residual, over = Residual(), []
    for reference, microphone in zip(played, heard, strict=True):
        residual.push(sound(reference), sound(microphone), sound(-80.0))
        over.append(residual.over_echo_db)
    return np.array(over)


def echo(played: np.ndarray, coupling_db: float) -> np.ndarray:
    return np.concatenate((np.full(LAG, -80.0), played[:-LAG])) + coupling_db


def test_that_the_echo_is_softer_is_believed_at_once_that_it_is_louder_step_by_step() -> None:
    """Somebody who speaks over it may be what makes it louder."""
    played = voice(1200, seed=1)
    soft, turned = echo(played, -30), {}
    for name, change_db in (("up", 20), ("down", -20)):
        heard = soft + np.where(np.arange(soft.size) < 450, 0, change_db)
        # Against an echo that stays as it was: by how much louder it is now believed to be.
        turned[name] = (heard - over_echo_db(played, heard)) - (soft - over_echo_db(played, soft))
    assert LOUDER_DB <= np.diff(turned["up"]).max() < 2 * LOUDER_DB
    assert turned["up"][-1] == pytest.approx(20, abs=2)
    assert np.diff(turned["down"]).min() < -10 * LOUDER_DB
    assert turned["down"][-1] == pytest.approx(-20, abs=2)


def test_while_little_is_known_it_must_follow_more_closely_to_show_how_loud_the_echo_is() -> None:
    """What somebody adds who has just begun to speak must not be taken for the echo's loudness."""
    played = voice(2 * SOON, seed=2)
    rng = np.random.default_rng(3)
    alone = echo(played, -10)
    spoken_over = alone + rng.normal(0.0, 4.5, alone.size)

    def known_from(heard: np.ndarray) -> int:
        """The first frame at which the bound is the echo's own: until then it is far above."""
        over = over_echo_db(played, heard)
        return next(n for n in range(20, over.size) if over[n : n + 10].max() > -10)

    assert known_from(alone) < SOON
    assert SOON <= known_from(spoken_over) < 2 * SOON - 10


def pushed(residual: Residual, played: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """What `over_echo_db` was for each frame."""
    over = []
    for reference, microphone in zip(played, heard, strict=True):
        residual.push(sound(reference), sound(microphone), sound(-80.0))
        over.append(residual.over_echo_db)
    return np.array(over)


def test_an_echo_that_became_louder_at_once_is_believed_when_it_is_doubted_twice() -> None:
    """Once, it may have been somebody's "yeah" that ended as the agent did."""
    residual, played = Residual(), voice(1200, seed=4)
    pushed(residual, played[:600], echo(played, -20)[:600])
    after = residual.over_echo_db
    loud = slice(600, 630)
    over = pushed(residual, played[loud], echo(played, -6)[loud])
    assert over.max() > BEYOND_ECHO_DB
    residual.louder(14.0)
    assert pushed(residual, played[630:660], echo(played, -6)[630:660]).max() > BEYOND_ECHO_DB
    residual.louder(14.0)
    assert pushed(residual, played[660:], echo(played, -6)[660:]).max() < BEYOND_ECHO_DB
    assert after < BEYOND_ECHO_DB


def test_doubts_far_apart_are_two_people_who_agree() -> None:
    residual, played = Residual(), voice(400 + 2 * DOUBTED, seed=5)
    heard = echo(played, -20)
    pushed(residual, played[:400], heard[:400])
    residual.louder(14.0)
    end = 400 + DOUBTED
    pushed(residual, played[400:end], heard[400:end])
    residual.louder(14.0)
    assert pushed(residual, played[end:], heard[end:] + 14.0).max() > BEYOND_ECHO_DB


def test_where_there_was_no_echo_there_may_be_one_all_of_a_sudden() -> None:
    """The headphones are pulled out; the loudspeaker has the same name."""
    residual, played = Residual(), voice(800, seed=6)
    pushed(residual, played[:500], np.full(500, -80.0))
    for _ in range(2):
        assert pushed(residual, played[500:550], echo(played, -6)[500:550]).max() > BEYOND_ECHO_DB
        residual.louder(60.0)
    assert pushed(residual, played[550:], echo(played, -6)[550:]).max() < BEYOND_ECHO_DB


def test_when_all_that_was_played_has_died_away_anything_is_more_than_echo() -> None:
    residual, played = Residual(), np.concatenate((voice(300, seed=7), np.full(150, -100.0)))
    over = pushed(residual, played, echo(played, -10))
    assert np.isfinite(over[LAG:300]).all()
    silent_after = int(np.flatnonzero(np.isinf(over[300:]))[0])
    assert LAG <= silent_after < UNKNOWN_LATER  # its delay was known
    assert np.isinf(over[300 + silent_after :]).all()


@pytest.mark.parametrize("gap", [12, 25])
def test_a_reply_that_begins_with_a_short_clause_shows_how_loud_its_echo_is(gap: int) -> None:
    """Some 20 frames of it are loud. Who speaks over the next clause at once is more than echo."""
    syllables = [-50, -32, -14, -15, -13, -14, -32, -55]
    clause = np.interp(np.arange(40) / 5, np.arange(8), syllables)
    played = np.concatenate((clause, np.full(gap, -90.0), voice(80, seed=8)))
    begin = 40 + gap + 5
    heard = echo(played, -15)
    alone = over_echo_db(played, heard)
    somebody = np.where(np.arange(heard.size) < begin, heard, np.maximum(heard, -18.0))
    over = over_echo_db(played, somebody)
    assert alone[begin:].max() < BEYOND_ECHO_DB
    assert np.mean(over[begin : begin + 40] > BEYOND_ECHO_DB) > 0.3


def test_people_who_speak_over_the_agent_are_not_taken_for_its_echo_where_there_is_none() -> None:
    """Reply after reply is interrupted at the same place, so each interruption follows what was played."""
    residual = Residual()
    pushed(residual, voice(500, seed=9), np.full(500, -80.0))
    reply, silence = voice(80, seed=10), np.full(120, -100.0)
    person = np.concatenate((np.full(70, -80.0), np.maximum(voice(60, seed=11), -25.0), np.full(70, -80.0)))
    for _ in range(12):
        over = pushed(residual, np.concatenate((reply, silence)), person)
        assert over[70:130].min() > BEYOND_ECHO_DB


def test_an_echo_that_nobody_doubts_is_learnt_where_there_was_none() -> None:
    """The loudspeaker is turned up from nothing; what the canceller leaves is too soft to hold the agent."""
    residual, played = Residual(), voice(1100, seed=12)
    pushed(residual, played[:500], np.full(500, -80.0))
    before = residual.absent
    pushed(residual, played[500:1000], echo(played, -20)[500:1000])
    assert (before, residual.absent) == (True, False)
    assert pushed(residual, played[1000:], echo(played, -20)[1000:]).max() < BEYOND_ECHO_DB
