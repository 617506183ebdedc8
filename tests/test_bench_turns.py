"""The trade-off curve: what a cut-off is, when evidence is there, a folder of recordings end to end."""

from __future__ import annotations

import json
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rig.made_speech import speak
from tests.sentences import wording
from voicecli.audio.level import to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.bench.labels import Label, read_labels
from voicecli.bench.turns import (
    NOTICED_FRAMES,
    SOUND_AFTER_S,
    WORDS_AFTER_S,
    Pause,
    Replayed,
    TriedSetting,
    best,
    curves,
    point,
    taken_s,
)
from voicecli.cli.measure.bench_turns import turns as command
from voicecli.config import TurnConfig
from voicecli.errors import ConfigError
from voicecli.messages import FRAME_S, RATE_HZ
from voicecli.turn.decision import Evidence

if TYPE_CHECKING:
    from pathlib import Path

LONG = (
    "I walked along the river in the morning, and there was nobody else.",
    "The water was high because it had rained for most of the night.",
    "Under the old bridge a man was mending a small green boat.",
    "He told me that his father had built it forty years ago.",
    "We talked about the fish, and about the price of paint.",
    "Later I bought bread and two newspapers at the corner.",
    "My sister called to ask whether her letter had come.",
    "It had not, so I promised to look again after lunch.",
    "In the afternoon the sun came out and I read in the garden,",
    "and then I would like to turn on the light in the",
)

DONE = Evidence(2.0, sound=0.99, words="What time is it?")
GOES_ON = Evidence(2.0, sound=0.01, words="I would like to")
NOTICED_S = NOTICED_FRAMES * FRAME_S


def after(wanted_s: float, pause: Pause) -> float:
    """When a turn with this one pause is taken, from the beginning of the pause."""
    return taken_s([pause], lambda _: wanted_s) - pause.begin_s


def turn(inside_s: float, evidence: Evidence = GOES_ON, end: Evidence = DONE) -> Replayed:
    """Two seconds of speech, a pause, two seconds of speech, the end."""
    end_s = 4.0 + inside_s
    pauses = [Pause(2.0, 2.0 + inside_s, evidence), Pause(end_s, inf, end)]
    return Replayed(Label("a.wav", end_s, pauses=1), pauses)


@given(st.floats(0.1, 3.0), st.floats(0, 10))
def test_the_turn_is_taken_at_the_first_frame_that_is_long_enough(wanted_s: float, begin_s: float) -> None:
    late_s = after(wanted_s, Pause(begin_s, inf, DONE)) - wanted_s
    assert -1e-5 < late_s < FRAME_S + 1e-5


def test_no_pause_is_looked_at_before_it_is_noticed() -> None:
    assert after(0.0, Pause(1.0, inf, DONE)) == pytest.approx(NOTICED_S)
    assert after(0.0, Pause(1.0, 1.0 + NOTICED_S, DONE)) == inf


def test_a_pause_that_ends_before_it_is_long_enough_is_not_the_end() -> None:
    assert after(0.5, Pause(1.0, 1.4, DONE)) == inf
    assert after(0.3, Pause(1.0, 1.4, DONE)) < 0.4


def test_evidence_is_not_there_before_it_could_be() -> None:
    seen: dict[tuple[bool, bool], bool] = {}

    def wanted(evidence: Evidence) -> float:
        seen[evidence.sound is not None, evidence.words is not None] = True
        return 0.0 if evidence.words else 9.0

    taken = taken_s([Pause(0.0, inf, DONE)], wanted)
    assert taken >= NOTICED_S + WORDS_AFTER_S
    assert list(seen) == [(False, False), (True, False), (True, True)]
    by_sound = taken_s([Pause(0.0, inf, DONE)], lambda evidence: 0.0 if evidence.sound else 9.0)
    assert NOTICED_S + SOUND_AFTER_S <= by_sound < taken


def test_a_turn_taken_inside_is_cut_off_and_counts_for_no_dead_air() -> None:
    found = point("", [turn(1.0), turn(0.3), turn(0.2)], lambda _: 0.5)
    assert (found.turns, found.cut_off, found.missed) == (3, 1, 0)
    assert found.dead_air_s == pytest.approx(0.5, abs=FRAME_S)


def test_a_turn_that_is_never_taken_is_missed() -> None:
    silent = Replayed(Label("a.wav", 3.0), [])
    found = point("", [silent], lambda _: 0.5)
    assert (found.cut_off, found.missed, found.dead_air_s) == (0, 1, inf)


def test_silence_trades_one_for_the_other_and_evidence_needs_neither() -> None:
    found = curves([turn(0.1 * tenths) for tenths in range(2, 15)], TurnConfig())
    silence = found.ways["silence only"]
    assert [p.cut_off for p in silence] == sorted((p.cut_off for p in silence), reverse=True)
    assert silence[0].cut_off == 13
    ours, by_sound, by_silence = (
        best(found.ways[name]) for name in ("ours", "Smart Turn only", "silence only")
    )
    assert ours is not None
    assert by_sound is not None
    assert by_silence is not None
    assert max(ours.dead_air_s, by_sound.dead_air_s) < by_silence.dead_air_s
    assert found.as_set.setting == f"eagerness {TurnConfig().eager:g}"


