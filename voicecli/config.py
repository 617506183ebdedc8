"""Settings: every key, its default, unit and bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SYSTEM_PROMPT = (
    "You are a voice assistant. Your words are spoken aloud, so answer the way people talk: "
    "one to three short sentences, no lists, no headings, no emoji. Say the answer first. "
    "If you did not understand, ask."
)


class Section(BaseModel):
    """One table of the file: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class AudioConfig(Section):
    """Microphone and loudspeaker."""

    input_device: Annotated[str, Field(description='microphone: "default", a number or part of a name')] = (
        "default"
    )
    output_device: Annotated[str, Field(description='loudspeaker: "default", a number or part of a name')] = (
        "default"
    )
    block_ms: Annotated[int, Field(ge=10, le=20, description="audio handed over at a time, ms")] = 20
    latency_ms: Annotated[int, Field(ge=5, le=500, description="latency asked of the devices, ms")] = 60
    ring_s: Annotated[float, Field(ge=4, le=60, description="sound held while the listener is late, s")] = 8.0
    headphones: Annotated[
        bool, Field(description="the microphone cannot hear the loudspeaker: speaking stops the agent")
    ] = False
    tail_ms: Annotated[
        int,
        Field(
            ge=0,
            le=2000,
            description="without headphones: microphone held off after the agent's last sound, ms",
        ),
    ] = 250


class SegmentConfig(Section):
    """What counts as speech, and when it is over."""

    onset_probability: Annotated[
        float, Field(gt=0, lt=1, description="a frame at or above it may be speech")
    ] = 0.5
    release_probability: Annotated[float, Field(gt=0, lt=1, description="speech goes on at or above it")] = (
        0.35
    )
    onset_frames: Annotated[
        int, Field(ge=1, le=10, description="frames of 32 ms in a row that begin speech")
    ] = 3
    snr_db: Annotated[
        float, Field(ge=0, le=40, description="speech is this far above the noise floor, dB")
    ] = 6.0
    min_level_dbfs: Annotated[
        float, Field(ge=-90, le=-20, description="nothing below it is speech, dBFS")
    ] = -60.0
    preroll_ms: Annotated[int, Field(ge=0, le=1000, description="sound kept from before the onset, ms")] = 300
    hangover_ms: Annotated[int, Field(ge=100, le=3000, description="silence that ends a turn, ms")] = 500
    min_speech_ms: Annotated[int, Field(ge=0, le=2000, description="shorter sounds are not speech, ms")] = 160
    max_utterance_s: Annotated[float, Field(ge=5, le=28, description="longer speech is split, s")] = 25.0


class TranscribeConfig(Section):
    """Speech to text."""

    model: Annotated[
        str,
        Field(
            min_length=1, description="a name of `voicecli models list`, a CTranslate2 folder, or a hub name"
        ),
    ] = "whisper-base"
    language: Annotated[
        str, Field(pattern=r"^(auto|[a-z]{2,3})$", description='ISO 639-1 code, or "auto"')
    ] = "auto"
    threads: Annotated[int, Field(ge=0, le=64, description="CPU threads, 0 for a number that suits")] = 0


class ConversationConfig(Section):
    """What the language model is told."""

    system_prompt: Annotated[str, Field(max_length=8000, description="who the agent is")] = SYSTEM_PROMPT
    history_tokens: Annotated[
        int, Field(ge=0, le=100_000, description="past turns remembered, tokens (estimated)")
    ] = 1200


class GenerateConfig(Section):
    """The language model."""

    engine: Annotated[
        Literal["embedded", "openai", "echo"],
        Field(
            description="embedded: a GGUF in this process; openai: an OpenAI-compatible server; echo: repeats you"
        ),
    ] = "embedded"
    model: Annotated[
        str,
        Field(
            min_length=1,
            description='embedded: "auto" (the best one present), a name of `voicecli models list`, a .gguf file or a hub '
            "name; openai: the server's name for it",
        ),
    ] = "auto"
    base_url: Annotated[
        str, Field(pattern=r"^https?://", description="openai: where the server is, with its /v1")
    ] = "http://127.0.0.1:11434/v1"
    api_key_env: Annotated[str, Field(description="openai: environment variable that holds the key")] = (
        "OPENAI_API_KEY"
    )
    timeout_s: Annotated[
        float, Field(gt=0, le=600, description="openai: longest wait for the next words, s")
    ] = 20.0
    temperature: Annotated[float, Field(ge=0, le=2, description="0 is always the same answer")] = 0.6
    max_tokens: Annotated[int, Field(ge=8, le=4096, description="longest reply, tokens")] = 200
    context_tokens: Annotated[
        int, Field(ge=512, le=131_072, description="embedded: prompt and reply together, tokens")
    ] = 2048
    threads: Annotated[
        int, Field(ge=0, le=64, description="embedded: CPU threads, 0 for a number that suits")
    ] = 0


class SynthesizeConfig(Section):
    """Text to speech."""

    voice: Annotated[
        str,
        Field(
            min_length=1,
            description="a name of `voicecli models list`, a Piper .onnx file, or a Piper voice name",
        ),
    ] = "voice-en-us-joe"
    speed: Annotated[float, Field(ge=0.5, le=2, description="1 is the voice's own pace")] = 1.0
    volume: Annotated[float, Field(gt=0, le=1, description="1 is full scale")] = 0.7
    threads: Annotated[int, Field(ge=0, le=64, description="CPU threads, 0 for a number that suits")] = 0


class PlaybackConfig(Section):
    """The buffer before the loudspeaker."""

    jitter_min_ms: Annotated[
        int, Field(ge=20, le=1000, description="buffered before a reply begins, at best, ms")
    ] = 150
    jitter_max_ms: Annotated[
        int, Field(ge=20, le=2000, description="buffered before a reply begins, at worst, ms")
    ] = 250
    ahead_ms: Annotated[
        int, Field(ge=200, le=5000, description="synthesis runs this far ahead at most, ms")
    ] = 800


class Config(Section):
    """The whole file."""

    audio: AudioConfig = AudioConfig()
    segment: SegmentConfig = SegmentConfig()
    transcribe: TranscribeConfig = TranscribeConfig()
    conversation: ConversationConfig = ConversationConfig()
    generate: GenerateConfig = GenerateConfig()
    synthesize: SynthesizeConfig = SynthesizeConfig()
    playback: PlaybackConfig = PlaybackConfig()
