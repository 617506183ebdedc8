"""`talk --server` on simulated devices: the server behaves, breaks off, refuses or speaks rubbish."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest

from tests.far_server import RATE_HZ, FarServer
from tests.test_neutral import EVIL
from voicecli import events
from voicecli.config import AudioConfig, Config
from voicecli.devices.simulated import RecordedUser, SimulatedStreams
from voicecli.errors import ServerError
from voicecli.satellite import RemoteTalk
from voicecli.satellite.protocol.requests import Wishes
from voicecli.satellite.server_url import server_at
from voicecli.system.clock import MonotonicClock
from voicecli.view.plain import PlainView

if TYPE_CHECKING:
    from voicecli.messages import Int16
    from voicecli.threads.log import Reader

WAIT_S = 20.0
E = TypeVar("E", bound=events.Event)


class Held:
    """A talk, what it told, and what its loudspeaker played."""

    def __init__(self, talk: RemoteTalk, user: RecordedUser, played: list[Int16]) -> None:
        self.talk = talk
        self.user = user
        self.played = played
        self.told: list[events.Event] = []
        self.reader: Reader[events.Event] = talk.events.reader("test")

    def until(self, kind: type[E], wanted: Callable[[E], bool] = lambda _: True) -> E:
        """Wait for the next such event."""
        while True:
            event = self.reader.get(WAIT_S)
            self.told.append(event)
            if isinstance(event, kind) and wanted(event):
                return event

    def warned(self, part: str) -> str:
        return self.until(events.Warned, lambda event: part in event.message).message

    def speak(self, seconds: float = 0.5) -> None:
        at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        self.user.say(iter([(np.sin(2 * np.pi * 440 * at) * 9000).astype(np.int16)]))

    def sound(self) -> np.ndarray:
        return np.concatenate(self.played) if self.played else np.zeros(0, np.int16)


@contextmanager
def talking(
    server: FarServer, *, wishes: Wishes | None = None, chance: float = 0.0, starts: bool = True
) -> Iterator[Held]:
    """A talk with this server; its waits are `chance` of what they may be."""
    clock, user, played = MonotonicClock(), RecordedUser(), list[np.ndarray]()
    audio = AudioConfig(headphones=True)

    def keep(_: Int16, sound: Int16) -> None:
        with server._changed:
            played.append(sound.copy())
            server._changed.notify_all()

    streams = SimulatedStreams(user, RATE_HZ, audio.block_ms, clock, keep)
    at = server_at(f"ws://127.0.0.1:{server.port}", "the-token")
    talk = RemoteTalk(
        at, wishes or Wishes(), streams, Config(audio=audio), clock, clock.now(), lambda: chance
    )
    held = Held(talk, user, played)
    if starts:
        talk.start()
    try:
        yield held
    finally:
        assert talk.close(5.0)


def loud(sound: np.ndarray) -> float:
    """Seconds of it that are no silence."""
    return np.count_nonzero(np.abs(sound.astype(int)) > 500) / RATE_HZ


def reply(seconds: float) -> np.ndarray:
    return np.full(round(seconds * RATE_HZ), 4000, np.int16)


def test_a_talk_is_heard_and_answered() -> None:
    with FarServer().running() as server, talking(server) as held:
        assert held.until(events.Listening).model == f"a model, at 127.0.0.1:{server.port}"
        held.speak(1.0)
        server.until(lambda: loud(server.visit.sound()) > 0.8)
        assert {flags for _, flags, _ in server.visit.heard} <= {0, 2}
        assert server.visit.token == "Bearer the-token"
        for name, more in (
            ("speech_started", {}),
            ("partial", {"text": "what"}),
            ("transcript", {"text": "what is it", "language": "en", "confidence": 0.9}),
            ("reply", {"index": 0, "text": "it is"}),
        ):
            server.event(name, turn=1, **more)
        assert held.until(events.Partial).text == "what"
        assert held.until(events.Heard).language == "en"
        server.reply(1, reply(1.0))
        server.until(lambda: loud(held.sound()) > 0.95)
        server.until(lambda: bool(server.played) and server.played[-1]["played_ms"] == 1000)
        server.event("turn_done", turn=1, heard="it is", latency_ms={"total": 400.0})
        done = held.until(events.TurnDone)
        assert (done.heard, done.latency_ms) == ("it is", {"total": 400.0})
        times = [event.t for event in held.told]
        assert times == sorted(times)
        held.talk.check()
    assert server.visit.code == 1000, "the server need not keep the talk"


def test_the_server_is_told_what_was_played_and_keeps_within_its_credit() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        server.reply(1, reply(2.0))
        server.until(lambda: bool(server.played) and server.played[-1]["played_ms"] == 2000)
        for report in server.played:
            played, limit = report["played_ms"], report["limit_ms"]
            assert isinstance(played, int)
            assert limit == played + 800
        numbers = [int(str(report["played_ms"])) for report in server.played]
        assert numbers == sorted(numbers)
        assert len(numbers) > 10
        assert server.played[-1]["underruns"] == 0
        assert loud(held.sound()) > 1.95


def test_an_interruption_silences_at_once() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        server.reply(1, reply(5.0))
        server.until(lambda: loud(held.sound()) > 0.4)
        server.send("voicecli.clear", reply=1)
        server.event("interrupted", turn=1, heard="so")
        held.until(events.Interrupted)
        at_clear = loud(held.sound())
        server.until(lambda: not np.concatenate(held.played[-10:]).any())
        assert loud(held.sound()) - at_clear < 0.1


def test_keys_and_lines_are_asked_of_the_server() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        held.talk.controls.press("repeat")
        held.talk.controls.say("What is it?")
        server.until(lambda: server.visit.kinds().count("voicecli.control") == 2)
        asked = [message for message in server.visit.got if message["type"] == "voicecli.control"]
        assert [message["control"] for message in asked] == ["press", "say"]
        assert asked[1]["text"] == "What is it?"


def test_push_to_talk_is_the_client_s() -> None:
    with FarServer().running() as server, talking(server, wishes=Wishes(push_to_talk=True)) as held:
        held.until(events.Listening)
        held.speak(1.0)
        held.talk.controls.talk(begins=True)
        server.until(lambda: loud(server.visit.sound()) > 0.2)
        held.talk.controls.talk(begins=False)
        server.until(lambda: "input_audio_buffer.commit" in server.visit.kinds())
        update = next(message for message in server.visit.got if message["type"] == "session.update")
        assert update["session"]["audio"]["input"]["turn_detection"] is None  # type: ignore[index]


def test_a_lost_connection_is_taken_up_again_and_what_was_said_meanwhile_is_heard() -> None:
    with FarServer().running() as server, talking(server, chance=0.5) as held:
        held.until(events.Listening)
        server.event("level", median_dbfs=-50, loudest_dbfs=-20)
        held.until(events.MicrophoneLevel)
        server.drop()
        held.warned("is lost")
        held.speak(0.4)
        held.warned("is there again")
        again = server.visit
        assert (again.resume, again.after.startswith("event_")) == ("take-me-up", True)
        server.until(lambda: loud(again.sound()) > 0.3)
        assert "session.update" not in again.kinds()
        server.event("speech_started", turn=1)
        held.until(events.SpeechBegan)
        held.talk.check()
    assert len(server.visits) == 2


def test_while_there_is_no_connection_the_view_says_so_and_when_it_is_tried_again() -> None:
    with (
        FarServer(answers=("talk", 503, 503, "talk")).running() as server,
        talking(server, chance=1.0) as held,
    ):
        held.until(events.Listening)
        assert held.talk.status().state == "listening"
        server.drop()
        held.warned("is lost")
        status = held.talk.status()
        assert status.state == "offline"
        assert "trying again" in status.loading
        held.warned("is there again")
        assert held.talk.status().state == "listening"


def test_a_server_that_forgot_the_talk_gets_a_new_one_with_what_was_said() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        server.event("transcript", turn=1, text="who", language="en", confidence=1)
        server.event("turn_done", turn=1, heard="me", latency_ms={})
        held.until(events.TurnDone)
        server.event("transcript", turn=2, text="and", language="en", confidence=1)
        held.until(events.Heard)
        server.keeps = False
        server.drop()
        held.warned("is there again")
        cut = held.until(events.TurnDone)
        assert (cut.turn, cut.heard) == (2, "")
        held.until(events.Listening)
        said = "conversation.item.create"
        items = [message["item"] for message in server.visit.got if message["type"] == said]
        assert [item["content"][0]["text"] for item in items] == ["who", "me"]  # type: ignore[index]
        server.event("speech_started", turn=1)
        assert held.until(events.SpeechBegan).turn == 3


def test_a_full_server_is_told_and_tried_again() -> None:
    with FarServer(answers=("full", 503, "talk")).running() as server, talking(server) as held:
        assert "full" in held.warned("full")
        held.until(events.Listening)
        assert server.requests == 3


@pytest.mark.parametrize("answer", [401, 403, 404, "html", "redirect"])
def test_who_refuses_for_good_ends_the_talk_in_one_line(answer: str | int) -> None:
    with FarServer(answers=(answer,)).running() as server:
        server.redirect = f"http://127.0.0.1:{server.port}/elsewhere"
        with talking(server) as held:
            failure = worker_failure(held)
            assert isinstance(failure, ServerError)
            assert failure.remedy
            assert "the-token" not in str(failure)
            assert held.talk.failed
            with pytest.raises(ServerError):
                held.talk.check()
        assert server.visits == []


def worker_failure(held: Held) -> BaseException | None:
    link = held.talk._link.worker
    assert link.join(WAIT_S)
    return link.failure


def test_taken_up_elsewhere_is_the_end() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        server.close(4000, "taken up elsewhere")
        failure = worker_failure(held)
        assert isinstance(failure, ServerError)
        assert "elsewhere" in failure.found


def test_rubbish_is_told_once_and_the_talk_goes_on() -> None:
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        for text in (
            "",
            "[",
            "3",
            '{"type": 3}',
            '{"type": "voicecli.event", "event": {"event": "partial"}}',
        ):
            server.raw(text)
        server.raw_bytes(b"x")
        held.warned("cannot be read")
        server.event("speech_started", turn=1)
        held.until(events.SpeechBegan)
        held.talk.check()
    assert sum(isinstance(event, events.Warned) for event in held.told) == 1


@pytest.mark.parametrize("name", EVIL)
def test_no_text_of_a_server_steers_the_terminal(name: str) -> None:
    text, shown = EVIL[name], io.StringIO()
    with FarServer().running() as server, talking(server) as held:
        held.until(events.Listening)
        server.event("partial", turn=1, text=text)
        server.event("listening", model=text, hint=text)
        server.send("error", error={"message": text})
        held.warned("the server says")
        with PlainView(shown) as view:
            view.tick(held.talk.status())
            for event in held.told:
                view.show(event)
    assert all(char.isprintable() or char == "\n" for char in shown.getvalue())


def test_a_server_without_the_extension_talks_as_well() -> None:
    with FarServer(extended=False).running() as server, talking(server) as held:
        assert held.until(events.Listening).model == f"a model, at 127.0.0.1:{server.port}"
        held.speak(0.6)
        server.until(lambda: loud(server.visit.sound()) > 0.4)
        assert server.visit.heard == [], "base64"
        server.send("input_audio_buffer.speech_started")
        server.send("conversation.item.input_audio_transcription.completed", transcript="What is it?")
        assert held.until(events.Heard).text == "What is it?"
        server.send("response.created")
        server.send("response.output_audio_transcript.delta", delta="It is this.")
        import base64

        for at in range(5):  # faster than it is played
            delta = base64.b64encode(reply(0.2).astype("<i2").tobytes()).decode()
            server.send("response.output_audio.delta", delta=delta, item_id="i", number=at)
        server.send("response.done", response={"status": "completed"})
        done = held.until(events.TurnDone)
        assert done.heard == "It is this."
        assert loud(held.sound()) > 0.9
        held.until(events.Listening)
        held.talk.controls.say("And you?")
        server.until(lambda: "response.create" in server.visit.kinds())
        assert held.until(events.Heard).text == "And you?"


def test_speech_over_a_plain_reply_silences_it_and_tells_how_far_it_was_heard() -> None:
    import base64

    with FarServer(extended=False).running() as server, talking(server) as held:
        held.until(events.Listening)
        server.send("response.created")
        server.send("response.output_audio_transcript.delta", delta="It is this.")
        delta = base64.b64encode(reply(4.0).astype("<i2").tobytes()).decode()
        server.send("response.output_audio.delta", delta=delta, item_id="i")
        server.until(lambda: loud(held.sound()) > 0.3)
        server.send("input_audio_buffer.speech_started")
        held.until(events.SpeechBegan)
        server.until(lambda: "conversation.item.truncate" in server.visit.kinds())
        (told,) = [each for each in server.visit.got if each["type"] == "conversation.item.truncate"]
        assert 200 < int(str(told["audio_end_ms"])) < 1000
        server.until(lambda: not np.concatenate(held.played[-10:]).any())


def test_it_ends_at_once_in_every_state() -> None:
    clock = MonotonicClock()
    for answers, chance in (((503,) * 99, 1.0), (("full",) * 99, 1.0), (("talk",), 0.0)):
        with FarServer(answers=answers).running() as server:
            with talking(server, chance=chance) as held:
                server.until(lambda server=server: server.requests > 0)  # type: ignore[misc]
                began = clock.now()
                assert held.talk.close(5.0)
                took_s = clock.now() - began
            assert took_s < 1.0


def test_nobody_answers_and_it_says_so() -> None:
    server = FarServer()
    with server.running():
        pass
    with talking(server) as held:
        assert "no server answers" in held.warned("no server answers")
        status = held.talk.status()
        assert status.state == "offline"
        held.talk.check()
