"""What comes to nothing is counted and told, by a reason, without words; and how loud the microphone is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from tests.test_cueing import waits
from tests.test_floor import asked, of
from tests.test_transcribe import SAID, look, looking
from tests.world import LOUD, SOFT, World
from voicecli import events
from voicecli.audio.level import level_dbfs
from voicecli.floor import facts
from voicecli.floor.agent.ended import TOO_MANY_WORDS
from voicecli.floor.keys import LINES
from voicecli.floor.user.levels import EVERY_S
from voicecli.listen.gate.segment import State
from voicecli.listen.recognise.passes import NO_WORDS, joined
from voicecli.messages import FRAME_S, SpeechDropped, SpeechStarted, Transcript
from voicecli.reply.conversation.conversation import UNANSWERED_TOKENS, Conversation, estimated_tokens
from voicecli.talk.report import Losses
from voicecli.view.live.live import LiveView, terminal_console
from voicecli.view.plain import PlainView
from voicecli.waiting.buffers import LOST, REMEDIES, SOUND_UNSENT

GUESS = Transcript("", "", 0.0, reason="guess")


def dropped(world: World) -> list[tuple[str, int, int | None]]:
    return [(event.reason, event.count, event.turn) for event in of(world, events.Dropped)]


# ---- the floor


def test_sounds_too_short_and_sounds_without_words_are_told_apart_and_counted() -> None:
    world = World()
    for _ in range(2):
        world.speaks("uh", 0.1)
        world.settles()
    world.speaks("uh", 0.6)
    world.said.clear()  # nothing of it is words
    world.settles()
    assert dropped(world) == [("too_short", 1, 1), ("too_short", 2, 2), ("no_words", 1, 3)]


def test_words_that_are_believed_are_not_dropped() -> None:
    world = World()
    for _ in range(3):
        world.speaks()
        world.settles()
    assert dropped(world) == []


def test_a_guess_is_told_as_one() -> None:
    world = World()
    world.speaks("a cough", 0.6)
    world.is_quiet(0.2)
    while not world.floor.idle:
        if (order := world.transcribing) is not None:
            world.transcribing = None
            world.post(facts.Transcribed(order, GUESS))
        world.is_quiet(FRAME_S)
    assert dropped(world) == [("guess", 1, 1)]


def test_words_that_an_engine_could_not_write_down_are_an_error_and_nothing_else() -> None:
    world = World()
    world.speaks()
    for _ in range(30):
        world.is_quiet(0.1)
        world.scribe(fails=True)
    assert dropped(world) == []
    assert len(of(world, events.Failed)) == 1


def test_a_sound_over_the_agent_that_is_too_little_to_stop_it_is_held_off() -> None:
    world = World()
    waits(world)
    world.works()
    world.plays()
    at = world.now
    world.post(facts.Gate(SpeechStarted(0, at), 0.1, over_agent=True))
    world.post(facts.Gate(SpeechDropped(0, at)))
    world.post(facts.Frame(at, -40.0, 0.9, State.QUIET, 0.0, 0.0, over_echo_db=0.0, audible=True))
    assert dropped(world) == [("held_off", 1, 1)]
    assert not of(world, events.Overheard)


def test_a_sound_that_stops_the_agent_is_overheard_and_not_held_off() -> None:
    world = World()
    waits(world)
    world.works()
    world.plays()
    world.speaks("Yeah.", 0.25)
    world.is_quiet(0.2)
    world.settles()
    assert len(of(world, events.Overheard)) == 1
    assert dropped(world) == []


def test_keys_without_anything_to_do_are_told_and_others_are_not() -> None:
    world = World()
    world.interrupts()
    world.repeats()
    world.settles()
    assert dropped(world) == [("key", 1, None), ("key", 2, 1)]
    waits(world)
    world.interrupts()
    world.settles()
    assert len(dropped(world)) == 2


def test_the_talk_key_has_something_to_do_where_the_agent_is_silent() -> None:
    world = World()
    world.post(facts.Pressed("talk"))
    world.settles()
    assert dropped(world) == []


def test_the_talk_key_stops_the_agent() -> None:
    world = World()
    waits(world)
    world.called_off.add(1)
    world.post(facts.Pressed("talk"))
    world.settles()
    assert [heard for _, heard in world.done()] == [""]
    assert not any(isinstance(event, events.Speaking) for event in world.told)


def test_lines_beyond_those_that_may_wait_are_told() -> None:
    world = World()
    waits(world)
    for _ in range(int(LINES.capacity) + 2):
        world.repeats()  # it waits until the reply is over
    assert dropped(world) == [("key_queue", 1, None), ("key_queue", 2, None)]


def test_of_too_many_words_without_an_answer_the_newest_stay_and_that_is_told() -> None:
    world = World()
    for line in range(80):
        world.excused.add(world.speaks(f"these are the words that wait as line number {line}"))
        world.is_quiet(0.3)
        world.judge()
        world.scribe()
        world.is_quiet(0.9)
        world.works()
        world.speaks("or", 0.2)  # they go on before the answer
        world.excused.add("or")
    newest = world.speaks("what do you say")
    world.called_off.add(10_000)  # so that the world lets the oldest words go
    world.settles()
    assert newest in asked(world)[-1]
    assert "line number 79" in asked(world)[-1]
    assert "line number 0 " not in asked(world)[-1]
    assert TOO_MANY_WORDS[0] in {event.message for event in of(world, events.Warned)}
    assert {reason for reason, _, _ in dropped(world)} == {"unanswered"}


# ---- the conversation


@pytest.mark.parametrize("word", ["word", "слово", "言"])
def test_unanswered_words_are_bounded_and_the_newest_stay(word: str) -> None:
    talk, said = Conversation("Be brief.", 0), [f"{word}{number}" for number in range(2000)]
    full = [talk.go_on(words) for words in said]
    assert not full[0]
    assert full[-1]
    kept = talk.messages_for("")[-1].content
    assert estimated_tokens(kept) <= UNANSWERED_TOKENS
    assert estimated_tokens(f"{kept} {said[0]}") > UNANSWERED_TOKENS - 3
    assert kept.split() == said[-len(kept.split()) :]


def test_a_script_without_spaces_is_cut_between_two_characters() -> None:
    talk = Conversation("Be brief.", 0)
    assert talk.go_on("言" * 5000)
    kept = talk.messages_for("")[-1].content
    assert set(kept) == {"言"}
    assert UNANSWERED_TOKENS - 3 < estimated_tokens(kept) <= UNANSWERED_TOKENS


# ---- speech to text


@pytest.mark.parametrize(
    ("looks", "clear_s", "reason"),
    [
        ([look("Thank you.", 0.7)], 0.0, "guess"),
        ([look("A guess of many words.", 0.3, -1.5), look("Another.", 0.3, -1.6)], 0.0, "guess"),
        ([look("", 0.7)], 0.0, ""),
        ([look("What time is it?")], 0.0, ""),
    ],
)
def test_words_that_are_not_believed_were_a_guess(looks: list[object], clear_s: float, reason: str) -> None:
    transcriber, _ = looking(*looks)  # type: ignore[arg-type]
    assert transcriber.transcribe(SAID, clear_s=clear_s).reason == reason


def test_what_is_joined_without_words_keeps_the_reason() -> None:
    assert joined([NO_WORDS, GUESS]).reason == "guess"
    assert joined([GUESS, Transcript("words", "en", 0.9)]).reason == ""


# ---- levels


def test_levels_are_told_at_a_low_rate_while_it_listens() -> None:
    world = World()
    world.speaks("a word", EVERY_S * 0.3)
    world.is_quiet(EVERY_S * 0.9)
    (level,) = of(world, events.MicrophoneLevel)
    assert level.t == pytest.approx(EVERY_S, abs=0.7)
    assert level.loudest_dbfs == pytest.approx(level_dbfs(LOUD), abs=1)
    assert level.median_dbfs == pytest.approx(level_dbfs(SOFT), abs=1)
    world.mutes()
    world.is_quiet(3 * EVERY_S)
    assert len(of(world, events.MicrophoneLevel)) == 1
    assert events.weight(level) == 0


# ---- for people


@pytest.mark.parametrize("verbose", [False, True])
def test_only_who_wants_to_know_is_shown_what_was_dropped(*, verbose: bool) -> None:
    out = io.StringIO()
    view = PlainView(out, verbose=verbose)
    view.show(events.Dropped(1.0, "guess", 2, 3))
    view.show(events.Dropped(1.0, "of a later version", 1))
    view.show(events.MicrophoneLevel(2.0, -61.2, -20.4))
    lines = out.getvalue().splitlines()
    assert len(lines) == (3 if verbose else 0)
    if verbose:
        assert events.DROPPED["guess"] in lines[0]
        assert "(guess: 2 so far)" in lines[0]
        assert "-61 dBFS" in lines[2]


@pytest.mark.parametrize("verbose", [False, True])
def test_in_the_live_view_a_line_scrolls_away_for_each_thing_that_was_dropped(*, verbose: bool) -> None:
    out = io.StringIO()
    with LiveView(terminal_console(out), verbose=verbose) as view:
        view.show(events.Dropped(1.0, "guess", 2, 3))
        view.show(events.MicrophoneLevel(2.0, -61.2, -20.4))
    assert out.getvalue().count("(guess: 2 so far)") == verbose
    assert "dBFS" not in out.getvalue()


def test_the_reasons_are_those_that_are_documented_and_used() -> None:
    root = Path(__file__).parent.parent
    page = (root / "docs" / "events.md").read_text().partition("## `dropped`")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \| (?:a |words|what|the )", page, re.MULTILINE)) >= set(
        events.DROPPED
    )
    code = "\n".join(
        path.read_text() for path in (root / "voicecli").rglob("*.py") if path.name != "events.py"
    )
    assert [reason for reason in events.DROPPED if f'"{reason}"' not in code] == []


def test_each_loss_has_its_remedy() -> None:
    class Counts:
        overflows = lost = device_underruns = underruns = 0

    losses = Losses().counted(Counts(), Counts(), 0, 0, ready=True)  # type: ignore[arg-type]  # duck-typed
    assert {*losses, SOUND_UNSENT} == set(LOST) == set(REMEDIES)  # that one only a talk elsewhere has
    assert len(set(REMEDIES.values())) >= 4
