"""The realtime model of `livekit-plugins-openai`, without a LiveKit server."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from livekit import rtc
from livekit.plugins import openai
from shared import BLOCK, RATE_HZ, ClientReport, Doing, arguments, go_through, tell


async def main() -> None:
    """Run the client, and print what came of it."""
    url, folder = arguments()
    seen = ClientReport("livekit-plugins-openai", version("livekit-plugins-openai"))
    session = openai.realtime.RealtimeModel(base_url=f"{url}/v1", api_key="x").session()
    sounds, over, stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def listen(generation: object) -> None:
        async for message in generation.message_stream:
            async for _ in message.audio_stream:
                sounds.set()
        over.set()

    session.on("generation_created", lambda made: tasks.append(asyncio.create_task(listen(made))))
    session.on("input_speech_started", lambda _: stopped.set())
    session.on("error", lambda error: seen.errors.append(str(error)))
    await session.update_instructions("Answer in one sentence.")

    async def send(block: bytes) -> None:
        session.push_audio(rtc.AudioFrame(block, RATE_HZ, 1, BLOCK))

    async def type_line(text: str) -> None:
        known = session.chat_ctx.copy()
        known.add_message(role="user", content=text)
        await session.update_chat_ctx(known)
        await session.generate_reply()

    await go_through(Doing(send, type_line, sounds, over, stopped), folder, seen)
    seen.events = len(tasks)
    await session.aclose()
    tell(seen)


asyncio.run(main())
