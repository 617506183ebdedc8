"""Speech to text: words out of speech, none out of anything else."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rig.made_speech import speak
from rig.noises import murmur
from voicecli.errors import ConfigError, ModelError
from voicecli.listen.whisper import guards, whisper, window
from voicecli.listen.whisper import transcriber as transcribe
from voicecli.listen.whisper.transcriber import Transcriber
from voicecli.listen.whisper.whisper import Search, Whisper
from voicecli.messages import RATE_HZ, Transcript
from voicecli.models.store import models_root
from voicecli.system.posix import usable_cores

if TYPE_CHECKING:
    from pathlib import Path

    from voicecli.messages import Float32

AT_S = np.arange(2 * RATE_HZ) / RATE_HZ
CHANCE = np.random.default_rng(1)


def hum(hz: float) -> Float32:
    return sum(0.1 / n * np.sin(2 * np.pi * hz * n * AT_S) for n in (1, 2, 3)).astype(np.float32)  # type: ignore[union-attr]


def cough() -> Float32:
    """Two bursts of noise that die away within a tenth of a second, low-passed as a throat does it."""
    noise = np.convolve(CHANCE.standard_normal(AT_S.size), np.ones(8) / 8, "same")
    shape = sum(np.exp(-np.clip(AT_S - at, 0, None) / 0.06) * (at <= AT_S) for at in (0.4, 0.9))
    return np.clip(0.3 * noise * shape, -1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def english() -> Transcriber:
    transcriber = Transcriber(Whisper(models_root() / "whisper-base"), "en")
    transcriber.warm()
    return transcriber


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


# ---- guards


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("What time is it in London?", False),
        ("No, no, that is not what I said.", False),
        ("ha ha ha ha ha ha ha ha", True),
        ("I am going home. I am going home.", True),
        ("What is the capital of France?" * 4, True),
        ("", False),
    ],
)
def test_a_loop_is_known(text: str, *, loops: bool) -> None:
    assert guards.is_loop(text) is loops


def test_the_budget_grows_with_the_sound_and_ends_at_what_whisper_can_say() -> None:
    budgets = [guards.token_budget(seconds) for seconds in (0.1, 1, 5, 28)]
    assert budgets == sorted(budgets)
    assert budgets[0] >= 10
    assert budgets[-1] == guards.MAX_TOKENS


def test_the_window_holds_the_sound_and_silence_after_it_and_never_more_than_whispers() -> None:
    assert window.window_s(0.5) == window.MIN_WINDOW_S
    assert window.window_s(10.0) == 10.0 + window.SILENCE_AFTER_S
    assert window.window_s(28.0) == window.WINDOW_S


def test_sentences_that_begin_after_the_sound_are_left_out() -> None:
    first = 1000  # <|0.00|>; every further token is 0.02 s
    kept = guards.before_end([first, 7, 8, first + 50, first + 50, 7, 8, first + 100], first, end_s=1.0)
    assert [token for token in kept if token < first] == [7, 8]
    both = [first, 7, first + 50, first + 50, 8, first + 100]
    assert [token for token in guards.before_end(both, first, end_s=2.5) if token < first] == [7, 8]


def test_where_sound_is() -> None:
    samples = np.zeros(2 * RATE_HZ, np.float32)
    samples[RATE_HZ // 2 : RATE_HZ] = 0.5
    assert window.sounding_s(samples) == pytest.approx((0.5, 1.0), abs=0.021)


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (np.zeros(RATE_HZ, np.float64), "float32"),
        (np.zeros((2, RATE_HZ), np.float32), "float32"),
        (np.zeros(0, np.float32), "28 s"),
        (np.zeros(29 * RATE_HZ, np.float32), "28 s"),
        (np.full(RATE_HZ, np.nan, np.float32), "NaN"),
        (np.full(RATE_HZ, np.inf, np.float32), "infinite"),
        (np.full(RATE_HZ, 1.5, np.float32), "outside"),
    ],
)
def test_what_are_no_samples_is_refused(samples: Float32, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        window.check_samples(samples)


@pytest.mark.parametrize(
    ("no_speech", "tokens", "log_prob", "guessed"),
    [
        pytest.param(0.3, 2, -0.95, False, id="one word, soft"),
        pytest.param(0.3, 6, -0.95, True, id="as unlikely, but a sentence"),
        pytest.param(0.05, 6, -0.95, False, id="as unlikely, but surely somebody"),
        pytest.param(0.2, 12, -0.5, False, id="a sentence in some noise"),
        pytest.param(0.38, 40, -0.8, True, id="a long one out of babble"),
        pytest.param(0.1, 0, -0.9, False, id="nothing to count"),
    ],
)
def test_a_guess_is_many_words_each_unlikely(
    no_speech: float, tokens: int, log_prob: float, *, guessed: bool
) -> None:
    words = guards.Words("words", log_prob, no_speech, tokens, cut_off=False)
    assert words.none is guessed


@pytest.mark.parametrize(
    ("text", "sound_s", "fits"),
    [
        pytest.param("Very, very, very, very good.", 1.5, True, id="said"),
        pytest.param("We will. " * 20, 3.4, False, id="a loop"),
        pytest.param("Call 555 555 5555.", 2.5, True, id="digits said fast"),
        pytest.param("Call 555 555 5555.", 0.7, False, id="digits nobody can say so fast"),
        pytest.param("\u54c8" * 8, 1.5, True, id="a script of syllables"),
        pytest.param("\u54c8" * 60, 1.5, False, id="a loop of them"),
    ],
)
def test_words_are_weighed_against_the_sound_that_must_hold_them(
    text: str, sound_s: float, *, fits: bool
) -> None:
    assert guards.Words(text, -0.1, 0.1, 4, cut_off=False).fits(sound_s) is fits
    assert not guards.Words(text, -0.1, 0.1, 4, cut_off=True).fits(sound_s)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("What time is it? " * 20, "What time is it?"),
        ("I need a taxi. I need a taxi. I need a t", "I need a taxi"),
        ("Hello. Thank you, thank you, thank you. Bye.", "Hello. Thank you. Bye."),
        ("Sa-Sa-Sa-Sa-Sa-Sa-Sa", "Sa"),
        ("Mississippi, no loop.", "Mississippi, no loop."),
        ("", ""),
    ],
)
def test_one_round_of_a_loop_is_left(text: str, left: str) -> None:
    assert guards.once(text) == left


@pytest.mark.parametrize(
    ("text", "spoken", "clear_s", "missed"),
    [
        pytest.param("", 0.8, 1.0, True, id="somebody, and no words"),
        pytest.param("words", 0.8, 1.0, False, id="words"),
        pytest.param("", 0.8, 0.1, False, id="a cough"),
        pytest.param("", 0.3, 2.0, False, id="a crowd"),
    ],
)
def test_speech_without_words_is_told_from_other_sounds(
    text: str, spoken: float, clear_s: float, *, missed: bool
) -> None:
    assert guards.missed(Transcript(text, "en", 0.0, spoken), clear_s) is missed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("who wrote Romeo and Juliet.", "Who wrote Romeo and Juliet?", True),
        ("All 5 5 5 5 5 5", "All five, five, five, five,", True),
        ("Yes, yes, yes, yes, yes.", "Yes, yes, yes.", True),
        ("Thank you very much.", "What did you say?", False),
        ("Call 5 5 5", "Good morning to you.", False),
        ("", "Yes.", False),
    ],
)
def test_two_looks_tell_the_same_however_often_they_say_it(one: str, other: str, *, same: bool) -> None:
    assert guards.alike(one, other) is same


SAID = np.sin(np.arange(2 * RATE_HZ)).astype(np.float32) * 0.3
LOOP = "What time is it? " * 20
TWICE = "Where is my phone? Where is my phone?"


def look(text: str, no_speech: float = 0.1, log_prob: float = -0.2) -> guards.Words:
    return guards.Words(text, log_prob, no_speech, 8, cut_off=False)


class ScriptedWhisper:
    """In place of the model: gives these looks in turn, and finds these languages."""

    def __init__(self, *looks: guards.Words, languages: tuple[str, ...] = ("en",), **likely: float) -> None:
        self.languages = frozenset(languages)
        self.looks = list(looks)
        self.likely_languages = likely
        self.beams: list[int] = []
        self.windows: list[int] = []
        """Lengths of the windows it encoded, seconds."""

    def encode(self, samples: Float32, before_s: float, total_s: float) -> None:
        self.windows.append(round(total_s))

    def decode(self, _encoded: None, _language: str, search: Search, _end_s: float) -> guards.Words:
        self.beams.append(search.beam_size)
        return self.looks.pop(0)

    def likely(self, _: None) -> dict[str, float]:
        return self.likely_languages


def looking(*looks: guards.Words) -> tuple[Transcriber, list[int]]:
    """A transcriber whose looks give these in turn, and the windows it encoded, seconds."""
    model = ScriptedWhisper(*looks)
    return Transcriber(model), model.windows  # type: ignore[arg-type]


def after(spoken: str, **likely: float) -> Transcriber:
    """A transcriber that has heard `spoken` and now finds these languages; its words are sure."""
    model = ScriptedWhisper(look("Yes."), look("Yes."), languages=("en", "de", "ko"))
    transcriber = Transcriber(model)  # type: ignore[arg-type]
    if spoken:
        model.likely_languages = {spoken: 1.0}
        transcriber.transcribe(SAID)
    model.likely_languages = likely
    return transcriber


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        pytest.param([look(TWICE, 0.5), look(TWICE)], TWICE, id="said twice"),
        pytest.param(
            [look(LOOP), look("What time is it?")], "What time is it?", id="a loop of the first look"
        ),
        pytest.param([look(LOOP), look(LOOP), look(TWICE)], TWICE, id="of both, but not without circles"),
        pytest.param([look(LOOP), look(LOOP), look(LOOP)], "What time is it?", id="a loop whatever is done"),
        pytest.param([look(LOOP, 0.2), look(TWICE, 0.5)], "", id="nobody, as the whole window sees it"),
        pytest.param([look(TWICE, 0.7)], "", id="nobody at all"),
        pytest.param(
            [look("One two three.", 0.5, -0.6), look("One two three.")], "One two three.", id="hardly"
        ),
    ],
)
def test_what_repeats_itself_is_looked_at_again(looks: list[guards.Words], text: str) -> None:
    transcriber, encoded = looking(*looks)
    assert transcriber.transcribe(SAID).text == text
    assert encoded == ([6, 30] if len(looks) > 1 else [6])  # encoding is what costs


CLEAR_S = 1.0
"""As much as it takes for a second look."""
MUMBLED = "Call five five five"


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        pytest.param(
            [look(MUMBLED, 0.3, -0.8), look(MUMBLED + " five", 0.3, -0.8)], MUMBLED + " five", id="of both"
        ),
        pytest.param([look("Who is the chief?", 0.3, -0.8), look(MUMBLED, 0.3, -0.8)], "", id="of one"),
        pytest.param([look(MUMBLED, 0.3, -1.2), look(MUMBLED, 0.3, -1.2)], "", id="of both, but a guess"),
        pytest.param(
            [look(LOOP, 0.5, -0.3), look(TWICE, 0.43)], "", id="said twice, a crowd in another look"
        ),
        pytest.param([look("A guess.", 0.2, -1.5), look(LOOP)], "", id="a crowd that only one look repeats"),
    ],
)
def test_words_of_which_two_looks_tell_are_somebodys(looks: list[guards.Words], text: str) -> None:
    transcriber, _ = looking(*looks)
    assert transcriber.transcribe(SAID, clear_s=CLEAR_S).text == text


HARDLY = look("Who wrote Romeo and Juliet?", 0.26, -0.82)


@pytest.mark.parametrize(
    ("glimpsed", "windows", "text"),
    [
        pytest.param("who wrote Romeo and Juliet.", [6, 6], HARDLY.text, id="the same: no second look"),
        pytest.param("Thank you very much.", [6, 6, 30], "", id="something else"),
    ],
)
def test_what_was_seen_while_they_spoke_confirms_what_is_hardly_likely(
    glimpsed: str, windows: list[int], text: str
) -> None:
    transcriber, encoded = looking(look(glimpsed, 0.2, -0.5), HARDLY, look("A guess.", 0.2, -1.5))
    transcriber.transcribe(SAID, provisional=True)
    assert transcriber.transcribe(SAID, clear_s=CLEAR_S).text == text
    assert encoded == windows


def test_what_was_seen_of_one_utterance_confirms_nothing_of_the_next() -> None:
    transcriber, encoded = looking(HARDLY, look("Yes."), HARDLY, look(""))
    transcriber.transcribe(SAID, provisional=True)
    transcriber.transcribe(SAID)
    assert transcriber.transcribe(SAID, clear_s=CLEAR_S).text == ""
    assert encoded == [6, 6, 6, 30]


def test_a_hum_is_nobody_though_two_looks_tell_the_same_of_it() -> None:
    hardly = look(MUMBLED, 0.3, -0.8)
    transcriber, _ = looking(hardly, hardly)
    assert transcriber.transcribe(SAID, clear_s=0.0).text == ""


def speaking(*lengths_s: float) -> Float32:
    """Sound of these lengths, with pauses of 0.2 s between."""
    pause = np.zeros(RATE_HZ // 5, np.float32)
    pieces = [np.resize(SAID, round(length_s * RATE_HZ)) for length_s in lengths_s]
    return np.concatenate([part for piece in pieces for part in (pause, piece)][1:])


NOTHING = look("", 0.2)
COUNTED = "Three four five six seven."


@pytest.mark.parametrize(
    ("lengths_s", "heard", "text"),
    [
        pytest.param((7.0, 7.0), ("One two.", "Three four."), "One two. Three four.", id="all of it"),
        pytest.param((8.5, 6.3, 2.8), ("", COUNTED, ""), COUNTED, id="a third of it"),
        pytest.param((8.5, 6.3, 2.8), ("", "Right.", ""), "", id="a third, one word in 6 s: a crowd"),
        pytest.param((8.5, 6.3, 2.8), ("", "", "Hm."), "", id="a sixth of it: a crowd"),
        pytest.param((8.5, 6.3, 2.8), ("", TWICE, ""), "", id="a third, and that repeats itself: a crowd"),
        pytest.param((8.5, 6.3, 2.8), (TWICE, TWICE, ""), f"{TWICE} {TWICE}", id="all of it repeats itself"),
    ],
)
def test_long_sound_that_tells_nothing_is_heard_in_parts(
    lengths_s: tuple[float, ...], heard: tuple[str, ...], text: str
) -> None:
    looks = [look(each) if each else NOTHING for each in heard for _ in range(2 if each == TWICE else 1)]
    transcriber, _ = looking(look(LOOP, 0.5, -0.1), *looks)
    assert transcriber.transcribe(speaking(*lengths_s)).text == text


def test_words_that_may_change_may_repeat_themselves_but_are_not_settled() -> None:
    transcriber, encoded = looking(look(TWICE), look(LOOP), look(TWICE, 0.5), look("Yes."))
    passes = [transcriber.transcribe(SAID, provisional=True) for _ in range(4)]
    assert [each.text for each in passes] == [TWICE, "", "", "Yes."]
    assert (passes[0].settled, passes[3].settled) == (False, True)
    assert encoded == [6] * 4


def lasting(sound_s: float) -> Float32:
    return np.tile(SAID, 2)[: round(sound_s * RATE_HZ)]


@pytest.mark.parametrize(
    ("before", "found", "probability", "sound_s", "language"),
    [
        pytest.param("en", "ko", 0.83, 0.9, "en", id="a hum over the agent"),
        pytest.param("en", "ko", 0.83, 2.5, "ko", id="a sentence"),
        pytest.param("en", "de", 0.95, 0.9, "de", id="a word that could be of no other language"),
        pytest.param("en", "en", 0.6, 0.9, "en", id="the same as before"),
        pytest.param("", "ko", 0.83, 0.9, "ko", id="the first word of all"),
        pytest.param("en", "de", 0.4, 2.5, "en", id="a sentence nobody could tell"),
    ],
)
def test_a_short_sound_changes_the_language_only_when_it_could_be_no_other(
    before: str, found: str, probability: float, sound_s: float, language: str
) -> None:
    heard = after(before, **{found: probability}).transcribe(lasting(sound_s))
    assert (heard.text, heard.language) == ("Yes.", language)


@pytest.mark.parametrize(
    ("found", "probability", "language"),
    [
        pytest.param("de", 0.95, "de", id="it may become the final transcript"),
        pytest.param("de", 0.7, "en", id="half a sentence of which it is not sure"),
        pytest.param("en", 0.3, "en", id="the same as before"),
    ],
)
def test_words_that_may_change_are_in_another_language_when_that_is_clear(
    found: str, probability: float, language: str
) -> None:
    heard = after("en", **{found: probability}).transcribe(lasting(3.0), provisional=True)
    assert (heard.text, heard.language) == ("Yes.", language)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4)])
def test_half_the_cores_and_at_most_four_work_on_it(cores: int, threads: int) -> None:
    assert whisper.default_threads(cores) == threads


def test_cores_that_were_taken_away_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {1, 3}, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert usable_cores() == 2


# ---- the real thing


@pytest.mark.models
def test_a_provisional_transcript_takes_no_second_look(
    english: Transcriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is doubtful here; the second look is the one that costs."""
    monkeypatch.setattr(transcribe, "LOW_LOG_PROB", 1.0)
    looks: list[int] = []
    again = english.second_look

    def watched(samples: Float32, language: str, words: guards.Words) -> guards.Words:
        looks.append(samples.size)
        return again(samples, language, words)

    monkeypatch.setattr(english, "second_look", watched)
    speech = speak("What time is it?")
    assert english.transcribe(speech, provisional=True).text == ""
    assert looks == []
    assert words(english.transcribe(speech).text) == words("What time is it?")
    assert looks == [speech.size]


