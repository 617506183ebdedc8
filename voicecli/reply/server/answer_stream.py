"""One answer of a server -> a reply, read until it is over, and no longer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from voicecli.errors import ServerError
from voicecli.network.connection import BrokenOffError
from voicecli.network.sse import EventLines
from voicecli.network.trouble.complaint import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from voicecli.network.connection import Answer
    from voicecli.network.sse import Event
    from voicecli.reply.server.streamed import StreamedReply

REST_S = 0.2
"""Longest wait for the end of a stream whose reply is complete, s. Only a response read to its end leaves the
connection open for the next turn."""

SILENCE_S = 2.0
"""Some servers give a reason for the end of a reply, and then neither [DONE] nor the end of the stream. The
stream counts as ended after so much silence, s, or five times the longest pause before it if that is more."""


async def read(
    answer: Answer, reply: StreamedReply, take: Callable[[Sequence[Event]], bool], where: str
) -> None:
    """Read an answer to its end; `take` reads the events of a packet, and says whether to stop there.

    Raises ServerError where it is no reply or breaks off; what `take` raises passes through.
    """
    lines, loop = EventLines(), asyncio.get_running_loop()
    last, longest, ending, resting = loop.time(), 0.0, False, False
    try:
        async with asyncio.timeout(None) as rest:
            async for data in answer.chunks():
                now = loop.time()
                longest, last = max(longest, now - last) if reply.text.spoke else 0.0, now
                if take(lines.feed(data)):
                    return
                # Counted from the reason, or from [DONE]: comments that follow do not make it longer.
                if reply.done and not resting:
                    resting = True
                    rest.reschedule(now + REST_S)
                elif reply.credible is not ending and not reply.done:
                    ending = reply.credible
                    rest.reschedule(now + max(SILENCE_S, 5 * longest) if ending else None)
    except TimeoutError:
        pass  # the stream has ended without saying so
    except BrokenOffError as error:
        if not (reply.done or reply.credible):
            if reply.answered:
                raise
            reply.broken = error
            return
    if take(lines.finish()):
        return
    _check_end(answer, lines, reply, where)


def _check_end(answer: Answer, lines: EventLines, reply: StreamedReply, where: str) -> None:
    """Raise ServerError where the stream ended in the middle of a reply."""
    streams = lines.framed or answer.kind == "text/event-stream"
    if not reply.answered and (lines.loose or not streams):
        kind = answer.kind or "something without a type"
        raise ServerError(
            f"{where} answers with {kind}, not with a stream{quoted(lines.loose)}",
            "check that generate.base_url ends in /v1",
        )
    if lines.framed and reply.answered and not reply.finished and not reply.text.whole:
        raise ServerError(f"{where} broke off in the middle of the reply", "ask again")
