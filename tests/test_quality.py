"""What a talk does without: each step alone changes what it says, as scripts of facts; and how it is told."""

from __future__ import annotations

import pytest

from tests.test_floor import asked, drafted, of, ordered, settled
from tests.world import World
from voicecli import events
from voicecli.floor import orders as to
from voicecli.floor.load_facts import QualityChanged, ServerBusy
from voicecli.floor.turns.means import BUSY_S
from voicecli.waiting.quality import STEPS, Step

NAMES = [step.name for step in STEPS]


@pytest.fixture(params=[None, *STEPS], ids=["none", *NAMES])
def only(request: pytest.FixtureRequest) -> str:
    """The name of the one step that is taken, or nothing."""
    step: Step | None = request.param
    return "" if step is None else step.name


def pressed(*names: str) -> World:
    world = World()
    world.post(QualityChanged("warning", steps(*names)))
    return world


def steps(*names: str) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step.name in names)


def looks(world: World) -> int:
    """At words so far, while somebody speaks for three seconds and the scribe is quick."""
    world.gate.floor.dbfs = -70.0
    for _ in range(30):
        world.speaks("tell me about the weather and", seconds=0.1)
        world.scribe()
        world.author()
    return len([order for order in ordered(world, to.Transcribe) if not order.paused])


def test_looks_are_fewer_with_that_step_and_no_other(only: str) -> None:
    usual = looks(World())
    assert usual > 5
    if only == "looks_s":
        assert looks(pressed(only)) <= usual / 2
    else:
        assert looks(pressed(only)) == usual


def test_nothing_is_written_before_the_turn_is_over_with_that_step_and_no_other(only: str) -> None:
    world = pressed(only)
    world.speaks("What time is it in Oslo?")
    world.scribe()
    world.is_quiet(0.1)
    world.works()
    early = [order for order in ordered(world, to.Write) if order.turn]
    assert bool(early) == (only != "drafts")
    settled(world)
    written = ordered(world, to.Write)
    assert [order.judges for order in written] == ([False] if only == "drafts" else [True])
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses]


def test_the_beam_is_small_with_that_step_and_no_other(only: str) -> None:
    world = pressed(only)
    world.speaks()
    settled(world)
    assert {order.narrow for order in ordered(world, to.Transcribe)} == {only == "narrow"}


def test_the_model_is_small_with_that_step_and_no_other(only: str) -> None:
    world = pressed(only)
    world.speaks()
    settled(world)
    assert {order.small for order in ordered(world, to.Transcribe)} == {only == "small"}


def test_clauses_are_long_with_that_step_and_no_other(only: str) -> None:
    world = pressed(only)
    world.speaks()
    settled(world)
    assert {order.long_clauses for order in ordered(world, to.Write)} == {only == "long_clauses"}


def test_the_model_is_told_fewer_turns_with_that_step_and_no_other_and_all_again_after(only: str) -> None:
    world, said = World(), list[str]()
    for _ in range(6):
        said.append(world.types(f"{len(said)}" + " a long line of words" * 10))
        settled(world)
    world.post(QualityChanged("warning", steps(only)))
    world.types("and now")
    settled(world)
    told = str(ordered(world, to.Write)[-1].messages)
    assert said[-1] in told
    assert (said[0] in told) == (only != "short_history")
    world.post(QualityChanged("calm", ()))
    world.types("and again")
    settled(world)
    assert said[0] in str(ordered(world, to.Write)[-1].messages)


# ---- drafts


def test_without_drafts_who_goes_on_costs_one_request() -> None:
    """As for a server elsewhere, which is asked once a turn."""
    world = World()
    world.floor.exchange.means.drafted = False
    first = world.speaks()
    world.is_quiet(0.1)
    world.works()
    second = world.speaks()
    settled(world)
    assert asked(world) == [f"{first} {second}"]
    assert of(world, events.TurnDone)[0].heard


def test_words_are_not_read_ahead_where_there_are_no_drafts() -> None:
    ahead = []
    for taken in ("looks_s", "drafts"):
        world = pressed(taken)
        world.speaks("tell me about the weather and", seconds=2.0)
        world.scribe()
        world.author()
        world.speaks("so on and", seconds=0.4)
        said = [order.messages[-1].content for order in ordered(world, to.ReadAhead)]
        ahead.append(any("weather" in words for words in said))
    assert ahead == [True, False]


def test_a_server_that_takes_no_more_requests_gets_no_drafts_for_a_while() -> None:
    world = World()
    draft = drafted(world)
    assert draft.judges
    world.post(ServerBusy())
    world.post(ServerBusy())
    settled(world)
    assert [(each.step, each.change) for each in of(world, events.QualityStepped)] == [("drafts", "taken")]
    written = len(ordered(world, to.Write))
    world.speaks(seconds=0.28)
    world.is_quiet(0.1)
    world.works()
    assert len(ordered(world, to.Write)) == written, "the turn is not over"
    settled(world)
    assert len(ordered(world, to.Write)) == written + 1
    assert [heard.count("Clause") for _, heard in world.done()] == [World.clauses] * 2
    world.is_quiet(BUSY_S)
    changes = [(each.step, each.change) for each in of(world, events.QualityStepped)]
    assert changes == [("drafts", "taken"), ("drafts", "taken back")]
    drafted(world)


def test_a_busy_server_and_pressure_are_told_once_each() -> None:
    world = pressed("drafts")
    before = len(of(world, events.QualityStepped))
    world.post(ServerBusy())
    world.is_quiet(BUSY_S + 1)
    assert len(of(world, events.QualityStepped)) == before
    world.post(QualityChanged("calm", ()))
    assert world.floor.exchange.means.drafts


def test_without_drafts_words_that_are_not_final_are_not_answered_though_the_turn_is_over() -> None:
    world = pressed("drafts")
    world.speaks("What time is it in Oslo?")
    world.scribe()
    world.is_quiet(3.0)
    assert not world.floor.exchange.turns[1].is_open
    assert not ordered(world, to.Write)
    settled(world)
    assert len(ordered(world, to.Write)) == 1


# ---- what is told


def test_steps_that_are_taken_back_together_are_told_in_reverse() -> None:
    world = World()
    world.post(QualityChanged("critical", STEPS[:3]))
    world.post(QualityChanged("calm", ()))
    told = [each.step for each in of(world, events.QualityStepped) if each.change == "taken back"]
    assert told == NAMES[2::-1]


def test_each_step_is_told_and_counted_in_its_order_and_back() -> None:
    world = World()
    world.post(QualityChanged("warning", STEPS[:1]))
    world.post(QualityChanged("critical", STEPS[:1]))
    world.post(QualityChanged("critical", STEPS[:3]))
    world.post(QualityChanged("warning", STEPS[:3]))
    world.post(QualityChanged("calm", STEPS[:2]))
    told = [(each.level, each.steps, each.step, each.change) for each in of(world, events.QualityStepped)]
    assert told == [
        ("warning", 1, NAMES[0], "taken"),
        ("critical", 1, None, None),
        ("critical", 3, NAMES[1], "taken"),
        ("critical", 3, NAMES[2], "taken"),
        ("warning", 3, None, None),
        ("calm", 2, NAMES[2], "taken back"),
    ]
    means = world.floor.exchange.means
    assert means.stepped == 3
    assert list(means.without) == [step.words for step in STEPS[:2]]
    assert events.weight(of(world, events.QualityStepped)[0]) == 1
