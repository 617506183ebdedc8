"""Settings of recogniser, language model and voice: which engine each uses, and that engine's options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from voicecli.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_COMMAND = 2000
"""Most characters of a command: more than anybody writes, and less than any operating system allows."""


LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
"""ISO 639-1."""
VoiceName = Annotated[str, Field(min_length=1)]

ServerUrl = Annotated[
    str,
    Field(
        pattern=r"^((https?|tcp)://[^\s/]\S*)?$",
        description="openai: where the server is, as in http://127.0.0.1:8000/v1; wyoming: tcp://127.0.0.1:10300",
        json_schema_extra={"allowed": "a URL that begins with http://, https:// or tcp://"},
    ),
]
KeyVariable = Annotated[
    str,
    Field(
        pattern=r"^([A-Z_][A-Z0-9_]*)?$",  # many keys would pass for a name with small letters
        description="openai: environment variable that holds the key",
        json_schema_extra={"allowed": "a name in capitals such as OPENAI_API_KEY, not the key itself"},
        repr=False,  # if somebody puts the key itself here, no error may show it
    ),
]
ConnectLimit = Annotated[
    float,
    Field(
        gt=0,
        le=10,
        description="openai, wyoming: longest wait for the server to accept the connection",
    ),
]


@dataclass(frozen=True, slots=True)
class EngineFile:
    """An engine that the settings can name, and the file that it is made in."""

    about: str
    """What it is, for the settings file."""
    module: str
    """Its file as Python names it; `loading` imports it when the engine is needed, and not before.

    The file has the functions of `RecogniserEngine` (`listen/recogniser.py`), or of `VoiceEngine`
    (`speak/voice.py`).
    """


RECOGNISERS: Mapping[str, EngineFile] = {
    "whisper": EngineFile("99 languages", "voicecli.listen.whisper.whisper_engine"),
    "moonshine": EngineFile("English, quick", "voicecli.listen.recognise.moonshine_engine"),
    "command": EngineFile("a program of your own", "voicecli.listen.recognise.recogniser_command"),
    "openai": EngineFile("a server with OpenAI's endpoints", "voicecli.listen.elsewhere.hearing_settings"),
    "wyoming": EngineFile("a server for Home Assistant", "voicecli.listen.elsewhere.hearing_settings"),
}
"""What `transcribe.engine` can be."""

VOICES: Mapping[str, EngineFile] = {
    "piper": EngineFile("a Piper voice", "voicecli.speak.synthesize"),
    "command": EngineFile("a program of your own", "voicecli.speak.voice_command"),
    "openai": EngineFile("a server with OpenAI's endpoints", "voicecli.speak.elsewhere.speaking_settings"),
    "wyoming": EngineFile("a server for Home Assistant", "voicecli.speak.elsewhere.speaking_settings"),
}
"""What `synthesize.engine` can be."""

if TYPE_CHECKING:
    RecogniserName: TypeAlias = str
    VoiceEngineName: TypeAlias = str
else:  # pydantic reads which names there are; a type checker takes no table in a Literal
    RecogniserName = Literal[tuple(RECOGNISERS)]
    VoiceEngineName = Literal[tuple(VOICES)]


def _described(engines: Mapping[str, EngineFile]) -> str:
    """Each engine and what it is, for the settings file."""
    return "; ".join(f"{name}: {engine.about}" for name, engine in engines.items()) + " (docs/engines.md)"


class TranscribeConfig(Section):
    """Speech to text."""

    engine: RecogniserName = Field(default="whisper", description=_described(RECOGNISERS))
    model: str = Field(
        default="whisper-base",
        min_length=1,
        description="whisper: a name of `voicecli models list`, a CTranslate2 folder, or a hub name; "
        "moonshine: a name or a folder (whisper-base, the default, stands for moonshine-tiny-en)",
    )
    language: str = Field(
        default="auto",
        pattern=r"^(auto|[a-z]{2,3})$",
        description="the language spoken; with a command, auto means English; a server is left to find it",
        json_schema_extra={"allowed": '"auto" or a language code such as "en"'},
    )
    command: str = Field(
        default="",
        max_length=LONGEST_COMMAND,
        description="command: reads a 16 kHz WAV from its standard input and prints the words",
    )
    url: ServerUrl = ""
    server_model: str = Field(
        default="",
        description="openai, wyoming: the server's name for its model; empty: whisper-1, or for wyoming the "
        "server's choice",
    )
    api_key_env: KeyVariable = "OPENAI_API_KEY"
    connect_s: ConnectLimit = 3.0
    timeout_s: float = Field(
        default=10.0,
        gt=0,
        le=30,
        description="openai, wyoming: longest wait for the words, in all tries",
    )
    fallback: Literal["local", "off"] = Field(
        default="local",
        description="openai, wyoming: while the server fails, the Whisper of transcribe.model listens, if it "
        "is here; or nobody",
    )
    threads: int = Field(default=0, ge=0, le=64, description="CPU threads, 0 for a number that suits")

    @model_validator(mode="after")
    def _what_the_engine_needs_is_there(self) -> Self:
        return _complete(self, self.engine, self.command, self.url)


class GenerateConfig(Section):
    """The language model."""

    engine: Literal["embedded", "openai", "echo"] = Field(
        default="embedded",
        description="embedded: a GGUF in this process; openai: an OpenAI-compatible server; echo: repeats",
    )
    model: str = Field(
        default="auto",
        min_length=1,
        description='embedded: "auto" (the best one here that suits this computer), "light" (the small one: '
        "quick, often wrong), a name of `voicecli models list`, a .gguf file or a hub name; openai: the "
        "server's name for it",
    )
    base_url: str = Field(
        default="http://127.0.0.1:11434/v1",
        pattern=r"^https?://[^\s/]\S*$",
        description="openai: where the server is, with its /v1",
        json_schema_extra={"allowed": "a URL that begins with http:// or https://"},
    )
    api_key_env: str = Field(
        default="OPENAI_API_KEY",
        pattern=r"^([A-Z_][A-Z0-9_]*)?$",  # many keys would pass for a name with small letters
        description="openai: environment variable that holds the key",
        json_schema_extra={"allowed": "a name in capitals such as OPENAI_API_KEY, not the key itself"},
        repr=False,  # if somebody puts the key itself here, no error may show it
    )
    connect_s: float = Field(
        default=3.0, gt=0, le=60, description="openai: longest wait for the server to accept the connection"
    )
    first_token_s: float = Field(
        default=15.0,
        gt=0,
        le=600,
        description="openai: longest wait for the first word to be said, thinking not counted as such; 180 s "
        "while the server loads its model",
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="openai: longest wait for the next word of a reply"
    )
    total_s: float = Field(
        default=120.0, gt=0, le=3600, description="openai: longest wait for all words of a reply together"
    )
    fallback: Literal["apology", "embedded", "off"] = Field(
        default="apology",
        description="openai: what you hear while the server fails: a short apology; an answer of the "
        "embedded model, the small one if it is here; or nothing",
    )
    drafts: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="begin replies before your turn is over, and drop those that you never hear; auto: only "
        "where the model runs on this computer, so that a server elsewhere gets one request a turn",
    )
    temperature: float = Field(default=0.1, ge=0, le=2, description="0 is always the same answer")
    max_tokens: int = Field(
        default=120,
        ge=8,
        le=4096,
        description="most tokens of a reply, thinking included; past half of them it ends at a sentence end",
    )
    context_tokens: int = Field(
        default=2048, ge=512, le=131_072, description="embedded: room for prompt and reply together"
    )
    threads: int = Field(
        default=0, ge=0, le=64, description="embedded: CPU threads, 0 for a number that suits"
    )


class SynthesizeConfig(Section):
    """Text to speech."""

    engine: VoiceEngineName = Field(default="piper", description=_described(VOICES))
    voice: str = Field(
        default="voice-en-us-joe",
        min_length=1,
        description="piper: a name of `voicecli models list`, a Piper .onnx file, or a Piper voice name",
    )
    command: str = Field(
        default="",
        max_length=LONGEST_COMMAND,
        description="command: reads text from its standard input and prints a WAV, such as "
        "`espeak-ng --stdout`",
    )
    url: ServerUrl = ""
    server_model: str = Field(default="", description="openai: the server's name for its model; empty: tts-1")
    server_voice: str = Field(
        default="",
        description="openai, wyoming: the server's name for the voice; empty: alloy, or for wyoming the "
        "server's choice",
    )
    api_key_env: KeyVariable = "OPENAI_API_KEY"
    connect_s: ConnectLimit = 3.0
    timeout_s: float = Field(
        default=10.0, gt=0, le=30, description="openai, wyoming: longest wait for the next sound of a clause"
    )
    fallback: Literal["local", "off"] = Field(
        default="local",
        description="openai, wyoming: while the server fails, the Piper voice of synthesize.voice speaks, if "
        "it is here; or nobody",
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}$",
        description="the language that the voice speaks; the file of a Piper voice says its own",
        json_schema_extra={"allowed": 'a language code such as "en"'},
    )
    voices: dict[LanguageCode, VoiceName] = Field(
        default={},
        description="voices for other languages: if you speak one of them, its voice answers in it. In an "
        "environment variable as here, with the braces",
        json_schema_extra={
            "allowed": 'language codes of two letters, each with a voice: { de = "de_DE-thorsten-medium" }'
        },
    )
    speed: float = Field(default=1.0, ge=0.5, le=2, description="piper, openai: 1 is the voice's own pace")
    volume: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="1 is full scale; with a command or a server, 1 is as loud as that is",
    )
    threads: int = Field(default=0, ge=0, le=64, description="piper: CPU threads, 0 for a number that suits")
    speak_errors: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="a failure that ends a turn is told by voice, too; auto: only without the live view",
    )

    @model_validator(mode="after")
    def _what_the_engine_needs_is_there(self) -> Self:
        return _complete(self, self.engine, self.command, self.url)


SectionT = TypeVar("SectionT", bound=Section)


def _complete(section: SectionT, engine: str, command: str, url: str) -> SectionT:
    """Refuse the engine `command` without a command, and a server without its address."""
    needed = {"command": ("command", command), "openai": ("url", url), "wyoming": ("url", url)}
    other, value = needed.get(engine, ("", engine))
    if not value.strip():
        raise PydanticCustomError("lacks", "{key} needs {other}", {"key": "engine", "other": other})
    return section
