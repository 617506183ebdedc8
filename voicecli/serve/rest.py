"""OpenAI's REST endpoints for sound: a file of speech -> its words, and words -> speech.

Each endpoint computes one request at a time; others wait. What a client sends is kept in a folder that only
this user may read, and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import BodyPartReader, web

from voicecli.audio.recordings.wav import HEAD_BYTES, head
from voicecli.errors import VoicecliError
from voicecli.serve.single_requests import RATE_OUT_HZ, spoken, transcribed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from voicecli.engines import Engines, Session
    from voicecli.serve.wire.settings import Json

MOST_FILE_BYTES = 25 << 20
"""Largest file of speech, as at OpenAI."""

MOST_TEXT = 4096
"""Longest text to be spoken, characters, as at OpenAI."""

MOST_FIELD_BYTES = 4096
"""Longest field of a form beside the file."""

UNTOLD_BYTES = 0xFFFFFFFF - (HEAD_BYTES - 8)
"""Stands in a WAV header for a length that is not known yet: the largest that RIFF can tell."""

KINDS = {"wav": "audio/wav", "pcm": "audio/pcm"}


class Refused(Exception):  # noqa: N818  # an answer
    """The request asks for nothing that is served."""

    def __init__(self, message: str, param: str, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.status = status


class Rest:
    """The two endpoints, for one server."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._transcribing, self._speaking = asyncio.Lock(), asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/v1/audio/transcriptions", self._transcriptions)
        app.router.add_post("/v1/audio/speech", self._speech)

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        with tempfile.TemporaryDirectory(prefix="voicecli-") as folder:  # made for its owner alone
            path = Path(folder) / "speech"
            try:
                fields = await _form(request, path)
                form = _form_of_answer(fields)
                async with self._transcribing:
                    found = await asyncio.to_thread(transcribed, self._engines, path)
            except Refused as refused:
                return error(str(refused), refused.param, refused.status)
            except VoicecliError as failure:
                return error(f"{failure.found}; {failure.remedy}", "file")
        if form == "text":
            return web.Response(text=found.text + "\n")
        if form == "json":
            return web.json_response({"text": found.text})
        segments = [
            {"id": at, "start": round(part.start_s, 2), "end": round(part.end_s, 2), "text": part.text}
            for at, part in enumerate(found.stretches)
        ]
        whole = {
            "task": "transcribe",
            "language": found.language,
            "duration": found.audio_s,
            "text": found.text,
        }
        return web.json_response({**whole, "segments": segments})

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        try:
            text, form = _asked(await _json(request))
        except Refused as refused:
            return error(str(refused), refused.param, refused.status)
        async with self._speaking:
            session = await asyncio.to_thread(self._engines.session)
            try:
                return await self._spoken(request, session, text, form)
            finally:
                await asyncio.to_thread(session.close)

    async def _spoken(
        self, request: web.Request, session: Session, text: str, form: str
    ) -> web.StreamResponse:
        """Send sound as it is made; a client that reads slowly makes the voice wait."""
        pieces = spoken(session.voice.it, session.place, text)
        try:
            first = await asyncio.to_thread(next, pieces, b"")
        except VoicecliError as failure:
            return error(f"{failure.found}; {failure.remedy}", "input", 500)
        response = web.StreamResponse(headers={"Content-Type": KINDS[form]})
        await response.prepare(request)
        if form == "wav":
            await response.write(head(RATE_OUT_HZ, 1, UNTOLD_BYTES))
        while first:
            await response.write(first)
            first = await asyncio.to_thread(next, pieces, b"")
        await response.write_eof()
        return response


def error(message: str, param: str = "", status: int = 400, code: str = "") -> web.Response:
    """An error as OpenAI's API tells it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = {"message": message, "type": kind, "param": param or None, "code": code or None}
    return web.json_response({"error": body}, status=status)


def _form_of_answer(fields: dict[str, str]) -> str:
    form = fields.get("response_format", "json")
    if form not in ("json", "text", "verbose_json"):
        raise Refused("response_format is json, text or verbose_json", "response_format")
    return form


async def _form(request: web.Request, path: Path) -> dict[str, str]:
    """Write the file of a form to `path`; give its other fields. Raises Refused."""
    if not request.content_type.startswith("multipart/"):
        raise Refused("send a multipart form", "file")
    fields: dict[str, str] = {}
    got = False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refused("forms within forms are not read", "file")
        if part.name == "file":
            got = True
            with path.open("wb") as file:
                async for chunk in _chunks(part, MOST_FILE_BYTES):
                    file.write(chunk)
        else:
            words = b"".join([chunk async for chunk in _chunks(part, MOST_FIELD_BYTES)])
            fields[part.name or ""] = words.decode("utf-8", "replace")
    if not got:
        raise Refused("the form has no file", "file")
    return fields


async def _chunks(part: BodyPartReader, most: int) -> AsyncIterator[bytes]:
    """What a part of a form holds. Raises Refused once it is more than `most` bytes."""
    size = 0
    while chunk := await part.read_chunk(1 << 16):
        size += len(chunk)
        if size > most:
            raise Refused(f"{part.name} is larger than {most} bytes", part.name or "", 413)
        yield chunk


async def _json(request: web.Request) -> Json:
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError) as failure:
        raise Refused("the body is not JSON", "") from failure
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object", "")
    return body


def _asked(body: Json) -> tuple[str, str]:
    """The text, and the format of its sound. Raises Refused."""
    text, form = body.get("input"), body.get("response_format", "wav")
    if not isinstance(text, str) or not text.strip():
        raise Refused("input is the text to be spoken", "input")
    if len(text) > MOST_TEXT:
        raise Refused(f"input is longer than {MOST_TEXT} characters", "input")
    if not isinstance(form, str) or form not in KINDS:
        raise Refused("response_format is wav or pcm", "response_format")
    return text, form