@pytest.mark.models
@pytest.mark.parametrize(
    "said",
    [
        "What time is it?",
        "The capital of Norway is a beautiful city.",
        "Please call me back tomorrow morning.",
        "Yes.",
        "No.",
        "Stop.",
        "Very, very, very, very good.",
        "Stop, stop, stop, stop.",
        "What time is it? What time is it?",
        "No, no, no, no, no, that is wrong.",
    ],
)
def test_words_out_of_speech(english: Transcriber, said: str) -> None:
    transcript = english.transcribe(speak(said))
    assert words(transcript.text) == words(said)
    assert transcript.language == "en"
    assert 0.3 < transcript.confidence <= 1.0


@pytest.mark.models
@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("Test, test, test, one two three.", r"test\W+test\W+test\W+(1|one)\W*(2|two)\W*(3|three)\W*"),
        ("Call 555 555 5555.", r"call\W+5[-5 ]{6,}\W*"),
        ("One two three. One two three. One two three.", r"((1|one)\W*(2|two)\W*(3|three)\W*){3}"),
        ("I like tea. I like tea.", r"(i like te?a?\W+){1,2}i like te?a?\W*|i like te?a?\W*"),
    ],
)
def test_what_is_said_again_is_written_down(english: Transcriber, said: str, heard: str) -> None:
    text = english.transcribe(speak(said)).text
    assert re.fullmatch(heard, text.lower()), text


