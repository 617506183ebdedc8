"""A setting -> the model files it means: a model's name, the user's own path, or a name on the hub.

Never opens a connection: `voicecli models pull` has recorded what a hub name means.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from voicecli.command import Command
from voicecli.errors import ModelError
from voicecli.models.manifest import hub_name, is_voice_name
from voicecli.models.store import LIST_COMMAND
from voicecli.models.suited import LIGHT_MODEL, Suited, default_model, in_order, is_better, this_machine
from voicecli.network.address import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from voicecli.config import Config, GenerateConfig, SynthesizeConfig, TranscribeConfig
    from voicecli.models.manifest import Kind
    from voicecli.models.store import ModelStore

DEFAULT_WHISPER, DEFAULT_VOICE = "whisper-base", "voice-en-us-joe"
MOONSHINE = "moonshine-tiny-en"
SMALLER_WHISPER = {"whisper-small": "whisper-base", "whisper-base": "whisper-tiny-en"}

# Without tokenizer.json, faster-whisper would fetch one from the hub.
_WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")


def whisper_folder(store: ModelStore, name: str) -> Path:
    """A CTranslate2 Whisper folder, by model name, by path or by hub name.

    Raises ModelError: unknown, not on the disk, damaged, of another kind, or a folder that lacks a file.
    """
    own = _own_path(name)
    if name not in store.manifest and _is(own, Path.is_dir):
        for wanted in _WHISPER_FILES:
            if not any(own.glob(wanted)):
                raise ModelError(
                    f"'{own}' has no {wanted}", "give a CTranslate2 Whisper folder with its tokenizer"
                )
        return own
    _refuse_lost_path(name, own)
    _check_kind(store, name, "whisper")
    return store.folder(name)


def smaller_whisper(store: ModelStore, config: TranscribeConfig) -> str:
    """The name of a Whisper on the disk that is quicker than that of the settings; empty where there is none.

    Which languages it understands, its files tell (`loading.load_smaller`).
    """
    name = SMALLER_WHISPER.get(config.model, "") if config.engine == "whisper" else ""
    if name not in store.manifest:
        return ""
    return name if store.state(store.manifest[name]) == "here" else ""


def moonshine_folder(store: ModelStore, name: str) -> Path:
    """A folder with Moonshine's three files, by model name or by path.

    The name of the default Whisper means the default Moonshine, so the user need only set the engine. Raises
    ModelError: unknown, not on the disk, damaged or of another kind.
    """
    own = _own_path(name)
    if name not in store.manifest and _is(own, Path.is_dir):
        return own
    _refuse_lost_path(name, own)
    name = moonshine_name(name)
    _check_kind(store, name, "moonshine")
    return store.folder(name)


def moonshine_name(name: str) -> str:
    """The name of the Moonshine model that `transcribe.model` means."""
    return MOONSHINE if name == DEFAULT_WHISPER else name


def recogniser_name(config: TranscribeConfig) -> str:
    """The recogniser's name on the screen: of its model, its command's program, its server or its engine."""
    engine: str = config.engine  # one that is not named below has no model and no command
    match engine:
        case "whisper":
            return config.model
        case "moonshine":
            return moonshine_name(config.model)
        case "command":
            return Command("transcribe.command", config.command).name
        case "openai" | "wyoming":
            return f"{config.server_model or config.engine} at {shown(config.url)}"
        case _:
            return engine


def voice_name(config: SynthesizeConfig) -> str:
    """The voice's name on the screen: of its model, its command's program, its server or its engine."""
    engine: str = config.engine  # as above
    match engine:
        case "piper":
            return config.voice
        case "command":
            return Command("synthesize.command", config.command).name
        case "openai" | "wyoming":
            return f"{config.server_voice or config.engine} at {shown(config.url)}"
        case _:
            return engine


def needed(config: Config) -> tuple[str, ...]:
    """Names of models in the manifest that the engines of the settings need, without the language model.

    An engine that is a command needs none. Where the settings name a file of the user's own or a model on the
    hub, the list still has the default model of that engine.
    """
    return (*_heard_with(config.transcribe), *_spoken_with(config.synthesize), "vad-silero", "turn-smart-v3")


def listens_with_a_model(config: TranscribeConfig) -> bool:
    """Whether `transcribe.model` means something to the engine."""
    return bool(_heard_with(config))


def speaks_with_a_model(config: SynthesizeConfig) -> bool:
    """Whether `synthesize.voice` means something to the engine."""
    return bool(_spoken_with(config))


def _heard_with(config: TranscribeConfig) -> tuple[str, ...]:
    match config.engine:
        case "whisper":
            return (DEFAULT_WHISPER,)
        case "moonshine":
            return (MOONSHINE,)
        case _:
            return ()


def _spoken_with(config: SynthesizeConfig) -> tuple[str, ...]:
    match config.engine:
        case "piper":
            return (DEFAULT_VOICE,)
        case _:
            return ()


def absent(config: Config, store: ModelStore) -> list[str]:
    """Names of models that a talk must have, and that can be fetched, of which nothing is on the disk.

    Without the voices of other languages: which of them can be heard is known when the others are here.
    """
    named = ["vad-silero", "turn-smart-v3"]
    match config.transcribe.engine:
        case "whisper":
            named.append(config.transcribe.model)
        case "moonshine":
            named.append(moonshine_name(config.transcribe.model))
        case _:
            pass
    if config.synthesize.engine == "piper":
        named.append(config.synthesize.voice)
    return [name for name in named if is_absent(store, name)]


def absent_language_model(config: GenerateConfig, store: ModelStore) -> str:
    """The name of the language model to fetch, where the settings mean one and it is not on the disk."""
    if config.engine != "embedded":
        return ""
    if config.model == "auto":
        machine = this_machine(store.root)
        here = any(not is_absent(store, name) for name in in_order(machine) if name in store.manifest)
        return "" if here else default_model(machine).name
    name = LIGHT_MODEL if config.model == "light" else config.model
    return name if is_absent(store, name) else ""


def is_absent(store: ModelStore, name: str) -> bool:
    """Whether it is the name of a model that can be fetched, and nothing of it is on the disk."""
    if name not in store.manifest:
        if _is(_own_path(name), Path.exists) or not (hub_name(name) or is_voice_name(name)):
            return False
        return store.recorded(name) is None
    return store.state(store.manifest[name]) == "absent"


def voice_file(store: ModelStore, name: str) -> Path:
    """The .onnx file of a Piper voice, its .onnx.json beside it, by model name, by path or by Piper's name.

    Raises ModelError: unknown, not on the disk, damaged, of another kind, or a path without its .onnx.json.
    """
    own = _own_path(name)
    if name not in store.manifest and _is(own, Path.is_file):
        if not own.with_name(f"{own.name}.json").is_file():
            raise ModelError(
                f"'{own}' has no {own.name}.json beside it", "fetch it from where the voice came from"
            )
        return own
    _refuse_lost_path(name, own)
    _check_kind(store, name, "voice")
    return store.file(name, ".onnx")


def language_model_file(store: ModelStore, name: str) -> Path:
    """A .gguf file, by model name, by path, by hub name, `auto` for `best_language_model`, or `light`.

    Raises ModelError: unknown, not on the disk, damaged or of another kind.
    """
    own = _own_path(name)
    if name not in store.manifest and _is(own, Path.is_file):
        return own
    _refuse_lost_path(name, own)
    if name == "auto":
        name = best_language_model(store).name
    elif name == "light":
        name = LIGHT_MODEL
    _check_kind(store, name, "llm")
    return store.file(name, ".gguf")


def best_language_model(store: ModelStore) -> Suited:
    """The model that `auto` means, and why: the best one of `suited` that is on the disk and suits here.

    If none suits, it is the lightest one on the disk.

    Raises ModelError: none is on the disk.
    """
    machine = replace(this_machine(store.root), disk_bytes=None)
    best = default_model(machine)
    for name in in_order(machine):
        if name in store.manifest and store.state(store.manifest[name]) != "absent":
            return best if name == best.name else Suited(name, "no better one for this machine is here")
    raise ModelError("no language model is here", 'run "voicecli models pull"')


def better_language_model(store: ModelStore, name: str) -> str:
    """The model that suits this machine better than `name`; empty where none does."""
    best = default_model(this_machine(store.root)).name
    return best if is_better(best, name) else ""


def _own_path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111  # Path raises if there is no such user


def _is(own: Path, kind: Callable[[Path], bool]) -> bool:
    """Whether a path is of a `kind`; False for an impossible name, and in a folder that may not be read."""
    try:
        return kind(own)
    except OSError:
        return False


def _refuse_lost_path(name: str, path: Path) -> None:
    """If `name` can only be a path, say that this path is missing, not that the model is unknown."""
    looks_like_one = path.is_absolute() or name.startswith((".", "~")) or path.suffix in (".onnx", ".gguf")
    if looks_like_one and hub_name(name) is None:
        raise ModelError(f"there is nothing at '{path}'", "check the path")


def _check_kind(store: ModelStore, name: str, wanted: Kind) -> None:
    model = store.model(name)
    if model.kind != wanted:
        ears = {"whisper", "moonshine"}
        remedy = f'set transcribe.engine to "{model.kind}"' if {model.kind, wanted} == ears else LIST_COMMAND
        raise ModelError(f"model '{name}' is of kind {model.kind}, not {wanted}", remedy)
