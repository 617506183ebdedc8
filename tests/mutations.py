"""Good inputs -> damaged ones, by seed: the same seed always gives the same bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

LONGEST = 1 << 17
"""Bytes of the longest input: a parser that is slow for long inputs shows it here."""

_INTEGERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63)
_TEXTS = (
    *("\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\u2028", "\ufeff", "\x00", "\r", "\n", "\x85"),
    *("NaN", "Infinity", "-1", "1e999", "0", "null", "true", "[]", "{}", '""', "9" * 5000, "-0.0"),
    *("[" * 3000, '{"a":' * 3000, "\\ud800", "\\u0000", '"', "'", "\\", "://", "@", "..", "/", "../../x"),
    *("é", "日本", "👍🏽", "ﷺ", "a\u0300" * 200, " " * 2000, "(" * 2000, "x" * 3000),
)
_WORDS = (*(text.encode() for text in _TEXTS), b"\xff\xfe", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88")


_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, 1, -1, 1 << 31, 1 << 64, 10**400, 0.5, -1e308, float("nan"), float("inf")),
    *("", [], {}, [[]], {"": {}}, [None], ["x"] * 300, {"a": [1, {"b": None}]}, "x" * 9000),
)
_LITERALS = (
    *(b"0", b"-1", b"1", b"50", b"0.5", b"1e308", b"-0.0", b"inf", b"nan", b"true", b"false", b"9" * 4400),
    *(b'""', b'"auto"', b'"none"', b"'x y'", b'"\\u001b[2J\\u202e"', b'"http://me:pw@x/v1"'),
    *(b"[]", b"{}", b'{ de = "x" }', b"{ de = 1 }", b"[1, 'a']", b"[" * 2000 + b"]" * 2000),
    *(b"1979-05-27", b"07:32:00", b"0x7fffffffffffffffff"),
)


def mutated(seed: int, good: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """Damage one of `good`; `words` are pieces that mean something to its reader.

    One in forty inputs is good as it is, one in forty has nothing of a good one.
    """
    rng = random.Random(seed)
    chosen = rng.choice(good)
    kind = rng.random()
    if kind > 0.5 and (other := _otherwise(rng, chosen)) is not None:
        return other[:LONGEST]
    data = bytearray(chosen)
    if kind < 1 / 40:
        return bytes(data)
    if kind < 2 / 40:
        return rng.randbytes(rng.choice((0, 1, 3, 64, 4096)))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6, 12))):
        _damage(rng, data, good, (*words, *_WORDS))
    return bytes(data[:LONGEST])


def _otherwise(rng: random.Random, good: bytes) -> bytes | None:
    """Leave the form of JSON, or of lines `key = value`, and change what it holds; None for all else."""
    try:
        value: object = json.loads(good)
    except ValueError:
        return _other_lines(rng, good)
    for _ in range(rng.choice((1, 1, 2, 4))):
        value = _other_value(rng, value)
    return json.dumps(value, ensure_ascii=rng.random() < 0.5).encode(errors="surrogatepass")


def _other_value(rng: random.Random, value: object) -> object:
    """The value, with one thing in it of another kind or size, or absent, or under another name."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice([*value])
        match rng.randrange(8):
            case 0:
                return {name: each for name, each in value.items() if name != key}
            case 1:
                return {**value, rng.choice(_TEXTS): value[key]}
        return {**value, key: _other_value(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        if rng.random() < 0.1:
            return value * rng.choice((0, 2, 300))
        return [*value[:at], _other_value(rng, value[at]), *value[at + 1 :]]
    if isinstance(value, str) and rng.random() < 0.3:
        at = rng.randrange(len(value) + 1)
        return value[:at] + rng.choice(_TEXTS) + value[at:]
    return rng.choice((*_VALUES, *_TEXTS))


def _other_lines(rng: random.Random, good: bytes) -> bytes | None:
    lines = good.split(b"\n")
    at = [number for number, line in enumerate(lines) if b" = " in line and not line.startswith(b"#")]
    if not at:
        return None
    for _ in range(rng.choice((1, 1, 2, 5))):
        number = rng.choice(at)
        key, _, value = lines[number].partition(b" = ")
        match rng.randrange(6):
            case 0:
                lines[number] = lines[rng.choice(at)]
            case 1:
                lines[number] = b"'" + rng.choice(_TEXTS).encode() + b"' = " + value
            case 2:
                lines[number] = key + b' = """' + rng.choice(_TEXTS).encode() + b'"""'
            case _:
                lines[number] = key + b" = " + rng.choice(_LITERALS)
    return b"\n".join(lines)


def _damage(rng: random.Random, data: bytearray, good: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    if rng.random() < 0.5:
        at = min(at, rng.randrange(64))  # most formats tell at their beginning what follows
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 30, 300, 3000)))
    match rng.randrange(10):
        case 0:
            del data[at:]
        case 1:
            del data[at:end]
        case 2:
            data[at:end] = rng.randbytes(end - at)
        case 3:
            data[at : at + 1] = bytes([rng.randrange(256)])
        case 4 | 5:
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice(_INTEGERS) & (1 << 8 * size) - 1
            data[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))
        case 6:
            data[at:end] = rng.choice(words)
        case 7:
            data[at:at] = rng.choice(words)
        case 8:
            data[at:at] = data[at:end] * rng.choice((1, 2, 20, 200))
        case _:
            other = rng.choice(good)
            data[at:] = other[rng.randrange(len(other) + 1) :]
    del data[LONGEST:]