@pytest.mark.models
@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(2 * RATE_HZ, np.float32), id="silence"),
        pytest.param(np.zeros(RATE_HZ // 20, np.float32), id="too short"),
        pytest.param((CHANCE.standard_normal(2 * RATE_HZ) * 0.001).astype(np.float32), id="a quiet room"),
        pytest.param((CHANCE.standard_normal(2 * RATE_HZ) * 0.1).astype(np.float32), id="noise"),
        pytest.param(hum(50), id="hum 50 Hz"),
        pytest.param(hum(60), id="hum 60 Hz"),
        pytest.param(cough(), id="cough"),
        pytest.param(np.where(np.arange(2 * RATE_HZ) % 8000 < 40, 0.9, 0.0).astype(np.float32), id="clicks"),
    ],
)
def test_no_words_out_of_anything_else(english: Transcriber, sound: Float32) -> None:
    assert english.transcribe(sound).text == ""


@pytest.mark.models
def test_next_to_no_words_out_of_many_people_at_once(english: Transcriber) -> None:
    """Without `guessed` and the bound on the whole window most of these had some."""
    babble = murmur(32.0)
    heard = [
        english.transcribe(babble[begin:][:RATE_HZ]).text for begin in range(0, babble.size, 4 * RATE_HZ)
    ]
    assert sum(map(bool, heard)) <= 1, heard


