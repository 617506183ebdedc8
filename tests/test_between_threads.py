"""Facts that two threads share: what one of them may find between any two steps of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.between import at_each_step, interleaved
from tests.test_turns import Floor

if TYPE_CHECKING:
    from collections.abc import Callable


def test_who_finds_a_draft_unwanted_for_a_new_turn_finds_the_turn_as_well() -> None:
    """Else the reply would be taken for one that was called off, and the first half of a question lost."""
    floor = Floor()
    turn = floor.speaks()
    draft = floor.draft()
    floor.take()
    found: list[tuple[bool, bool]] = []

    def replying() -> None:
        wanted = floor.turns.wanted(draft)
        found.append((wanted, floor.turns.goes_on(turn, None)))

    assert at_each_step(floor.speaks, replying) > 20
    replying()
    assert set(found) == {(True, False), (False, True)}


def test_an_answer_is_one_while_it_is_confirmed_and_the_next_turn_is_drafted() -> None:
    found: list[bool] = []

    def scene() -> tuple[Callable[[], object], Callable[[], object]]:
        floor = Floor()
        floor.speaks()
        draft = floor.draft(confirmed=False)
        floor.take()
        floor.speaks()

        def transcribing() -> None:
            floor.turns.confirm(draft)
            floor.draft("of the next turn")

        return lambda: found.append(floor.turns.may_answer(draft)), transcribing

    assert len(list(interleaved(scene))) > 20
    assert all(found)
