"""Who is answered in which language, by which voice: scripts of facts, and the mouth with two voices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.seats import attempts, seat
from tests.sentences import wording
from tests.stepped import Stepped
from tests.test_talking import Beeper, silence, tone
from tests.world import World
from voicecli import events
from voicecli.aloud.locales import localised
from voicecli.aloud.speakable import speakable
from voicecli.audio.streams import StreamFormat
from voicecli.config import PlaybackConfig
from voicecli.floor import facts
from voicecli.floor import orders as to
from voicecli.messages import Clause
from voicecli.reply.conversation.conversation import Conversation
from voicecli.reply.conversation.language_names import name_of, voice_for
from voicecli.speak.playback import Playback
from voicecli.speak.voice import Piece, besides
from voicecli.system.clock import FakeClock
from voicecli.talk.mouth import Mouth
from voicecli.threads.channel import Channel
from voicecli.waiting.buffers import Buffer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicecli.engines import Seat
    from voicecli.floor.facts import Fact
    from voicecli.floor.orders import ToMouth
    from voicecli.speak.voice import Voice


def asks(world: World, words: str, language: str = "en") -> None:
    """A question, and its answer heard to its end."""
    world.languages[words] = language
    world.speaks(words)
    world.is_quiet(0.3)
    world.works()
    world.settles()


def said(world: World) -> list[tuple[str, str]]:
    """Of each clause that was given to a voice: the voice's language, and the draft it answers."""
    return [
        (order.clause.language, order.clause.text) for order in world.ordered if isinstance(order, to.Say)
    ]


def asked(world: World) -> list[str]:
    return [order.messages[-1].content for order in world.ordered if isinstance(order, to.Write)]


def warned(world: World) -> list[events.Warned]:
    return [event for event in world.told if isinstance(event, events.Warned)]


# ---- the floor


def test_a_german_question_is_answered_by_the_german_voice() -> None:
    world = World(others=["de"])
    asks(world, "wie spät ist es in Rom", "de")
    world.check_settled()
    assert {language for language, _ in said(world)} == {"de"}
    (write,) = (order for order in world.ordered if isinstance(order, to.Write))
    assert write.language == "de"
    assert write.messages[-1].content.startswith("[Answer in German.] ")
    assert "German" not in write.messages[0].content
    assert warned(world) == []


def test_the_language_changes_from_turn_to_turn_and_the_system_prompt_never() -> None:
    world = World(others=["de", "fr"])
    for words, language in (
        ("tell me about Rome", "en"),
        ("erzähl mir von Rom", "de"),
        ("parle-moi de Rome", "fr"),
        ("and now of Oslo", "en"),
        ("and of Paris", "en"),
    ):
        asks(world, words, language)
    world.check_settled()
    voices = [language for language, _ in said(world)]
    assert voices == ["", "", "de", "de", "fr", "fr", "", "", "", ""]
    assert asked(world) == [
        "tell me about Rome",
        "[Answer in German.] erzähl mir von Rom",
        "[Answer in French.] parle-moi de Rome",
        "[Answer in English.] and now of Oslo",
        "and of Paris",
    ]
    prompts = {order.messages[0].content for order in world.ordered if isinstance(order, to.Write)}
    assert len(prompts) == 1


def test_without_a_voice_the_main_one_answers_in_its_language_and_that_is_told_once() -> None:
    world = World(others=["fr"])
    asks(world, "wie spät ist es in Rom", "de")
    asks(world, "und in Oslo", "de")
    asks(world, "hvad er klokken", "da")
    asks(world, "und in Paris", "de")
    world.check_settled()
    assert {language for language, _ in said(world)} == {""}
    assert all(words.startswith("[Answer in English.] ") for words in asked(world))
    german, danish = warned(world)
    assert german.message == wording("languages.no_voice", language="German", main="English")
    assert german.remedy == wording("languages.get_voice", voice="de_DE-thorsten-medium", language="de")
    assert german.turn == 1
    assert danish.message == wording("languages.no_voice", language="Danish", main="English")


def test_a_language_that_nobody_has_a_voice_for_is_told_with_another_remedy() -> None:
    world = World()
    asks(world, "quid agis hodie", "la")
    (event,) = warned(world)
    assert event.remedy == wording("languages.own_voice", language="la")


