"""A file that holds no model is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicecli.errors import ModelError
from voicecli.system.onnx import open_session


@pytest.mark.parametrize("content", [None, b"", b"not a model" * 100])
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "wrong.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"wrong\.onnx") as caught:
        open_session(path)
    assert "voicecli models verify" in caught.value.remedy
    assert "\n" not in str(caught.value)
