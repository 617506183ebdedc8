"""Clients that other people wrote, unmodified, against `voicecli serve` with real models: a question, an
interruption, a typed line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rig.program import environment
from scripts.clients.clients import ASKED, CLIENTS, command

ROOT = Path(__file__).parent.parent


@pytest.mark.matrix
@pytest.mark.timeout(1200)  # an environment of its own is installed for each
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_others_wrote_talks_with_it(client: str, tmp_path: Path) -> None:
    if client == "agents-js" and shutil.which("npm") is None:
        pytest.skip("npm is not installed, which fetches this client")
    try:
        command(client, tmp_path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the package index does not give {client} ({error.returncode})")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.clients.clients", str(tmp_path), client],
        cwd=ROOT,
        env=environment(network=True) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert not seen["errors"]
    assert seen["answered"] == ASKED
    assert seen["interrupted"]
    assert done.returncode == 0
