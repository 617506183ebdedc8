"""The realtime service of `pipecat-ai`, in a pipeline of its own; its receive loop must stay alive."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from shared import RATE_HZ, ClientReport, Doing, arguments, go_through, tell


async def main() -> None:
    """Run the client, and print what came of it."""
    url, folder = arguments()
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    seen = ClientReport("pipecat-ai", version("pipecat-ai"))
    sounds, over, stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()

    class Tap(FrameProcessor):
        async def process_frame(self, frame: object, direction: object) -> None:
            await super().process_frame(frame, direction)
            seen.events += 1
            match frame:
                case TTSAudioRawFrame():
                    sounds.set()
                case TTSStoppedFrame():
                    over.set()
                case ErrorFrame():
                    seen.errors.append(str(frame.error))
                case _ if "UserStartedSpeaking" in type(frame).__name__:
                    stopped.set()
                case _:
                    pass
            await self.push_frame(frame, direction)

    address = url.replace("http", "ws", 1) + "/v1/realtime"
    service = OpenAIRealtimeLLMService(api_key="x", base_url=address)
    rates = PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=RATE_HZ)
    task = PipelineTask(Pipeline([service, Tap()]), params=rates)

    async def send(block: bytes) -> None:
        await task.queue_frame(InputAudioRawFrame(audio=block, sample_rate=RATE_HZ, num_channels=1))

    async def type_line(text: str) -> None:
        content = [events.ItemContent(type="input_text", text=text)]
        item = events.ConversationItem(type="message", role="user", content=content)
        await service.send_client_event(events.ConversationItemCreateEvent(item=item))
        await service.send_client_event(events.ResponseCreateEvent())

    async def use() -> None:
        await go_through(Doing(send, type_line, sounds, over, stopped), folder, seen)
        await task.queue_frame(EndFrame())

    await asyncio.gather(PipelineRunner(handle_sigint=False).run(task), use())
    tell(seen)


asyncio.run(main())