def test_what_is_called_off_tells_of_no_language() -> None:
    world = World()
    world.languages["wie spät ist es"] = "de"
    world.speaks("wie spät ist es")
    world.is_quiet(0.1)
    world.scribe()
    world.author()  # a clause of a draft
    world.languages["in Rome I mean"] = "en"
    world.speaks("in Rome I mean")
    world.is_quiet(0.3)
    world.works()
    world.settles()
    assert warned(world) == []
    assert {language for language, _ in said(world)} == {""}


def test_a_draft_whose_language_changes_is_another() -> None:
    world, words = World(others=["de"]), "und was ist das in Rom?"
    world.speaks(words, seconds=1.0)
    world.scribe()
    first = world.floor.exchange.draft
    assert first is not None, "drafted while the user speaks, as English"
    world.languages[words] = "de"
    world.is_quiet(0.1)
    world.scribe()
    second = world.floor.exchange.draft
    assert second is not None
    assert second.number > first.number
    assert second.transcript.text == first.transcript.text
    world.settles()
    world.check_settled()
    assert {language for language, _ in said(world)} == {"de"}
    assert [event.language for event in world.told if isinstance(event, events.Heard)] == ["de"]


def test_who_types_is_answered_in_the_language_spoken_last() -> None:
    world = World(others=["de"])
    asks(world, "wie spät ist es in Rom", "de")
    world.types("und in Oslo")
    world.settles()
    assert {language for language, _ in said(world)} == {"de"}


def test_a_reply_is_repeated_by_the_voice_that_said_it() -> None:
    world = World(others=["de"])
    asks(world, "wie spät ist es in Rom", "de")
    asks_before = len(asked(world))
    world.repeats()
    world.settles()
    assert len(asked(world)) == asks_before
    assert {language for language, _ in said(world)} == {"de"}


def test_words_are_read_ahead_as_they_will_be_asked() -> None:
    world = World(others=["de"])
    words = "erzähl mir bitte etwas von der Stadt"
    world.languages[words] = "de"
    for _ in range(4):
        world.speaks(words, seconds=0.5)
        world.works()
    read = [order.messages[-1].content for order in world.ordered if isinstance(order, to.ReadAhead)]
    ahead = [content for content in read if content]
    assert ahead
    assert all(content.startswith("[Answer in German.] erzähl") for content in ahead)


# ---- all of them


