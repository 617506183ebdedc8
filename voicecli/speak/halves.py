"""A Piper voice (.onnx) -> two models: one plans a sentence, the other makes its sound.

A voice of Piper is a VITS model: from the phonemes its encoder and flow make a latent sequence, one column
for each 256 samples, and a convolutional decoder turns that into sound. The decoder sees a few columns to
either side, so it can be run on a part of them: the first sound need not wait for the last (as in pull
request 302 of OHF-Voice/piper1-gpl; why the file is taken apart here: docs/decisions/0023).

Relies on: a node stands after those it depends on, as ONNX demands; the names of PyTorch's export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

DECODER = "/dec/"
"""How the names of the decoder's nodes begin."""

# Field numbers of onnx.proto3: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
_GRAPH = 7
_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME = 1, 2, 3
_TENSOR_NAME, _VALUE_NAME = 8, 1
_VARINT, _I64, _BYTES, _I32 = 0, 1, 2, 5

_FLOAT = b"\x12\x04\x0a\x02\x08\x01"
"""Of a ValueInfoProto: `type { tensor_type { elem_type: FLOAT } }`, of any shape."""


@dataclass(frozen=True, slots=True)
class Halves:
    """Two ONNX models. What the first gives the second takes, under the same names."""

    encoder: bytes
    decoder: bytes
    latent: str
    """Name of the latent sequence that they share, (1, channels, columns) float32."""


@dataclass(frozen=True, slots=True)
class _Node:
    name: str
    inputs: list[str]
    outputs: list[str]
    raw: memoryview


def halves(voice: Path) -> Halves | None:
    """Split a voice; None where it does not fall into two: built otherwise, or exported with alignments.

    Alignments tell how long each phoneme takes. Raises OSError, and ValueError for what is no ONNX file.
    """
    model = memoryview(voice.read_bytes())
    around: list[memoryview] = []
    graph = memoryview(b"")
    for number, content, raw in _fields(model):
        if number == _GRAPH:
            graph = content
        else:
            around.append(raw)
    nodes: list[_Node] = []
    tensors: dict[str, memoryview] = {}
    inputs, outputs, rest = [], [], []
    for number, content, raw in _fields(graph):
        if number == _NODE:
            nodes.append(_node(content, raw))
        elif number == _INITIALIZER:
            tensors[_name(content, _TENSOR_NAME)] = raw
        elif number == _INPUT:
            inputs.append(raw)
        elif number == _OUTPUT:
            outputs.append(raw)
        elif number != _VALUE_INFO:
            rest.append(raw)
    late = _late(nodes)
    if not late or len(outputs) != 1:
        return None
    early = [node for node in nodes if node not in late]
    made = {name for node in early for name in node.outputs}
    shared = list(dict.fromkeys(name for node in late for name in node.inputs if name in made))
    values = [_field(_INPUT, _field(_VALUE_NAME, name.encode()) + _FLOAT) for name in shared]
    gives = [_field(_OUTPUT, _field(_VALUE_NAME, name.encode()) + _FLOAT) for name in shared]
    return Halves(
        _model(around, [*rest, *_used(tensors, early), *inputs, *gives, *(node.raw for node in early)]),
        _model(around, [*rest, *_used(tensors, late), *values, *outputs, *(node.raw for node in late)]),
        late[0].inputs[0],
    )


def _late(nodes: list[_Node]) -> list[_Node]:
    """The nodes of the decoder, and those that depend on them."""
    made: set[str] = set()
    late = []
    for node in nodes:
        if node.name.startswith(DECODER) or not made.isdisjoint(node.inputs):
            late.append(node)
            made.update(node.outputs)
    return late


def _used(tensors: dict[str, memoryview], nodes: list[_Node]) -> Iterator[memoryview]:
    names = {name for node in nodes for name in node.inputs}
    return (raw for name, raw in tensors.items() if name in names)


def _node(content: memoryview, raw: memoryview) -> _Node:
    name, inputs, outputs = "", [], []
    for number, value, _ in _fields(content):
        if number == _NODE_INPUT:
            inputs.append(str(value, "utf-8"))
        elif number == _NODE_OUTPUT:
            outputs.append(str(value, "utf-8"))
        elif number == _NODE_NAME:
            name = str(value, "utf-8")
    return _Node(name, inputs, outputs, raw)


def _name(content: memoryview, wanted: int) -> str:
    return next((str(value, "utf-8") for number, value, _ in _fields(content) if number == wanted), "")


# ---- protocol buffers: https://protobuf.dev/programming-guides/encoding/


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and the whole of each field. Raises ValueError where it is cut short."""
    at = 0
    while at < len(message):
        begin = at
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire == _VARINT:
            length = _varint(message, at)[1] - at
        elif wire in (_I64, _I32):
            length = 8 if wire == _I64 else 4
        else:
            raise ValueError("not an ONNX file")
        content, at = message[at : at + length], at + length
        if at > len(message):
            raise ValueError("not a whole ONNX file")
        yield number, content, message[begin:at]


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at `at`, and where the next begins."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError("not a whole ONNX file")


def _field(number: int, content: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _number(value: int) -> bytes:
    coded = bytearray()
    while value >= 0x80:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*coded, value])


def _model(around: Iterable[memoryview], graph: Iterable[memoryview | bytes]) -> bytes:
    return b"".join((*around, _field(_GRAPH, b"".join(graph))))
