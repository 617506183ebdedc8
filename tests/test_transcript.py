"""A recording to its words: what is said reaches the transcriber once, in order, in stretches it can take."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.sentences import wording
from voicecli.audio.level import level_dbfs
from voicecli.audio.recordings.files import WavWriter
from voicecli.audio.recordings.recording import Recording
from voicecli.cli import app
from voicecli.engines import SharedModel
from voicecli.errors import AudioFileError
from voicecli.listen.recognise.transcript import (
    LONGEST_GAP_S,
    LONGEST_S,
    FileTranscript,
    Span,
    Stretch,
    transcribe_file,
)
from voicecli.listen.whisper.languages import likeliest, telling
from voicecli.messages import RATE_HZ, Float32Frame, ScoredFrame, Transcript

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from voicecli.messages import Float32


class Detector:
    """Takes what is loud for speech."""

    def begin(self, room_dbfs: float) -> None:
        self.room_dbfs = room_dbfs

    def score(self, frame: Float32Frame) -> ScoredFrame:
        level = level_dbfs(frame.samples)
        return ScoredFrame(frame, 0.9 if level > -50 else 0.0, level)


class Transcriber:
    """Names the tones it hears, in hundreds of Hz: each is a word."""

    window_s = 28.0

    def __init__(self, *languages: str) -> None:
        self.heard: list[Float32] = []
        self._languages = dict(enumerate(languages, 3))

    @property
    def finds_language(self) -> bool:
        return bool(self._languages)

    def language_odds(self, samples: Float32, spans: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
        """Whether it is one or another is told by the first tone of each span."""
        parts = (samples[round(begin * RATE_HZ) : round(end * RATE_HZ)] for begin, end in spans)
        firsts = (int(self.words(part)[0]) for part in parts)
        return [
            {language: 0.95 if word == first else 0.001 for word, language in self._languages.items()}
            for first in firsts
        ]

    def transcribe(
        self, samples: Float32, *, language: str | None = None, clear_s: float = 0.0
    ) -> Transcript:
        self.heard.append(samples)
        words = self.words(samples)
        return Transcript(" ".join(words), (language or "en") if words else "", 0.9 if words else 0.0)

    def words(self, samples: Float32) -> list[str]:
        words: list[str] = []
        before = 0
        for block in np.split(samples[: samples.size // 800 * 800], samples.size // 800):
            word = round(np.count_nonzero(np.diff(block > 0)) * RATE_HZ / 800 / 2 / 100)
            if word and word == before and (not words or words[-1] != str(word)):
                words.append(str(word))  # heard in two blocks: it is no edge of one
            before = word
        return words


def tone(word: int, seconds: float) -> Float32:
    """A tone of `word` hundreds of Hz."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 100 * word * times)).astype(np.float32)


def pause(seconds: float) -> Float32:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def transcript(
    tmp_path: Path, transcriber: Transcriber, *parts: Float32
) -> tuple[FileTranscript, Transcriber]:
    path = tmp_path / "a.wav"
    with WavWriter(path, RATE_HZ, 1) as wav:
        for part in parts:
            wav.write((part * 32767).astype(np.int16))
    return transcribe_file(Recording(path, RATE_HZ), Detector(), transcriber), transcriber  # type: ignore[arg-type]


def test_words_come_in_order_with_the_length_of_the_file(tmp_path: Path) -> None:
    parts = [pause(1), tone(3, 1), pause(2), tone(5, 1), pause(0.123)]
    result, transcriber = transcript(tmp_path, Transcriber(), *parts)
    assert result.text == "3 5"
    assert result.language == "en"
    assert result.audio_s == pytest.approx(5.123, abs=0.001)
    assert len(transcriber.heard) == 1  # said with a pause, understood as one


