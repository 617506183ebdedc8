"""A labelled folder of turns: what a label needs, and recordings from end to end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from rig.made_speech import speak
from voicecli.audio.level import to_int16
from voicecli.audio.recordings.files import WavWriter
from voicecli.bench.labels import Label, LabelledPause, read_labels
from voicecli.cli.measure.bench_turns import turns as command
from voicecli.errors import ConfigError
from voicecli.messages import RATE_HZ

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
        '{"file": "a.wav", "turn_end_s": 1, "pauses": [null]}',
        '{"file": "a.wav", "turn_end_s": 1, "pauses": [[0.2]]}',
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


def test_a_label_tells_where_its_pauses_are(tmp_path: Path) -> None:
    line = {"file": "a.wav", "turn_end_s": 4, "pauses": [[1, 1.5, "phrase"], [2, 2.25, "filler"]]}
    (tmp_path / "labels.jsonl").write_text(json.dumps(line))
    (label,) = read_labels(tmp_path)
    assert label.inside == (LabelledPause(1.0, 1.5), LabelledPause(2.0, 2.25))
    assert label.pauses == 2


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
        label = {"file": name, "turn_end_s": end_s, "pauses": []}
        if len(parts) > 1:
            begin_s = 1 + one.size / RATE_HZ
            label["pauses"] = [[begin_s, begin_s + 0.5, "phrase"]]
        labels.append(json.dumps(label))
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
    assert [silence[0]["pauses_cut_rate"], silence[-1]["pauses_cut_rate"]] == [1, 0]
    assert [silence[0]["cut_off"], silence[-1]["cut_off"]] == [1, 0]
    assert found["best"]["silence only"]["cuts_0.05"]["pauses_cut_rate"] == 0
    assert found["best"]["silence only"]["delay_0.3_s"]["dead_air_mean_s"] <= 0.3
    assert found["as_set"]["cut_off"] == 0
    assert 0 < found["as_set"]["dead_air_s"] < 3
    table = CliRunner().invoke(run, [str(folder)])
    assert table.exit_code == 0, table.output
    assert "2 turns with 1 pause inside" in table.output
    for name in found["curves"]:
        assert name in table.output


@pytest.mark.models
@pytest.mark.matrix
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
