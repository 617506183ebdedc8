"""The client of the `openai` package; every event must fit its own types."""

from __future__ import annotations

import asyncio
import base64

import openai
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter, ValidationError
from shared import ClientReport, Doing, arguments, go_through, tell


async def main() -> None:
    """Run the client, and print what came of it."""
    url, folder = arguments()
    seen = ClientReport("openai", openai.__version__)
    known = TypeAdapter(RealtimeServerEvent)
    client = openai.AsyncOpenAI(api_key="x", base_url=f"{url}/v1")
    async with client.realtime.connect(model="voicecli") as connection:
        await connection.session.update(
            session={"type": "realtime", "instructions": "Answer in one sentence."}
        )
        sounds, over, stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def read() -> None:
            async for event in connection:
                seen.events += 1
                try:
                    known.validate_python(event.model_dump(exclude_unset=True))
                except ValidationError as error:
                    seen.errors.append(str(error)[:200])
                match event.type:
                    case "response.output_audio.delta":
                        sounds.set()
                    case "response.done":
                        over.set()
                    case "input_audio_buffer.speech_started":
                        stopped.set()
                    case "error":
                        seen.errors.append(event.error.message)

        async def send(block: bytes) -> None:
            await connection.input_audio_buffer.append(audio=base64.b64encode(block).decode())

        async def type_line(text: str) -> None:
            content = [{"type": "input_text", "text": text}]
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": content}
            )
            await connection.response.create()

        reading = asyncio.create_task(read())
        await go_through(Doing(send, type_line, sounds, over, stopped), folder, seen)
        reading.cancel()
    tell(seen)


asyncio.run(main())
