"""Taking a voice apart: what each half needs is in it, and what is no voice is refused or left whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from voicecli.models.store import models_root
from voicecli.speak.halves import DECODER, halves
from voicecli.system.onnx import open_session

if TYPE_CHECKING:
    from pathlib import Path

VOICE = "voice-en-us-joe/en_US-joe-medium.onnx"


def field(number: int, content: bytes) -> bytes:
    """A field of protocol buffers; short ones alone."""
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def node(name: str, inputs: list[str], outputs: list[str]) -> bytes:
    ends = [field(1, end.encode()) for end in inputs] + [field(2, end.encode()) for end in outputs]
    return field(1, b"".join([*ends, field(3, name.encode())]))


def model(*graph: bytes) -> bytes:
    return b"\x08\x08" + field(7, b"".join(graph))


def value(number: int, name: str) -> bytes:
    return field(number, field(1, name.encode()))


IN, OUT, PLAN = value(11, "ids"), value(12, "sound"), node("/enc/Conv", ["ids", "w"], ["z"])
SOUND = node(f"{DECODER}Conv", ["z", "v"], ["sound"])
WEIGHTS = field(5, field(8, b"w")), field(5, field(8, b"v"))


def test_each_half_has_its_nodes_and_weights(tmp_path: Path) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(model(*WEIGHTS, IN, OUT, PLAN, SOUND))
    parts = halves(path)
    assert parts is not None
    assert parts.latent == "z"
    assert b"/enc/Conv" in parts.encoder
    assert b"/dec/Conv" not in parts.encoder
    assert WEIGHTS[0] in parts.encoder
    assert WEIGHTS[1] not in parts.encoder
    assert b"/dec/Conv" in parts.decoder
    assert b"/enc/Conv" not in parts.decoder
    assert WEIGHTS[1] in parts.decoder
    assert WEIGHTS[0] not in parts.decoder


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param((IN, OUT, node("/enc/Conv", ["ids"], ["sound"])), id="no decoder"),
        pytest.param((IN, OUT, value(12, "lengths"), PLAN, SOUND), id="tells lengths as well"),
        pytest.param((), id="empty"),
    ],
)
def test_what_does_not_fall_apart_stays_whole(tmp_path: Path, graph: tuple[bytes, ...]) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(model(*graph))
    assert halves(path) is None


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_what_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(model(*WEIGHTS, IN, OUT, PLAN, SOUND)[:-cut])
    with pytest.raises(ValueError, match="ONNX file"):
        halves(path)


def test_what_is_no_protocol_buffer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match="ONNX file"):
        halves(path)


@pytest.mark.models
def test_the_decoder_needs_few_columns_to_either_side() -> None:
    parts = halves(models_root() / VOICE)
    assert parts is not None
    decoder = open_session(parts.decoder)
    latent = np.random.default_rng(0).normal(size=(1, 192, 80)).astype(np.float32)
    whole = decoder.run(None, {parts.latent: latent})[0].reshape(-1)
    part = decoder.run(None, {parts.latent: latent[:, :, 14:66]})[0].reshape(-1)
    hop = whole.size // 80
    np.testing.assert_allclose(part[16 * hop : 36 * hop], whole[30 * hop : 50 * hop], atol=1e-4)
