"""Facts that two threads share: what one of them may find between any two steps of the other."""

from __future__ import annotations

from tests.between import at_each_step
from tests.test_turns import Floor


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
