"""What crosses the socket of `voicecli serve`: sound, settings, messages."""

from __future__ import annotations

import base64
import json
import random
from typing import get_args

import numpy as np
import pytest

from voicecli.serve.wire.formats import RATES_HZ, Encoding, decoded, encoded
from voicecli.serve.wire.incoming import Add, Append, BadRequest, OfItem, Plain, Respond, Update, read
from voicecli.serve.wire.settings import MOST_INSTRUCTIONS, SessionSettings, Unfit

FRAMES = 10_000
"""Bad frames that are tried."""


# ---- sound


def test_pcm_is_whole() -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    assert (decoded(encoded(samples, "audio/pcm"), "audio/pcm") == samples).all()


@pytest.mark.parametrize(
    ("encoding", "known"),
    [
        # ITU-T G.711: the ends of both laws, and the two zeros
        ("audio/pcmu", {0x00: -32124, 0x80: 32124, 0x7F: 0, 0xFF: 0, 0xF0: 120}),
        ("audio/pcma", {0x55: -8, 0xD5: 8, 0x2A: -32256, 0xAA: 32256}),
    ],
)
def test_g711_is_as_the_standard_says(encoding: Encoding, known: dict[int, int]) -> None:
    for code, sample in known.items():
        assert decoded(base64.b64encode(bytes([code])).decode(), encoding)[0] == sample


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
def test_g711_is_within_its_steps(encoding: Encoding) -> None:
    samples = np.arange(-32768, 32767, 7, dtype=np.int32).astype(np.int16)
    again = decoded(encoded(samples, encoding), encoding).astype(int)
    loud = np.abs(samples.astype(int)) > 256
    assert (np.abs(again - samples)[~loud] <= 16).all()
    assert (np.abs(again - samples)[loud] <= np.abs(samples.astype(int))[loud] / 16).all()


@pytest.mark.parametrize("text", ["a", "!!!!", "AA==", "\u00e4", "AAAA A"])
def test_what_is_no_sound_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="audio"):
        decoded(text, "audio/pcm")


# ---- settings


def test_settings_are_merged_deeply() -> None:
    wanted = SessionSettings().merged(
        {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}}}}
    )
    wanted = wanted.merged(
        {"instructions": "Be brief.", "audio": {"output": {"format": {"type": "audio/pcmu"}}}}
    )
    assert (wanted.detection, wanted.style, wanted.instructions) == ("semantic_vad", "patient", "Be brief.")
    assert (wanted.hears, wanted.speaks) == ("audio/pcm", "audio/pcmu")


def test_null_turns_off() -> None:
    wanted = SessionSettings().merged({"audio": {"input": {"turn_detection": None, "transcription": None}}})
    assert wanted.detection == "none"
    assert not wanted.transcribes
    told = wanted.effective("sess", "joe", 0)["audio"]
    assert isinstance(told, dict)
    assert told["input"]["turn_detection"] is None


def test_what_is_not_mentioned_stays() -> None:
    wanted = SessionSettings().merged({"output_modalities": ["text"], "instructions": "x"})
    assert wanted.merged({"tracing": "auto", "audio": {"input": {}}}) == wanted


@pytest.mark.parametrize(
    "session",
    [
        7,
        {"type": "transcription"},
        {"output_modalities": ["audio", "text"]},
        {"instructions": 5},
        {"instructions": "x" * (MOST_INSTRUCTIONS + 1)},
        {"audio": []},
        {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
        {"audio": {"input": {"turn_detection": {"type": "magic"}}}},
        {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "very"}}}},
    ],
)
def test_a_setting_that_cannot_be_is_named(session: object) -> None:
    with pytest.raises(Unfit) as refused:
        SessionSettings().merged(session)
    assert refused.value.param.startswith("session")


# ---- messages


def test_messages_are_read() -> None:
    audio = base64.b64encode(np.array([1, 2], "<i2").tobytes()).decode()
    append = read(json.dumps({"type": "input_audio_buffer.append", "audio": audio}), "audio/pcm")
    assert isinstance(append, Append)
    assert append.samples.tolist() == [1, 2]
    assert read('{"type": "response.create"}', "audio/pcm") == Respond()
    assert read('{"type": "response.cancel", "event_id": "e"}', "audio/pcm") == Plain("cancel", "e")
    assert isinstance(read('{"type": "session.update", "session": {}}', "audio/pcm"), Update)
    truncate = (
        '{"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 1500}'
    )
    assert read(truncate, "audio/pcm") == OfItem("truncate", "i", 1500)
    content = [{"type": "input_text", "text": "one"}, {"type": "input_audio", "transcript": "two"}]
    item = {"type": "message", "role": "user", "content": content, "id": "i"}
    add = read(json.dumps({"type": "conversation.item.create", "item": item}), "audio/pcm")
    assert isinstance(add, Add)
    assert (add.item.id, add.item.text) == ("i", "one two")


def test_an_error_names_the_message_that_it_is_about() -> None:
    with pytest.raises(BadRequest) as bad:
        read('{"type": "input_audio_buffer.append", "audio": 5, "event_id": "mine"}', "audio/pcm")
    assert (bad.value.event_id, bad.value.param) == ("mine", "audio")


def test_bad_frames_are_refused_and_nothing_else_happens() -> None:
    chance = random.Random(0)
    kinds = ["input_audio_buffer.append", "session.update", "conversation.item.create", "response.create"]
    kinds += ["conversation.item.truncate", "input_audio_buffer.commit", "nonsense", ""]
    odd: list[object] = [
        None,
        1e308,
        -1,
        True,
        "",
        "x" * 300,
        [],
        {},
        [[[]]],
        {"a": {"b": None}},
        "\ud800",
        "\x00\x1b[2J",
    ]
    keys = ["audio", "session", "item", "item_id", "response", "audio_end_ms", "event_id"]
    refused = 0
    for number in range(FRAMES):
        match number % 4:
            case 0:
                text = "".join(chr(chance.randrange(32, 0x2FF)) for _ in range(chance.randrange(40)))
            case 1:
                depth = chance.randrange(1, 100_000)
                text = "[" * depth if number % 8 == 1 else '{"a":' * depth
            case _:
                message = {"type": chance.choice(kinds), **{key: chance.choice(odd) for key in keys}}
                text = json.dumps(message)
                if number % 4 == 3:
                    text = text[: chance.randrange(len(text))]
        try:
            read(text, chance.choice(get_args(Encoding)))
        except BadRequest:
            refused += 1
    assert refused > FRAMES * 0.7


def test_every_encoding_has_a_rate() -> None:
    assert set(RATES_HZ) == set(get_args(Encoding))
