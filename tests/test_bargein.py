"""What a sound over the agent does to the agent, and what its words ask for: each decision by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecli.listen.bargein.bargein import BargeIn, Response, barge_in, response
from voicecli.listen.bargein.verdict import (
    GIVE_UP_S,
    LONG_S,
    STOP_PAUSE_S,
    UNHEARD_S,
    OverlapEvidence,
    cannot_be_echo,
    kind_of,
    may_end_otherwise,
    verdict,
)
from voicecli.listen.echo.residual import EchoState

Echo = partial(EchoState, removed_db=30.0, converged=True, coping=True, bounded=True)

LEARNING = Echo(converged=False, bounded=False)
LEFT = Echo(converged=False, coping=False)
LOST = Echo(converged=False, coping=False, bounded=False)
RESPONSES = get_args(Response)  # from least to most


def test_how_readily_the_agent_can_be_stopped() -> None:
    assert barge_in(None, headphones=True) == "on"
    assert barge_in(LOST, headphones=True) == "on"
    assert barge_in(None, headphones=False) == "off"
    assert barge_in(LOST, headphones=False) == "off"
    assert barge_in(LEARNING, headphones=False) == "strict"
    assert barge_in(LEFT, headphones=False) == "strict"
    assert barge_in(Echo(), headphones=False) == "on"


def test_it_is_soft_after_a_frame_and_silent_after_two() -> None:
    assert [response("on", audible=True, frames=frames) for frames in range(4)] == [
        "ignore",
        "duck",
        "hold",
        "hold",
    ]


@given(st.sampled_from(get_args(BargeIn)), st.integers(0, 60))
def test_more_of_a_sound_never_does_less(mode: BargeIn, frames: int) -> None:
    less, more = (
        RESPONSES.index(response(mode, audible=True, frames=count)) for count in (frames, frames + 1)
    )
    assert less <= more
    assert response(mode, audible=False, frames=frames) == "ignore"
    assert response("off", audible=True, frames=frames) == "ignore"


# ---- words


@pytest.mark.parametrize(
    "text",
    [
        *("Mm-hmm.", "Mhm.", "Mm hmm", "Hmm.", "Hm", "Mmm.", "Uh-huh.", "Uh huh.", "Aha!", "Ah.", "Oh."),
        *(
            "Yeah.",
            "Yeah, yeah.",
            "Yes.",
            "Right.",
            "Okay.",
            "OK",
            "I see.",
            "Oh, I see.",
            "Got it.",
            "Sure.",
        ),
        *("Yeah, right, okay.", "All right.", "Thank you.", "You", "Uh"),
        *("That's right.", "Makes sense.", "Haha.", "Oh, really?", "I know.", "Yeah, I know."),
    ],
)
def test_who_agrees_wants_to_hear_more(text: str) -> None:
    assert kind_of(text, "en") == "back_channel"


@pytest.mark.parametrize(
    "text",
    [
        *("Stop.", "Stop!", "Stop it.", "Please stop.", "Stop, please.", "Okay, stop.", "Stop. Stop. Stop."),
        *(
            "Wait.",
            "Wait a minute.",
            "Hold on.",
            "Never mind.",
            "Nevermind.",
            "Be quiet.",
            "Be quiet, please.",
        ),
        *("That's enough.", "That’s enough, thank you.", "Oh, never mind.", "Hang on.", "Just a second."),
        *("One moment, please.", "Shh.", "Sh!", "Wait, wait, wait a second."),
    ],
)
def test_who_says_stop_wants_silence(text: str) -> None:
    assert kind_of(text, "en") == "stop"


@pytest.mark.parametrize(
    "text",
    [
        *("No.", "What?", "Yeah, but why?", "Okay, and tomorrow?", "Right now?", "I see a problem."),
        *("Stop the music.", "Stop it now or later?", "Wait for me.", "Please.", "Now.", "What about Rome?"),
        *("Mm-hmm, and then?", "Hello.", "Thank you, and what is the time?"),
    ],
)
def test_anything_else_wants_the_floor(text: str) -> None:
    assert kind_of(text, "en") == "words"


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("Ja, genau.", "de", "back_channel"),
        ("Ach so.", "de", "back_channel"),
        ("Hm-hm.", "de", "back_channel"),
        ("Warte mal, bitte.", "de", "stop"),
        ("Das reicht.", "de", "stop"),
        ("Ja, aber warum?", "de", "words"),
        ("Macht nichts.", "de", "back_channel"),
        ("Ich weiß.", "de", "back_channel"),
        ("Schluss jetzt!", "de", "stop"),
        ("Vergiss es.", "de", "stop"),
        ("Ach so, " * 60 + "aber", "de", "words"),
        ("Peu importe.", "fr", "stop"),
        ("Chut !", "fr", "stop"),
        ("D'accord.", "fr", "back_channel"),
        ("Ah bon ?", "fr", "back_channel"),
        ("Arrête, s'il te plaît.", "fr", "stop"),
        ("Ça suffit !", "fr", "stop"),
        ("Tais-toi.", "fr", "stop"),
        ("Et demain ?", "fr", "words"),
        ("¡Vale, vale!", "es", "back_channel"),
        ("Ya veo.", "es", "back_channel"),
        ("¡Basta ya, por favor!", "es", "stop"),
        ("No importa.", "es", "stop"),
        ("Da igual.", "es", "stop"),
        ("No importa cuándo.", "es", "words"),
        ("¡Ya basta, por favor!", "es", "stop"),
        ("Cállate.", "es", "stop"),
        ("¿Para qué?", "es", "words"),
        ("Sì, certo, ho capito.", "it", "back_channel"),
        ("Aspetta un attimo, per favore.", "it", "stop"),
        ("Sì, ma perché?", "it", "words"),
        ("Ja, precies.", "nl", "back_channel"),
        ("Laat maar.", "nl", "stop"),
        ("Wacht op mij.", "nl", "words"),
        ("Pois é.", "pt", "back_channel"),
        ("Deixa pra lá.", "pt", "stop"),
        ("Para onde?", "pt", "words"),
        ("Mm-hmm.", "sv", "back_channel"),
        ("Okay.", "sv", "back_channel"),
        ("Emem.", "tr", "back_channel"),
        ("Home.", "tr", "words"),
        ("Stop!", "sv", "stop"),
        ("Okay, stop.", "ja", "stop"),
        ("", "", "nothing"),
        (" . ", "en", "nothing"),
        ("…", "de", "nothing"),
    ],
)
def test_tables_go_by_language_and_hums_okay_and_stop_are_known_in_any(
    text: str, language: str, kind: str
) -> None:
    assert kind_of(text, language) == kind


@given(st.text(max_size=200), st.sampled_from(["en", "de", "fr", "es", "", "ja"]))
def test_any_text_is_of_some_kind(text: str, language: str) -> None:
    assert kind_of(text, language) in ("nothing", "back_channel", "stop", "words")


# ---- words that cannot be the agent's echo


@pytest.mark.parametrize(
    ("text", "language", "agent_said", "objected"),
    [
        ("No!", "en", "The sky is blue.", True),
        ("no no, sorry", "en", "The sky is blue.", True),
        ("Hey.", "en", "The sky is blue.", True),
        ("Nein!", "de", "Der Himmel ist blau.", True),
        ("No.", "ja", "", True),
        ("No!", "en", "There is no sky.", False),
        ("No!", "en", "It is not blue.", False),
        ("No!", "en", "You know that.", False),
        ("What?", "en", "Whatever you like.", False),
        ("You.", "en", "The sky is blue.", False),
        ("No clouds.", "en", "The sky is blue.", False),
        ("What about tomorrow?", "en", "The sky is blue.", True),
        ("What about tomorrow?", "en", "It is about blue skies.", False),
        ("the sky is", "en", "The sky is blue.", False),
        ("Okay.", "en", "The sky is blue.", False),
        ("", "en", "The sky is blue.", False),
        ("Nein!", "en", "The sky is blue.", False),
    ],
)
def test_an_objection_or_several_words_are_no_echo_unless_the_agent_said_something_like_them(
    text: str, language: str, agent_said: str, objected: bool
) -> None:
    assert cannot_be_echo(text, language, agent_said) == objected


# ---- the verdict

PAUSED = OverlapEvidence(
    spoken_s=0.5, pause_s=0.2, words="", language="en", heard_s=0.5, whole=True, asked=False
)
GOES_ON = replace(PAUSED, pause_s=0.0, words=None, heard_s=0.0, whole=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", "dismiss"), ("Mm-hmm.", "dismiss"), ("What about Rome?", "interrupt")],
)
def test_in_a_pause_the_words_decide_at_once(words: str, expected: str) -> None:
    assert verdict(replace(PAUSED, words=words)) == expected


def test_stop_waits_for_what_may_belong_to_it() -> None:
    stop = replace(PAUSED, words="Stop.")
    assert verdict(replace(stop, pause_s=STOP_PAUSE_S - 0.1)) == "wait"
    assert verdict(replace(stop, pause_s=STOP_PAUSE_S)) == "stop"


def test_to_a_question_yes_is_an_answer() -> None:
    assert verdict(replace(PAUSED, words="Yes.", asked=True)) == "interrupt"
    assert verdict(replace(PAUSED, words="Stop.", asked=True, pause_s=1.0)) == "stop"
    assert verdict(replace(PAUSED, words="", asked=True)) == "dismiss"


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt", "sv"])
def test_okay_and_stop_are_known_in_every_language(language: str) -> None:
    assert kind_of("Okay.", language) == "back_channel"
    assert kind_of("Stop!", language) == "stop"


@pytest.mark.parametrize(
    ("text", "may"),
    [
        *(("That's", True), ("Yeah, that makes", True), ("Oh, I", True), ("Wait a", True), ("Be", True)),
        *(("What", False), ("Yeah, but", False), ("Stop the", False), ("I think", False)),
    ],
)
def test_some_words_may_still_become_an_agreement_or_a_stop(text: str, may: bool) -> None:
    assert kind_of(text, "en") == "words"
    assert may_end_otherwise(text, "en") is may


def test_speech_that_goes_on_is_an_interruption_as_soon_as_it_is_known_to_be_words() -> None:
    assert verdict(replace(GOES_ON, spoken_s=LONG_S - 0.1)) == "wait"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S)) == "wait"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="what about")) == "interrupt"
    assert verdict(replace(GOES_ON, spoken_s=1.1, words="Yeah, but what about")) == "interrupt"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="")) == "wait"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="Yeah, yeah.")) == "wait"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="Stop.")) == "wait"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="That's")) == "wait"  # "That's right", perhaps
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, words="That's", asked=True)) == "interrupt"
    assert verdict(replace(GOES_ON, words="I")) == "wait"  # "I see", perhaps


@pytest.mark.parametrize("words", [None, "Yeah.", "That's", "Stop."])
def test_so_much_speech_that_nobody_has_looked_at_is_an_interruption(words: str | None) -> None:
    heard_s = 0.0 if words is None else 0.5
    spoken = replace(GOES_ON, words=words, heard_s=heard_s)
    assert verdict(replace(spoken, spoken_s=heard_s + UNHEARD_S - 0.01)) == "wait"
    assert verdict(replace(spoken, spoken_s=heard_s + UNHEARD_S)) == "interrupt"


def test_nothing_holds_the_agent_for_ever() -> None:
    late = GIVE_UP_S + 0.01
    half_a_word = replace(GOES_ON, spoken_s=0.6, heard_s=0.5, words="")
    assert verdict(half_a_word) == "wait"
    assert verdict(replace(half_a_word, pause_s=late)) == "resume"
    assert verdict(replace(half_a_word, spoken_s=0.5 + UNHEARD_S)) == "resume"
    assert verdict(replace(GOES_ON, spoken_s=LONG_S, heard_s=LONG_S, words="")) == "resume"
    waiting = replace(PAUSED, words=None, whole=False)
    assert verdict(waiting) == "wait"
    assert verdict(replace(waiting, pause_s=late)) == "resume"
    # Late words count as well as those in time.
    assert verdict(replace(PAUSED, words="What about Rome?", pause_s=3.0)) == "interrupt"
