"""Models are shared and sessions are not; what fails or hangs is made anew."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rig.program import LANGUAGE_MODEL
from tests.seats import attempts
from tests.stepped import Stepped
from tests.test_failing_engines import LINES, PASSES, asks, is_done
from tests.test_talking import Beeper, Scribe, talking, tone
from voicecli import events
from voicecli.engines import Seat, SharedModel
from voicecli.errors import EngineError, ModelError
from voicecli.floor.stages import TRANSCRIBER, TURN_MODEL, VOICE, Fault
from voicecli.floor.turns.faults import StageLimits
from voicecli.system.clock import FakeClock
from voicecli.talk import attempts as attempts_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.floor.stages import Stage
    from voicecli.speak.voice import Piece

ROOT = Path(__file__).parent.parent


class Disk:
    """Where a model comes from: `loads` counts, and may fail."""

    def __init__(self) -> None:
        self.loads = 0
        self.gone = False

    def load(self) -> Callable[[], tuple[int, object]]:
        if self.gone:
            raise ModelError("the file is gone", "pull it again")
        self.loads += 1
        number = self.loads
        return lambda: (number, object())


def test_talks_share_a_model_and_each_has_an_engine_of_its_own() -> None:
    disk = Disk()
    model = SharedModel(disk.load)
    one, other = model.seat(), model.seat()
    assert disk.loads == model.loads == 1
    assert one.it[0] == other.it[0] == 1
    assert one.it[1] is not other.it[1]


def test_a_model_that_two_talks_find_broken_is_loaded_again_once() -> None:
    disk = Disk()
    model = SharedModel(disk.load)
    one, other = model.seat(), model.seat()
    one.renew()
    assert one.it[0] == 2
    assert other.it[0] == 1
    other.renew()
    assert other.it[0] == 2
    assert model.loads == 2
    other.renew()
    assert other.it[0] == 3


def test_who_leaves_gives_up_what_it_had_and_no_more() -> None:
    left: list[object] = []
    model = SharedModel(Disk().load, left.append)
    one, other = model.seat(), model.seat()
    before = one.it
    one.renew()
    assert left == [before]
    other.leave()
    assert left == [before, other.it]


def test_what_an_engine_refuses_does_not_break_it_and_what_it_raises_does() -> None:
    disk, at_work = Disk(), attempts(FakeClock())
    seat = SharedModel(disk.load).seat()

    def fault(error: Exception, cause: Exception | None = None) -> Fault:
        def fails() -> None:
            raise error from cause

        found = at_work.attempt(VOICE, fails)
        assert isinstance(found, Fault)
        return found

    refused = EngineError("what was said does not fit", "say less")
    assert not at_work.mend(seat, fault(refused))
    assert disk.loads == 1
    assert at_work.mend(seat, fault(RuntimeError("out of memory")))
    assert disk.loads == 2
    assert at_work.mend(seat, fault(EngineError("the voice failed", "verify it"), RuntimeError("bad node")))
    assert disk.loads == 3
    disk.gone, kept = True, seat.it
    assert not at_work.mend(seat, fault(RuntimeError("out of memory")))
    assert seat.it is kept


def test_a_recogniser_that_broke_is_another_one_at_the_next_words() -> None:
    broken, whole = Scribe(list(LINES)), Scribe(list(LINES))
    broken.mishears = [RuntimeError("a tensor is gone")] * PASSES
    left = [broken, whole]
    talk = Stepped(recogniser=Seat(lambda: left.pop(0)))
    (done,) = [event for event in asks(talk) if isinstance(event, events.TurnDone)]
    assert done.heard == f"You said: {LINES[0]}."
    assert is_done(talk)
    assert len(broken.passes) == 1
    assert whole.passes


class Stuck(Beeper):
    """A voice whose first clause waits until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes = threading.Event()

    def say(self, text: str) -> Iterator[Piece]:
        self.goes.wait(60)
        yield from super().say(text)


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch, stage: Stage, *threads: str) -> Iterator[None]:
    """While it hangs; then the threads that were given up end, and nobody is given up any more."""
    monkeypatch.setattr(
        attempts_module, "limits", lambda of: StageLimits(0.4, 0.5) if of is stage else StageLimits()
    )
    stuck = [thread for thread in threading.enumerate() if thread.name in threads]
    assert stuck
    yield
    monkeypatch.setattr(attempts_module, "limits", lambda _: StageLimits(600.0, 600.0))
    for thread in stuck:
        thread.join(60)
        assert not thread.is_alive(), "who was given up ends when it comes back"


def test_a_recogniser_that_hangs_is_given_up_and_the_talk_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with talking(["how many legs has a spider", "and an ant"], ["Eight.", "Six."]) as talk:
        talk.until(events.Listening)
        talk.scribe.goes.clear()
        with impatient(monkeypatch, TRANSCRIBER, "scribe"):
            talk.says(tone(0.6))
            assert talk.until(events.Failed).message.startswith(TRANSCRIBER.name)
            talk.scribe.goes.set()
        talk.until(events.Listening)
        talk.says(tone(0.6))
        assert talk.until(events.TurnDone).heard == "Eight."


def test_a_turn_model_that_hangs_is_given_up_and_the_turn_ends_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with talking(["how many legs has a spider"], ["Eight."]) as talk:
        talk.until(events.Listening)
        talk.judge.goes.clear()
        with impatient(monkeypatch, TURN_MODEL, "judge"):
            talk.says(tone(0.6))
            late, given_up = talk.until(events.Warned), talk.until(events.Warned)
            assert late.message.startswith(TURN_MODEL.name)
            assert given_up.message.startswith(TURN_MODEL.name)
            talk.judge.goes.set()
        assert talk.until(events.TurnDone).heard == "Eight."


def test_a_voice_that_hangs_is_given_up_and_the_next_answer_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    voice = Stuck()
    with talking(["how many legs has a spider", "and an ant"], ["Eight.", "Six."], voice=voice) as talk:
        talk.until(events.Listening)
        with impatient(monkeypatch, VOICE, "mouth"):
            talk.says(tone(0.6))
            assert talk.until(events.Failed).message.startswith(VOICE.name)
            voice.goes.set()
        talk.until(events.Listening)
        talk.says(tone(0.6))
        assert talk.until(events.TurnDone).heard == "Six."


@pytest.mark.models
def test_two_talks_in_one_process_have_one_copy_of_each_model_and_their_own_words() -> None:
    """The memory of two is less than 1.3 times that of one: docs/decisions/0024-who-computes-next.md."""
    done = subprocess.run(
        [sys.executable, "scripts/two_talks.py", "--minutes", "0.2", "--model", LANGUAGE_MODEL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert set(told["loads"].values()) == {1}
    assert told["ratio"] < 1.3
    for room in told["rooms"]:
        assert room["heard"] == room["asked"] > 0
        assert room["failed"] == []
    assert told["mixed"] == []


def test_outside_a_talk_what_an_engine_raises_is_one_line_without_words() -> None:
    with pytest.raises(EngineError) as caught, attempts_module.in_one_line(VOICE, ["my secret"]):
        raise RuntimeError("no phoneme for secret\nat address 0")
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    refused = EngineError("what was said does not fit", "say less")
    with pytest.raises(EngineError) as caught, attempts_module.in_one_line(VOICE):
        raise refused
    assert caught.value is refused
