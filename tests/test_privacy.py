"""Nobody is told: no connection, no identifier, nothing left in the user's home, by us or by a library."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rig.program import voicecli

if TYPE_CHECKING:
    from pathlib import Path

# ONNX Runtime keeps silent in continuous integration anyway; these must not do the work for us.
CI_SIGNS = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TF_BUILD", "TRAVIS", "JENKINS_URL", "BUILD_ID")


def a_users(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in CI_SIGNS}
    kept.pop("ORT_DISABLE_TELEMETRY", None)
    return {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}


@pytest.mark.models
def test_commands_leave_nothing_in_the_users_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    said = tmp_path / "said.wav"
    for command in (("say", "Good morning.", "-o", str(said)), ("transcribe", str(said))):
        done = voicecli(*command, env=a_users(home))
        assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []


def test_onnx_runtime_is_told_to_be_silent_before_anything_can_load_it() -> None:
    check = (
        "import voicecli, os, sys; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
