"""What several test files need."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from rig.made_speech import speak
from voicecli.audio.recordings.files import WavWriter

settings.register_profile("no deadline", deadline=None)  # a busy computer is no fault of the program
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run side by side, those with a room of their own run one after another."""
    for item in items:
        if item.get_closest_marker("room"):
            item.add_marker(pytest.mark.xdist_group("room"))


@pytest.fixture(scope="session")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording: somebody asks what the capital of France is."""
    path = tmp_path_factory.mktemp("speech") / "question.wav"
    with WavWriter(path, 16_000, channels=1) as wav:
        wav.write((speak("What is the capital of France?") * 32767).astype(np.int16))
    return path