def test_speech_to_the_very_last_sample_is_heard(tmp_path: Path) -> None:
    _, transcriber = transcript(tmp_path, Transcriber(), tone(3, 1.01))
    loud = np.nonzero(np.abs(transcriber.heard[0]) > 0.001)[0]
    assert loud[-1] >= 1.01 * RATE_HZ - 60


def test_a_long_pause_is_shortened_and_a_short_one_kept(tmp_path: Path) -> None:
    _, short = transcript(tmp_path, Transcriber(), tone(3, 1), pause(1.3), tone(5, 1))
    assert short.heard[0].size == pytest.approx(3.3 * RATE_HZ, abs=600)
    _, long = transcript(tmp_path, Transcriber(), tone(3, 1), pause(60), tone(5, 1))
    # The first keeps its trail, the second its pre-roll; between them is no more than LONGEST_GAP_S.
    assert long.heard[0].size / RATE_HZ == pytest.approx(2 + LONGEST_GAP_S + 0.5, abs=0.1)


def test_a_long_recording_reaches_the_transcriber_in_stretches_it_can_take(tmp_path: Path) -> None:
    words = [3 + number % 5 for number in range(60)]
    parts = [part for word in words for part in (tone(word, 1.5), pause(0.9))]
    result, transcriber = transcript(tmp_path, Transcriber(), *parts)
    assert result.text == " ".join(map(str, words))
    assert len(transcriber.heard) > 4
    for stretch, following in pairwise(transcriber.heard):
        assert stretch.size <= LONGEST_S * RATE_HZ
        assert level_dbfs(following[: RATE_HZ // 2]) > -40  # none begins with the pause between
        assert stretch.size + following.size > LONGEST_S * RATE_HZ / 2  # and not in crumbs


def test_speech_without_a_pause_is_split_without_losing_a_sample(tmp_path: Path) -> None:
    ramp = np.linspace(0.1, 0.9, 70 * RATE_HZ).astype(np.float32)
    speech = ramp * np.where(np.arange(ramp.size) % 2, 1, -1).astype(np.float32)
    _, transcriber = transcript(tmp_path, Transcriber(), speech)
    assert len(transcriber.heard) > 2
    assert all(stretch.size <= LONGEST_S * RATE_HZ for stretch in transcriber.heard)
    heard = np.concatenate(transcriber.heard)[: speech.size]
    np.testing.assert_allclose(heard, speech, atol=1e-4)


def test_silence_has_no_words_and_nothing_is_asked_of_the_transcriber(tmp_path: Path) -> None:
    result, transcriber = transcript(tmp_path, Transcriber(), pause(3))
    assert (result.text, result.language, result.audio_s) == ("", "", 3.0)
    assert transcriber.heard == []


def test_speech_that_gives_no_words_is_told_by_its_place(tmp_path: Path) -> None:
    class Deaf(Transcriber):
        def transcribe(
            self, samples: Float32, *, language: str | None = None, clear_s: float = 0.0
        ) -> Transcript:
            said = super().transcribe(samples, language=language)
            return Transcript("", "", 0.0, 0.9) if "5" in said.text else said

    parts = [pause(2), tone(3, 20), pause(2), tone(5, 20), pause(2), tone(7, 0.2)]
    result, _ = transcript(tmp_path, Deaf(), *parts)
    assert result.text == "3 7"
    assert [(round(span.begin_s), round(span.end_s)) for span in result.missed] == [(24, 44)]


def test_transcribe_says_in_one_line_where_it_found_no_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = tuple(Span(begin, begin + 4.5) for begin in range(3, 600, 66))
    one = (Stretch(0.0, 9.0, "en", "One."),)
    found = iter([FileTranscript(one, 9.0), FileTranscript((), 700.0, spans)])
    nobody = SharedModel(lambda: lambda: None)
    monkeypatch.setattr("voicecli.loading.load_detector", lambda _: nobody)
    monkeypatch.setattr("voicecli.loading.load_recogniser", lambda *_: nobody)
    monkeypatch.setattr("voicecli.listen.recognise.transcript.transcribe_file", lambda *_: next(found))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["transcribe", "a.wav", "b.wav"])
    assert done.exit_code == 0
    assert done.stdout == "a.wav: One.\nb.wav: \n"
    assert done.stderr == (
        "voicecli: "
        + wording(
            "files.no_words",
            name="b.wav",
            where="0:03-0:07, 1:09-1:13, 2:15-2:19, 3:21-3:25, 4:27-4:31 and 5 more",
        )
        + "\n"
    )


def test_a_sound_too_short_to_be_sure_of_is_not_missed(tmp_path: Path) -> None:
    result, _ = transcript(tmp_path, Transcriber(), pause(1), tone(3, 0.04), pause(1))
    assert (result.text, result.missed) == ("", ())


def test_each_sentence_is_written_down_in_its_own_language(tmp_path: Path) -> None:
    """3 is German and 4 French; half a second lies between them."""
    parts = [tone(3, 2.5), pause(0.5), tone(4, 3.5), pause(0.5), tone(3, 2.5)]
    result, transcriber = transcript(tmp_path, Transcriber("de", "fr"), *parts)
    assert [(stretch.language, stretch.text) for stretch in result.stretches] == [
        ("de", "3"),
        ("fr", "4"),
        ("de", "3"),
    ]
    assert [stretch.start_s for stretch in result.stretches] == pytest.approx([0, 2.7, 6.7], abs=0.1)
    assert result.language == "de"  # 5 s of it
    assert len(transcriber.heard) == 3


def test_a_recording_in_one_language_is_heard_whole(tmp_path: Path) -> None:
    result, transcriber = transcript(tmp_path, Transcriber("de", "fr"), tone(3, 2.5), pause(0.5), tone(3, 3))
    assert (result.language, len(transcriber.heard)) == ("de", 1)


@pytest.mark.parametrize(
    ("likely", "found"),
    [
        pytest.param([("en", 0.9, 3), ("fr", 0.99, 3), ("en", 0.7, 3)], "en fr en", id="sentences"),
        pytest.param([("en", 0.9, 3), ("zh", 0.88, 0.6), ("en", 0.7, 3)], "en en en", id="a word"),
        pytest.param([("ja", 0.4, 3), ("en", 0.9, 3)], "en en", id="a doubtful sentence"),
        pytest.param([("de", 0.98, 2.5), ("en", 0.98, 2.5)], "de en", id="one and one"),
    ],
)
def test_a_language_changes_with_a_sentence_and_not_with_a_word(
    likely: list[tuple[str, float, float]], found: str
) -> None:
    """Each with its probability and seconds; the rest is shared by the others."""
    known = {language for language, *_ in likely}
    odds = [
        {one: probability if one == language else (1 - probability) / 10 for one in known}
        for language, probability, _ in likely
    ]
    assert likeliest(odds, [(0, seconds) for *_, seconds in likely], "") == found.split()


def test_what_is_too_short_to_tell_its_language_goes_to_the_nearer_neighbour() -> None:
    assert telling([(0, 1), (1.1, 2), (2.2, 5)]) == [(0, 3)]
    assert telling([(0, 1), (1.1, 2), (2.3, 3.2), (3.5, 7)]) == [(0, 3), (3, 4)]
    assert telling([(0, 3), (4, 4.5), (4.6, 8)]) == [(0, 1), (1, 3)]
    assert telling([(0, 3), (3.6, 4), (4.6, 8)]) == [(0, 1), (1, 2), (2, 3)]  # far from both
    assert telling([(0, 0.5), (1.5, 2)]) == [(0, 2)]


def test_where_nothing_is_made_out_the_halves_are_looked_at(tmp_path: Path) -> None:
    class Overwhelmed(Transcriber):
        def words(self, samples: Float32) -> list[str]:
            return [] if samples.size > 3 * RATE_HZ else super().words(samples)

    parts = [tone(3, 1), pause(0.4), tone(5, 1), pause(0.8), tone(4, 1)]
    result, _ = transcript(tmp_path, Overwhelmed(), *parts)
    assert result.text == "3 5 4"


def test_the_far_side_of_a_call_is_as_loud_as_the_near_one(tmp_path: Path) -> None:
    _, transcriber = transcript(tmp_path, Transcriber(), tone(3, 2), pause(1), tone(5, 2) * np.float32(0.03))
    heard = transcriber.heard[0]
    assert level_dbfs(heard[-2 * RATE_HZ :]) > level_dbfs(heard[: 2 * RATE_HZ]) - 12


def test_the_room_is_known_before_the_first_frame(tmp_path: Path) -> None:
    detector = Detector()
    path = tmp_path / "a.wav"
    with WavWriter(path, RATE_HZ, 1) as wav:
        wav.write((np.random.default_rng(0).standard_normal(4 * RATE_HZ) * 32767 * 1e-4).astype(np.int16))
    transcribe_file(Recording(path, RATE_HZ), detector, Transcriber())  # type: ignore[arg-type]
    assert detector.room_dbfs == pytest.approx(-80, abs=1.5)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="no file"):
        transcribe_file(Recording(tmp_path / "absent.wav", RATE_HZ), Detector(), Transcriber())  # type: ignore[arg-type]