def test_the_best_is_the_quickest_that_cuts_off_few() -> None:
    points = [TriedSetting(str(cut), 100, cut, 0, 1 - cut / 100, 1.0) for cut in range(0, 100, 4)]
    chosen = best(points)
    assert chosen is not None
    assert chosen.cut_off == 4
    assert best(points[5:]) is None


@given(st.integers(1, 1000), st.data())
def test_the_interval_holds_the_rate_and_gets_narrower(turns: int, data: st.DataObject) -> None:
    few = TriedSetting("", turns, data.draw(st.integers(0, turns)), 0, 1.0, 1.0)
    many = TriedSetting("", 100 * turns, 100 * few.cut_off, 0, 1.0, 1.0)
    low, high = few.cut_off_bounds
    assert 0 <= low <= few.cut_off_rate + 1e-9
    assert few.cut_off_rate - 1e-9 <= high <= 1
    assert many.cut_off_bounds[1] - many.cut_off_bounds[0] < high - low


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no json",
        "[]",
        '{"file": "a.wav"}',
        '{"file": 3, "turn_end_s": 1}',
        '{"file": "a.wav", "turn_end_s": 1, "split": "both"}',
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "labels.jsonl").write_text(text)
    with pytest.raises(ConfigError, match=r"labels\.jsonl"):
        read_labels(tmp_path)


def test_a_label_needs_little(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"file": "a.wav", "turn_end_s": 2}\n\n')
    assert read_labels(tmp_path) == [Label("a.wav", 2.0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two questions, one with half a second of silence inside, each followed by 3 s."""
    quiet = np.random.default_rng(0).normal(0, 1e-4, 3 * RATE_HZ).astype(np.float32)
    one, other = speak("Turn on the light in the"), speak("What is the capital of France?")
    labels = []
    for name, parts in (("a.wav", [other]), ("b.wav", [one, quiet[: RATE_HZ // 2], other])):
        sound = np.concatenate((quiet[:RATE_HZ], *parts))
        with WavWriter(tmp_path / name, RATE_HZ, channels=1) as wav:
            wav.write(to_int16(np.concatenate((sound, quiet))))
        end_s = sound.size / RATE_HZ - 0.1  # the voice ends a little before its samples do
        labels.append(json.dumps({"file": name, "turn_end_s": end_s, "pauses": [None] * (len(parts) // 2)}))
    (tmp_path / "labels.jsonl").write_text("\n".join(labels))
    return tmp_path


@pytest.fixture
def run() -> typer.Typer:
    app = typer.Typer()
    app.command("turns")(command)
    return app


@pytest.mark.models
def test_a_folder_is_heard_from_end_to_end(folder: Path, run: typer.Typer) -> None:
    shown = CliRunner().invoke(run, [str(folder), "--json"])
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.output)
    assert (found["turns"], found["pauses_inside"], found["split"]) == (2, 1, "held-out")
    silence = found["curves"]["silence only"]
    assert [silence[0]["cut_off"], silence[-1]["cut_off"]] == [1, 0]
    assert found["as_set"]["cut_off"] == 0
    assert 0 < found["as_set"]["dead_air_s"] < 3
    table = CliRunner().invoke(run, [str(folder)])
    assert table.exit_code == 0, table.output
    assert wording("bench.pauses_inside", turns=2, pauses=1) in table.output
    for name in found["curves"]:
        assert name in table.output


@pytest.mark.models
@pytest.mark.timeout(900)  # words that repeat themselves are looked at up to three times at each pause
def test_who_speaks_for_longer_than_the_transcriber_can_hear_is_judged_by_the_end(
    folder: Path, run: typer.Typer
) -> None:
    pause = np.zeros(RATE_HZ // 5, np.float32)
    long = np.concatenate([part for text in LONG for part in (speak(text), pause)])
    assert long.size > 29 * RATE_HZ
    with WavWriter(folder / "long.wav", RATE_HZ, channels=1) as wav:
        wav.write(to_int16(np.concatenate((long, np.zeros(3 * RATE_HZ, np.float32)))))
    label = {"file": "long.wav", "turn_end_s": long.size / RATE_HZ - 0.3, "pauses": []}
    (folder / "labels.jsonl").write_text(json.dumps(label))
    shown = CliRunner().invoke(run, [str(folder), "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.output)["turns"] == 1


def test_a_split_without_turns_is_told(folder: Path, run: typer.Typer) -> None:
    shown = CliRunner().invoke(run, [str(folder), "--split", "train"])
    assert isinstance(shown.exception, ConfigError)
    assert "train" in shown.exception.found
