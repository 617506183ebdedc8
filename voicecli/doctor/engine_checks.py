"""Checks of the engines: models on the disk, the language model, and how fast all are on this computer."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from voicecli.command import Command
from voicecli.doctor import Finding
from voicecli.doctor.speech_server_checks import check_hearing, check_speaking, sends_away
from voicecli.errors import ConfigError, ModelError, VoicecliError
from voicecli.loading import load, mistaken_voices, recogniser_engine, unused_voices
from voicecli.measure.alone import run_alone
from voicecli.measure.computer import describe
from voicecli.measure.questions import QUESTIONS
from voicecli.measure.timed_engines import Meter, engine_figures, watched
from voicecli.models.choice import (
    best_language_model,
    better_language_model,
    language_model_file,
    moonshine_folder,
    voice_file,
    whisper_folder,
)
from voicecli.models.store import pull_command
from voicecli.models.suited import LIGHT_MODEL
from voicecli.reply.conversation.language_names import name_of, voice_for
from voicecli.reply.server.openai import OpenAiGenerator
from voicecli.speak.voice import sound_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicecli.config import Config, GenerateConfig
    from voicecli.models.store import ModelStore
    from voicecli.system.clock import Clock

SERVER_S = 5.0
"""s that the check waits for a server."""

TOKENS_PER_S = 4.0
"""Tokens that a second of speech needs: 2.5 words, with 1.3 to 1.5 tokens a word of English."""

BUSY, TOO_BUSY = 0.5, 1.0
"""Seconds of work for a second of sound. From `BUSY` on, little time is left for the other engines; from
`TOO_BUSY` on, speech stutters."""

ANSWER_TOKENS = 16

FEW = 3
"""Languages that are told by their names."""

_TITLES = {
    "transcriber": "speech to text",
    "synthesizer": "text to speech",
    "generator": "language model",
}


class EngineChecks:
    """The checks of what the settings name."""

    def __init__(
        self, config: Config, store: ModelStore, clock: Clock, *, full: bool = False, connect: bool = False
    ) -> None:
        """`full`: read all files again. `connect`: ask a server that is not on this computer."""
        self._config = config
        self._store = store
        self._clock = clock
        self._full = full
        self._connect = connect

    def detector(self) -> Finding:
        """Voice activity."""
        return self._model(lambda: self._store.folder("vad-silero"))

    def completion(self) -> Finding:
        """End of turn."""
        return self._model(lambda: self._store.folder("turn-smart-v3"))

    def transcriber(self) -> Finding:
        """Speech to text, and which languages it understands with these settings."""
        finding, transcribe = self._recogniser(), self._config.transcribe
        if finding.status != "pass":
            return finding
        known = recogniser_engine(transcribe).languages(transcribe, self._store)
        return replace(finding, found=f"{finding.found}; understands {_told(known)}")

    def _recogniser(self) -> Finding:
        transcribe = self._config.transcribe
        engine: str = transcribe.engine
        match engine:
            case "whisper":
                return self._model(lambda: whisper_folder(self._store, transcribe.model))
            case "moonshine":
                return self._model(lambda: moonshine_folder(self._store, transcribe.model))
            case "command":
                return _command("transcribe.command", transcribe.command)
            case "openai" | "wyoming":
                return check_hearing(transcribe, connect=self._connect)
            case _:
                return _without_files(engine)

    def synthesizer(self) -> Finding:
        """Text to speech, in all languages that have a voice."""
        finding = self._main_voice()
        others = self._config.synthesize.voices
        if not others:
            return finding
        found = [finding.found]
        for language, name in others.items():
            other = self._model(partial(voice_file, self._store, name))
            found.append(f"{language}: {other.found}")
        with suppress(ModelError, ConfigError):  # of the recogniser: its own check reports that
            for language, why in unused_voices(self._config, self._store).items():
                remedy = f"leave out synthesize.voices.{language}, or change that"
                told = f"{found[0]}; synthesize.voices.{language} is never heard: {why}"
                return Finding("warn", told, remedy)
        for language, spoken in mistaken_voices(self._config, self._store).items():
            told = f"{found[0]}; the voice of synthesize.voices.{language} speaks {name_of(spoken)}"
            another = voice_for(language) or f"a voice of {name_of(language)}"
            return Finding("warn", told, f"set synthesize.voices.{language} to {another}")
        return replace(finding, found="; ".join(found))

    def _main_voice(self) -> Finding:
        synthesize = self._config.synthesize
        engine: str = synthesize.engine
        match engine:
            case "piper":
                return self._model(lambda: voice_file(self._store, synthesize.voice))
            case "command":
                return _command("synthesize.command", synthesize.command)
            case "openai" | "wyoming":
                return check_speaking(synthesize, connect=self._connect)
            case _:
                return _without_files(engine)

    def language_model(self) -> Finding:
        """The file, or the server the settings name."""
        generate = self._config.generate
        match generate.engine:
            case "echo":
                return Finding(
                    "warn",
                    "the engine echo repeats what it hears",
                    "for answers set generate.engine to embedded",
                )
            case "openai":
                return self._server(generate)
            case "embedded":
                return self._embedded(generate)

    def speed(self) -> Finding:
        """Measure each engine alone, on two questions that the voice says."""
        if not self._connect and sends_away(self._config):
            found = "not measured: it would send sound or words to another computer"
            return Finding("skip", found, "measure it: voicecli doctor --connect")
        config = self._config.model_copy(update={"generate": self._local_generator()})
        try:
            session = load(config, self._store, lambda _: None).session()
        except VoicecliError as error:
            return Finding("skip", f"not measured: {error.found}", error.remedy)
        meter, voice = Meter(self._clock), session.voice.it
        clips = [sound_of(voice, text) for text in QUESTIONS[:2]]
        run_alone(watched(session, meter), config, clips, voice.rate_hz, threading.Event())
        session.close()
        figures = {each.name: each for each in engine_figures(meter.take(), [])}
        shares = {
            _TITLES[name]: share
            for name, share in (
                ("transcriber", figures["transcriber"].idle_rtf),
                ("synthesizer", figures["synthesizer"].idle_rtf),
                ("generator", _share(figures["generator"].idle_ms)),
            )
            if share is not None and (name != "generator" or config.generate.engine == "embedded")
        }
        return headroom(shares, describe().cores)

    def _model(self, resolve: Callable[[], Path]) -> Finding:
        path = resolve()
        model = next(
            (m for m in self._store.models() if self._store.path(m.name) in (path, *path.parents)), None
        )
        if model is None:
            return Finding("pass", f"{path.name}, a file of your own")
        if self._full:
            for file, fault in self._store.faults(model, rehash=True):
                raise ModelError(
                    f"{self._store.path(model.name) / file.name} {fault}", pull_command(model.name)
                )
        how = "read again, as published" if self._full else "as published"
        return Finding("pass", f"{model.name}, {model.bytes / 1e6:.0f} MB, {how}")

    def _embedded(self, generate: GenerateConfig) -> Finding:
        """Check the file; say why it was chosen, and whether another suits this computer better."""
        finding = self._model(lambda: language_model_file(self._store, generate.model))
        name = language_model_file(self._store, generate.model).parent.name
        toy = "; it answers like a toy" if name == LIGHT_MODEL else ""
        if generate.model != "auto":
            return replace(finding, found=f"{finding.found}{toy}")
        because = f"chosen because {best_language_model(self._store).reason}"
        if better := better_language_model(self._store, name):
            return Finding("warn", f"{finding.found}; {because}{toy}", pull_command(better))
        return replace(finding, found=f"{finding.found}; {because}{toy}")

    def _server(self, generate: GenerateConfig) -> Finding:
        server = OpenAiGenerator(generate)
        if not (server.is_local or self._connect):
            return Finding(
                "skip",
                f"{server.name} is not on this computer, and was not asked",
                "ask it: voicecli doctor --connect",
            )
        deadline = self._clock.now() + SERVER_S
        try:
            models = server.models(lambda: self._clock.now() > deadline)
        finally:
            server.close()
        if models is None:
            return Finding("fail", f"{server.name}: no answer within {SERVER_S:g} s", "look at its log")
        if not models:
            return Finding("warn", f"{server.name}: it lists no model", "load one there")
        if not {"auto", *models} & {generate.model, f"{generate.model}:latest"}:  # as Ollama names it
            return Finding(
                "warn", f"{server.name}: it does not list this model", f"it has: {', '.join(models[:5])}"
            )
        return Finding("pass", f"{server.name} answers")

    def _local_generator(self) -> GenerateConfig:
        """Settings for the measurement: the embedded model with short answers, else the echo engine."""
        generate = self._config.generate
        if generate.engine == "embedded":
            with suppress(ModelError):
                language_model_file(self._store, generate.model)
                return generate.model_copy(update={"max_tokens": min(ANSWER_TOKENS, generate.max_tokens)})
        return generate.model_copy(update={"engine": "echo"})


def _told(languages: frozenset[str] | None) -> str:
    """Up to `FEW` languages by their names, more by their number."""
    if languages is None:
        return "languages that it does not list"
    if len(languages) > FEW:
        return f"{len(languages)} languages"
    return ", ".join(map(name_of, sorted(languages)))


def _without_files(engine: str) -> Finding:
    return Finding("pass", f"the engine {engine} needs no files")


def _command(setting: str, line: str) -> Finding:
    """Check that the program of a command is there; the speed check runs it. Raises ConfigError."""
    command = Command(setting, line)
    where = command.found()
    if where is None:
        return Finding("fail", command.missing.found, command.missing.remedy)
    return Finding("pass", f"{where}; voicecli cannot know what it does with your voice and words")


def _share(ms_per_token: float | None) -> float | None:
    return None if ms_per_token is None else round(ms_per_token / 1000 * TOKENS_PER_S, 4)


def headroom(shares: dict[str, float], cores: int) -> Finding:
    """`shares`: name of an engine, a key of `_TITLES` -> its seconds of work for a second of speech."""
    told = ", ".join(f"{title} {share * 1000:.0f} ms" for title, share in shares.items())
    found = f"work for a second of speech, on {cores} cores: {told}"
    slowest = max(shares, key=lambda title: shares[title])
    if shares[slowest] < BUSY:
        return Finding("pass", found)
    remedies = {
        "speech to text": "set transcribe.model to whisper-base, or transcribe.engine to moonshine",
        "text to speech": "choose a voice of lower quality: synthesize.voice, or another command",
        "language model": 'use the small language model: --light, or generate.model = "light"',
    }
    remedy = f"close what else is running, or {remedies[slowest]}"
    return Finding("fail" if shares[slowest] >= TOO_BUSY else "warn", found, remedy)