class Says(Beeper):
    """Notes what it says."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__()
        self.rate_hz = rate_hz
        self.said: list[str] = []

    def say(self, text: str) -> Iterator[Piece]:
        self.said.append(text)
        return super().say(text)


def test_a_talk_goes_from_one_language_to_another_and_back() -> None:
    german = Says(22_050)
    replies = ("Am 5. Mai um 8:05 Uhr.", "On May 5 at noon.")
    talk = Stepped("wie spät ist es", "and when in Rome", replies=replies, german=german)
    talk.scribe.language = "de"
    talk.hears(silence(0.3), tone(0.6), silence(2.0))
    talk.works()
    talk.hears(silence(4.0))
    assert " ".join(german.said) == localised("Am 5. Mai um 8:05 Uhr.", "de") != replies[0]
    talk.scribe.language = "en"
    talk.hears(tone(0.6, 1), silence(2.0))
    talk.works()
    talk.hears(silence(4.0))
    assert " ".join(german.said) == localised("Am 5. Mai um 8:05 Uhr.", "de")
    told = talk.told()
    assert [event.language for event in told if isinstance(event, events.Heard)] == ["de", "en"]
    assert [bool(event.heard) for event in told if isinstance(event, events.TurnDone)] == [True, True]
    asked = [messages[-1].content for messages in talk.answers.told]
    assert asked == [
        "[Answer in German.] [It is 15:42] wie spät ist es",
        "[Answer in English.] and when in Rome",
    ]


def test_a_main_voice_of_two_languages_answers_in_both() -> None:
    voice = Says(16_000)
    voice.languages = frozenset({"en", "de"})
    replies = ("Am 5. Mai um 8:05 Uhr.", "On May 5 at noon.")
    talk = Stepped("wie spät ist es", "and when in Rome", replies=replies, voice=voice)
    for pitch, language in enumerate(("de", "en")):
        talk.scribe.language = language
        talk.hears(silence(0.3), tone(0.6, pitch), silence(2.0))
        talk.works()
        talk.hears(silence(4.0))
    german, english = localised(replies[0], "de"), speakable(replies[1])
    assert " ".join(voice.said) == f"{german} {english}"
    asked = [messages[-1].content.partition("]")[0] for messages in talk.answers.told]
    assert asked == ["[Answer in German.", "[Answer in English."]
    missing = wording("languages.no_voice", language="German", main="English")
    warned = [event.message for event in talk.told() if isinstance(event, events.Warned)]
    assert missing not in warned


def test_a_voice_that_does_not_list_its_languages_is_counted_on_for_one() -> None:
    voice = Says(16_000)
    voice.languages = None
    assert besides(voice) == []
    voice.languages = frozenset({"fr", "en", "de"})
    assert besides(voice) == ["de", "fr"]


# ---- what the model is told


def test_the_language_stands_before_the_users_words_and_is_remembered_with_them() -> None:
    conversation = Conversation("Be brief.", 600)
    asked = conversation.messages_for("Wie geht's?", "German")
    assert [message.content for message in asked] == ["Be brief.", "[Answer in German.] Wie geht's?"]
    conversation.remember("Wie geht's?", "Gut.", interrupted=False)
    assert conversation.messages_for("Und dir?")[: len(asked)] == asked
    assert conversation.messages_for("", "German")[-1].content == ""


def test_languages_have_names_and_most_of_them_voices() -> None:
    assert (name_of("de"), name_of("qq")) == ("German", "qq")
    assert (voice_for("de"), voice_for("la")) == ("de_DE-thorsten-medium", "")


# ---- the mouth


class Steady:
    """A voice whose samples all have one value."""

    def __init__(self, language: str, rate_hz: int, value: int) -> None:
        self.language = language
        self.languages = frozenset({language})
        self.rate_hz = rate_hz
        self._value = value

    def say(self, text: str) -> Iterator[Piece]:
        for to_come in (self.rate_hz // 4, 0):
            yield Piece(np.full(self.rate_hz // 4, self._value, np.int16), to_come)


@pytest.mark.parametrize("device_hz", [16_000, 48_000])
def test_two_voices_of_different_rates_sound_at_the_rate_of_the_device(device_hz: int) -> None:
    clock, told = FakeClock(), list[facts.Fact]()
    inbox: Channel[ToMouth] = Channel(Buffer("to the mouth", "orders", 9, "block", "a test"))
    playback = Playback(StreamFormat("speaker", device_hz, 1, 0.02), PlaybackConfig(ahead_ms=5000))

    def post(fact: Fact) -> None:
        told.append(fact)

    main, german = Steady("en", 22_050, 4000), Steady("de", 16_000, 8000)
    mouth = Mouth(seat(main), playback, clock, attempts(clock), inbox, post, lambda: 0, {"de": seat(german)})
    for index, language in enumerate(("", "de", "")):
        mouth.take(to.Say(Clause(1, 1, index, "words", language)))
    playback.finish()
    playback.open(1)
    block = np.zeros(2 * device_hz, np.int16)
    playback.pull(block, 1.0, False)
    assert [fact.index for fact in told if isinstance(fact, facts.ClauseVoiced)] == [0, 1, 2]
    for value, seconds in ((4000, 1.0), (8000, 0.5)):  # each clause lasts 0.5 s, whatever the voice's rate
        count = np.count_nonzero(np.abs(block - value) < 200)
        assert count == pytest.approx(seconds * device_hz, rel=0.03)
    middle = block[int(0.6 * device_hz) : int(0.9 * device_hz)]
    assert np.abs(middle - 8000).max() < 200


def test_a_voice_that_fails_is_told_and_the_other_goes_on() -> None:
    class Broken(Steady):
        def say(self, text: str) -> Iterator[Piece]:
            yield from ()
            raise RuntimeError(text)

    clock, told = FakeClock(), list[facts.Fact]()
    inbox: Channel[ToMouth] = Channel(Buffer("to the mouth", "orders", 9, "block", "a test"))
    playback = Playback(StreamFormat("speaker", 16_000, 1, 0.02), PlaybackConfig())
    main, german = Steady("en", 16_000, 4000), Broken("de", 16_000, 0)
    others: dict[str, Seat[Voice]] = {"de": seat(german)}
    mouth = Mouth(seat(main), playback, clock, attempts(clock), inbox, told.append, lambda: 0, others)
    mouth.take(to.Say(Clause(1, 1, 0, "words", "de")))
    mouth.take(to.Say(Clause(1, 1, 1, "words")))
    faults = [fact.fault is not None for fact in told if isinstance(fact, facts.ClauseVoiced)]
    assert faults == [True, False]