@pytest.mark.models
def test_clipped_and_noisy_speech_is_still_understood(english: Transcriber) -> None:
    speech = speak("Please call me back tomorrow morning.")
    noisy = np.clip(speech * 4 + CHANCE.standard_normal(speech.size) * 0.02, -1, 1).astype(np.float32)
    assert words(english.transcribe(noisy).text) == words("Please call me back tomorrow morning.")


@pytest.mark.models
def test_the_language_is_found() -> None:
    transcript = Transcriber(Whisper(models_root() / "whisper-base")).transcribe(
        speak("Where is the next train station?")
    )
    assert (transcript.language, words(transcript.text)[-1]) == ("en", "station")


@pytest.mark.models
def test_a_language_it_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="'xx'"):
        Transcriber(Whisper(models_root() / "whisper-base"), "xx")


@pytest.mark.models
def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model\.bin"):
        Whisper(tmp_path)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        shutil.copy(models_root() / "whisper-base" / name, tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model" * 100)
    with pytest.raises(ModelError) as caught:
        Whisper(tmp_path)
    assert "voicecli models verify" in caught.value.remedy


def test_a_narrow_search_has_smaller_beams_in_both_passes_until_it_is_wide_again() -> None:
    model = ScriptedWhisper(*[look(LOOP), look("What time is it?")] * 3)
    transcriber, beams = Transcriber(model), []  # type: ignore[arg-type]
    for narrow in (False, True, False):
        transcriber.narrow(on=narrow)
        transcriber.transcribe(SAID)
        beams.append(model.beams[-2:])
    assert beams[0] == beams[2]
    assert all(small < wide for small, wide in zip(beams[1], beams[0], strict=True))
