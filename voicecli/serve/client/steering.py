"""A client's keys: what stops the agent, opens and closes the microphone, ends a turn, or types a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicecli.serve.client.incoming_sound import INPUT_S
from voicecli.serve.wire.extension import Press, Pushed, SayLine, Switch
from voicecli.serve.wire.incoming import BadRequest
from voicecli.serve.wire.items import ConversationItem, fresh

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from voicecli.serve.client.remote import RemoteStreams
    from voicecli.serve.client.sitting import Sitting
    from voicecli.serve.wire.extension import Steering
    from voicecli.serve.wire.incoming import Plain
    from voicecli.serve.wire.ledger import Ledger
    from voicecli.serve.wire.settings import Json, SessionSettings
    from voicecli.talk import Talk


class Steered:
    """One client's talk, as far as its client steers it. On the loop."""

    def __init__(
        self,
        sitting: Sitting,
        ledger: Ledger,
        talking: Callable[[Iterable[str]], Awaitable[tuple[Talk, RemoteStreams]]],
    ) -> None:
        """`talking` gives the talk, without these items in its history; it begins one where there is none."""
        self._sitting = sitting
        self._ledger = ledger
        self._talking = talking
        self._by_key = False  # the client tells when its user presses the talk key

    def sound_comes(self, talk: Talk, wanted: SessionSettings) -> None:
        """Sound comes: where the client says when turns end, and no key says when they begin, one begins."""
        if wanted.detection == "none" and not self._by_key and not talk.controls.open:
            talk.controls.talk(begins=True, ago_s=INPUT_S)  # it may come in less time than it took to say

    async def commit(self, wanted: SessionSettings, event_id: str) -> None:
        """End the user's turn once all that was sent before is heard. Raises BadRequest."""
        if wanted.detection != "none":
            found = "the server decides when the user's turn is over"
            raise BadRequest("input_audio_buffer_commit_empty", found, event_id)
        talk, streams = await self._talking(())
        streams.once_heard(lambda: talk.controls.talk(begins=False))

    def cancel(self, request: Plain) -> None:
        """Stop the agent. Raises BadRequest where a response is to be cancelled and there is none."""
        if self._ledger.cancel():
            self._sitting.press("interrupt")
        elif request.kind == "cancel":
            found = "Cancellation failed: no active response"
            raise BadRequest("response_cancel_not_active", found, request.event_id)

    async def steer(self, does: Steering, wanted: SessionSettings) -> list[Json]:
        """Obey a `voicecli.control`; give what the client is told of it. Raises BadRequest."""
        match does:
            case Press(key):
                if key != "repeat":
                    self._ledger.cancel()
                self._sitting.press(key)
            case Switch(of):
                talk, _ = await self._talking(())
                switch = talk.controls.mute_voice if of == "mute_voice" else talk.controls.mute_microphone
                switch()
            case Pushed(begins, ago_s):
                if wanted.detection != "none":
                    found = "there is no talk key while turn_detection is not null"
                    raise BadRequest("invalid_value", found, param="control")
                self._by_key = True
                talk, streams = await self._talking(())
                if begins:
                    talk.controls.talk(begins=True, ago_s=ago_s)
                else:
                    streams.once_heard(lambda: talk.controls.talk(begins=False))
            case SayLine(text):
                item = ConversationItem(fresh("item"), "user", "input_text", text)
                told = list(self._ledger.add(item))
                talk, _ = await self._talking({item.id})
                self._ledger.expect_typed(item.id, {})
                talk.controls.say(text)
                return told
        return []
