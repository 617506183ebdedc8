"""The voice client of the `openai-agents` package, as its documentation uses it."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from agents.realtime import RealtimeAgent, RealtimeRunner
from shared import ClientReport, Doing, arguments, go_through, tell


async def main() -> None:
    """Run the client, and print what came of it."""
    url, folder = arguments()
    seen = ClientReport("openai-agents", version("openai-agents"))
    runner = RealtimeRunner(RealtimeAgent(name="Agent", instructions="Answer in one sentence."))
    address = url.replace("http", "ws", 1) + "/v1/realtime"
    sounds, over, stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with await runner.run(model_config={"url": address, "api_key": "x"}) as session:

        async def read() -> None:
            async for event in session:
                seen.events += 1
                match event.type:
                    case "audio":
                        sounds.set()
                    case "audio_end":
                        over.set()
                    case "audio_interrupted":
                        stopped.set()
                    case "error":
                        seen.errors.append(str(event.error))

        reading = asyncio.create_task(read())
        doing = Doing(session.send_audio, session.send_message, sounds, over, stopped)
        await go_through(doing, folder, seen)
        reading.cancel()
    tell(seen)


asyncio.run(main())
