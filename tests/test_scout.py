"""The process that looks for devices: what it answers, and that it ends with the talk."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict

import pytest

from tests.fake_portaudio import Machine
from voicecli.config import AudioConfig
from voicecli.devices.choose import Choice, choose
from voicecli.devices.recovery import scout
from voicecli.devices.recovery.scout import Scout


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    machine.add("Built-in", 2, 2)
    machine.add("Headset", 1, 2)
    machine.default.device = (0, 0)
    monkeypatch.setitem(sys.modules, "sounddevice", machine)
    return machine


def served(monkeypatch: pytest.MonkeyPatch, *questions: object) -> list[object]:
    """What the child writes for these lines."""
    answers = io.StringIO()
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(lines))
        patch.setattr(sys, "stdout", answers)
        scout._serve()
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_it_names_what_can_be_used_now(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    audio = AudioConfig(input_device="head")
    (named, _), (default, _) = choose("input", audio), choose("output", audio)
    question = [16_000, asdict(named), asdict(default)]
    assert served(monkeypatch, question, question) == [["Headset", "Built-in"]] * 2
    machine.default.device = (1, 1)
    assert served(monkeypatch, question) == [["Headset", "Headset"]]
    machine.takes = lambda rate, channels: False  # it is listed, and yet it does not open
    assert served(monkeypatch, question) == [["", ""]]
    machine.devices.clear()
    assert served(monkeypatch, question) == [["", ""]]


def test_a_child_answers_and_ends_with_the_talk() -> None:
    asking = Scout()
    nowhere = Choice("input", "a device nobody has", "", "a device nobody has", "no host API")
    for _ in range(2):
        assert asking.ask([nowhere, nowhere], 16_000) == ["", ""]
    child = asking._child
    assert child is not None
    assert child.poll() is None  # the same child answered twice
    asking.close()
    asking.close()
    assert child.returncode is not None
    assert child.stdin is not None
    assert child.stdin.closed


def test_a_child_that_died_is_replaced() -> None:
    asking = Scout()
    nowhere = Choice("input", "a device nobody has", "", "a device nobody has", "no host API")
    asking.ask([nowhere], 16_000)
    first = asking._child
    assert first is not None
    first.kill()
    first.wait()
    assert asking.ask([nowhere], 16_000) == [""]
    assert asking.ask([nowhere], 16_000) == [""]
    assert asking._child is not first
    asking.close()


def test_where_no_child_can_be_started_nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    asking = Scout()
    assert asking.ask([Choice("input", "x", "", "x", "y")], 16_000) == [""]
    asking.close()