def test_memory_does_not_grow_with_the_length_of_the_recording(tmp_path: Path) -> None:
    class Forgetful(Transcriber):
        def transcribe(
            self, samples: Float32, *, language: str | None = None, clear_s: float = 0.0
        ) -> Transcript:
            said = super().transcribe(samples, language=language)
            self.heard.clear()
            return said

    def peak(minutes: int) -> int:
        transcript(tmp_path, Forgetful(), *[tone(3, 40), pause(20)] * minutes)
        tracemalloc.start()
        try:
            transcribe_file(Recording(tmp_path / "a.wav", RATE_HZ), Detector(), Forgetful())  # type: ignore[arg-type]
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(8) < 1.2 * peak(2)


def test_a_voice_in_the_first_frame_may_be_softer_than_most_rooms(tmp_path: Path) -> None:
    class Sensitive(Detector):
        def score(self, frame: Float32Frame) -> ScoredFrame:
            scored = super().score(frame)
            return ScoredFrame(frame, 0.9 if scored.level_dbfs > -90 else 0.0, scored.level_dbfs)

    path = tmp_path / "a.wav"
    with WavWriter(path, RATE_HZ, 1) as wav:
        for part in (tone(3, 0.4), pause(1.5), tone(5, 0.4), pause(1)):
            wav.write(np.rint(part * 32767 * 7e-4).astype(np.int16))  # -76 dBFS
    found = transcribe_file(Recording(path, RATE_HZ), Sensitive(), Transcriber())  # type: ignore[arg-type]
    assert found.text == "3 5"


def test_a_file_at_which_the_recogniser_fails_is_named_and_the_next_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Exception | FileTranscript] = [
        RuntimeError("out of memory\nat address 0"),
        FileTranscript((Stretch(0.0, 9.0, "en", "One."),), 9.0),
    ]

    def transcribe(*_: object) -> FileTranscript:
        given = found.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    nobody = SharedModel(lambda: lambda: None)
    monkeypatch.setattr("voicecli.loading.load_detector", lambda _: nobody)
    monkeypatch.setattr("voicecli.loading.load_recogniser", lambda *_: nobody)
    monkeypatch.setattr("voicecli.listen.recognise.transcript.transcribe_file", transcribe)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["transcribe", "a.wav", "b.wav"])
    assert done.exit_code == 1
    assert done.stdout == "b.wav: One.\n"
    assert done.stderr.startswith("voicecli: a.wav: ")
    assert done.stderr.count("\n") == 1
