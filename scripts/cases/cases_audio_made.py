"""Speech of Piper, flite and espeak-ng -> files of the kinds that people reported. Needs sox and ffmpeg."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from rig import noise_sounds
from rig.made_speech import speak
from voicecli.audio.recordings.recording import decode
from voicecli.messages import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voicecli.messages import Float32

TRAIN = "The train from the airport leaves every twenty minutes."
MUSEUM = "The museum is closed on Mondays."
DOCTOR = "Please remind me to call the doctor tomorrow morning."
MOON = "How far away is the moon from the earth?"
GERMAN = "Guten Morgen, wie geht es Ihnen heute? Ich möchte gern ein Zimmer für zwei Nächte."
SPANISH = "Buenos días, quisiera reservar una habitación para dos noches."
LIGHTHOUSE = (
    "The old lighthouse on the northern coast was built by fishermen who had grown tired of losing their "
    "boats on the rocks and every winter they carried stones up the hill and when the first lamp was lit "
    "the whole village came out to watch and the children counted the seconds between one flash and the "
    "next while their grandparents told them about the storms of long ago and the ships that never came "
    "home and the bells that rang all night in the fog and so they waited until morning came and the "
    "boats returned one after another with empty nets and tired men who wanted nothing more than bread "
    "and sleep and a warm fire in the kitchen"
)
SOX, FFMPEG = "sox", "ffmpeg"
VOICES = ("piper", "flite slt", "flite awb")
WHISPERS = ("espeak-ng en-us+whisper", "espeak-ng en-gb+whisper")


@dataclass(frozen=True, slots=True)
class Made:
    """How to make a file, and what is right for it; fields as in `WantedOfFile` of cases_audio.py."""

    name: str
    make: Callable[[Path], None]
    says: tuple[str, ...]
    errors: float = 0.1
    ends_only: bool = False
    audio_s: float | None = None
    warns: bool = False
    languages: tuple[str, ...] = ()


def files(folder: Path, asked: Callable[[str], bool]) -> Iterator[tuple[Made, Path]]:
    """Make each file for which `asked` says yes."""
    for made in (*_files(), *_sounds()):
        if asked(made.name):
            path = folder / made.name
            made.make(path)
            yield made, path


def _files() -> Iterator[Made]:
    """Ordinary speech in odd files."""
    train = (TRAIN,)
    yield Made("own-01-info-latin1.wav", lambda path: _info_tag(path, "Café Größe".encode("latin-1")), train)
    yield Made("own-01-id3v1-shift-jis.mp3", lambda path: _id3v1(path, "会議".encode("shift-jis")), train)
    yield Made("own-01-comment-cp1252.flac", lambda path: _replaced_title(path, b"Caf\xe9 \x80 20"), train)
    twice = (f"{TRAIN} {MUSEUM}",)
    yield Made("own-02-22k-then-48k.mp3", lambda path: _joined(path, "-ar 22050", "-ar 48000"), twice)
    yield Made("own-02-stereo-then-mono.mp3", lambda path: _joined(path, "-ac 2", "-ac 1"), twice)
    yield Made("own-02-16k-then-44k.aac", lambda path: _joined(path, "-ar 16000", "-ar 44100 -ac 2"), twice)
    rounds = (f"{DOCTOR} {MUSEUM}", f"{DOCTOR} {TRAIN} {MUSEUM}")
    for suffix in ("mp3", "flac", "opus"):
        yield Made(f"own-04-hole.{suffix}", _hole, rounds, 0.6, ends_only=True, warns=True)
    yield Made("own-05-size-0.wav", lambda path: _lying(path, 0), train)
    yield Made("own-05-size-7fffffff.wav", lambda path: _lying(path, 0x7FFFFFFF), train)
    yield Made("own-05-size-fffffff0.wav", lambda path: _lying(path, 0xFFFFFFF0), train)
    for name, gain in (("int16", 32767.0), ("int24", 8388607.0), ("plus-18-db", 8.0)):
        yield Made(f"own-07-float-{name}.wav", lambda path, gain=gain: _float(path, gain), train)
    for name, form in (
        ("mulaw", "-r 8000 -e mu-law -b 8"),
        ("gsm", "-r 8000 -e gsm-full-rate"),
        ("8-bit", "-r 11025 -b 8"),
    ):
        yield Made(
            f"own-08-{name}.wav", lambda path, form=form: _sox(_say("piper", TRAIN), path, form), train
        )


def _sounds() -> Iterator[Made]:
    """Odd speech in ordinary files."""
    for voice in VOICES:
        mark = voice.rpartition(" ")[2]
        for dbfs in (-50, -55):
            faint = _peak(_say(voice, DOCTOR), dbfs)
            yield _made(f"own-08-peak{dbfs}-{mark}.wav", (faint,), DOCTOR)
        near, far = _peak(_say(voice, TRAIN), -6), _peak(_say("piper", MUSEUM), -30)
        yield _made(f"own-08-far-side-{mark}.wav", (near, 1.0, far), f"{TRAIN} {MUSEUM}")
        offset = np.clip(_peak(_say(voice, TRAIN), -10) + np.float32(0.3), -1, 1)
        yield _made(f"own-08-offset-{mark}.wav", (offset,), TRAIN)
        for word in ("Yes.", "No.", "Ten."):
            name = f"own-13-dead-second-{word[:-1].lower()}-{mark}.wav"
            yield _made(name, (1.0, _say(voice, word), 0.5), word, 0.0)
        for seconds in (24.5, 27.5, 30, 33):
            yield _long(f"own-11-{seconds:g}-s-{mark}.wav", voice, seconds)
    german, english, spanish = (
        _say("espeak-ng de+m3", GERMAN),
        _say("piper", MUSEUM),
        _say("espeak-ng es", SPANISH),
    )
    for gap in (0.5, 1.0, 3.0):
        for name, first, second in (
            ("de-en", (german, "de", GERMAN), (english, "en", MUSEUM)),
            ("en-de", (english, "en", MUSEUM), (german, "de", GERMAN)),
            ("es-en", (spanish, "es", SPANISH), (english, "en", MUSEUM)),
        ):
            yield _made(
                f"own-10-{name}-{gap:g}-s.wav",
                (0.3, first[0], gap, second[0], 0.5),
                f"{first[2]} {second[2]}",
                0.15,
                (first[1], second[1]),
            )
    for voice in WHISPERS:
        for gain_db in (-6, -26):
            name = f"own-14-{voice.rpartition(' ')[2]}{gain_db}.wav"
            whisper = _peak(_say(voice, MOON), gain_db)
            yield _made(name, (0.5, whisper, 0.5), MOON, 0.4)
    chance = np.random.default_rng(5)
    for name, room in (
        ("keys", noise_sounds.typing(240.0, -25.0, chance)),
        ("fan", noise_sounds.white(240.0, -50.0, chance)),
        ("hum-and-clicks", _hum_and_clicks(240.0)),
    ):
        yield _made(f"own-16-{name}.wav", (_say("piper", TRAIN), 0.5, room + _room(240.0, -55.0)), TRAIN)
    yield _made("own-13-one-bit.wav", (chance.integers(-1, 2, 5 * RATE_HZ).astype(np.float32) / 32768,), "")
    yield _made("own-13-room-55.wav", (_room(3.0, -55.0),), "")
    yield _made("own-13-room-70.wav", (_room(3.0, -70.0),), "")


def _made(
    name: str,
    parts: tuple[Float32 | float, ...],
    said: str,
    errors: float = 0.1,
    languages: tuple[str, ...] = (),
) -> Made:
    """A file made of parts: samples, or for a number as many seconds of zeros."""

    def make(path: Path) -> None:
        _write(path, np.concatenate([_zeros(part) if isinstance(part, float) else part for part in parts]))

    return Made(name, make, (said,), errors, languages=languages)


def _long(name: str, voice: str, seconds: float) -> Made:
    """Speech cut off after so many seconds, then 2 s of the room. Behind the cut no words may be found."""
    speech = _say(voice, LIGHTHOUSE)[: round(seconds * RATE_HZ)]
    words = LIGHTHOUSE.split()
    # The words before the cut, by share of the time; 4 more or less are right, too.
    count = round(len(words) * speech.size / _say(voice, LIGHTHOUSE).size)
    said = tuple(" ".join(words[: count + more]) for more in range(-4, 5))
    room = _room(seconds + 2, -55.0)
    room[: speech.size] += speech
    return Made(name, lambda path: _write(path, room), said, 0.12)


# ---- sound


@cache
def _say(voice: str, text: str) -> Float32:
    program, _, name = voice.partition(" ")
    if program == "piper":
        return speak(text)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = (
            [program, "-voice", name, "-t", text, "-o"]
            if program == "flite"
            else [program, "-v", name, text, "-w"]
        )
        subprocess.run([*command, str(path)], check=True, capture_output=True)
        return np.concatenate(list(decode(path, RATE_HZ)))


def _zeros(seconds: float) -> Float32:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def _peak(samples: Float32, dbfs: float) -> Float32:
    scaled: Float32 = (samples / np.abs(samples).max() * 10 ** (dbfs / 20)).astype(np.float32)
    return scaled


def _room(seconds: float, dbfs: float) -> Float32:
    """Pink noise."""
    count = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    spectrum[0] = 0
    return noise_sounds.at_level(np.fft.irfft(spectrum, count).astype(np.float32), dbfs)


def _hum_and_clicks(seconds: float) -> Float32:
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    hum = sum(10 ** (-45 / 20) / n * np.sin(2 * np.pi * 50 * n * at_s) for n in (1, 2, 3, 5))
    click = np.random.default_rng(1).standard_normal(at_s.size) * np.exp(-(at_s % 20) / 0.004) * 0.1
    sound: Float32 = np.asarray(hum + click, np.float32)
    return sound


# ---- files


def _write(path: Path, samples: Float32) -> None:
    _sox(samples, path, "")


def _sox(samples: Float32, path: Path, form: str) -> None:
    """Write a file in the format of its suffix and of sox's options. Without dither, zeros stay zeros."""
    raw = ["-t", "f32", "-r", str(RATE_HZ), "-c", "1", "-"]
    kept = form.split() if form else ["-b", "16"] if path.suffix == ".wav" else []
    subprocess.run(
        [SOX, "-D", "-V1", *raw, *kept, str(path)], input=samples.astype("<f4").tobytes(), check=True
    )


def _encode(samples: Float32, path: Path, options: str = "") -> bytes:
    """Encode with ffmpeg, in the format of the suffix of `path`; give the bytes."""
    raw = f"-f f32le -ar {RATE_HZ} -ac 1 -i -".split()
    subprocess.run(
        [FFMPEG, "-v", "error", "-y", *raw, *options.split(), str(path)],
        input=samples.astype("<f4").tobytes(),
        check=True,
    )
    return path.read_bytes()


def _info_tag(path: Path, title: bytes) -> None:
    _write(path, _say("flite slt", TRAIN))
    text = title + b"\0" * (2 - len(title) % 2)
    info = b"INFOINAM" + len(text).to_bytes(4, "little") + text
    riff = path.read_bytes() + b"LIST" + len(info).to_bytes(4, "little") + info
    path.write_bytes(riff[:4] + (len(riff) - 8).to_bytes(4, "little") + riff[8:])


def _id3v1(path: Path, title: bytes) -> None:
    path.write_bytes(_encode(_say("flite awb", TRAIN), path) + b"TAG" + title.ljust(124, b"\0") + b"\xff")


def _replaced_title(path: Path, title: bytes) -> None:
    mark = "X" * len(title)
    path.write_bytes(
        _encode(_say("piper", TRAIN), path, f"-metadata title={mark}").replace(mark.encode(), title)
    )


def _joined(path: Path, *options: str) -> None:
    texts = (TRAIN, MUSEUM)
    said = [np.concatenate([_zeros(0.3), _say("piper", text), _zeros(0.5)]) for text in texts]
    path.write_bytes(b"".join(_encode(s, path, form) for s, form in zip(said, options, strict=True)))


def _hole(path: Path) -> None:
    """Three sentences, encoded; in the middle a twentieth of the bytes is overwritten."""
    said = [part for text in (DOCTOR, TRAIN, MUSEUM) for part in (_say("piper", text), _zeros(0.7))]
    whole = bytearray(_encode(np.concatenate(said), path))
    middle = len(whole) // 2
    whole[middle : middle + len(whole) // 20] = b"\x55" * (len(whole) // 20)
    path.write_bytes(bytes(whole))


def _lying(path: Path, size: int) -> None:
    _write(path, _say("piper", TRAIN))
    riff = bytearray(path.read_bytes())
    at = riff.index(b"data") + 4
    riff[at : at + 4] = riff[4:8] = size.to_bytes(4, "little")
    path.write_bytes(bytes(riff))


def _float(path: Path, gain: float) -> None:
    """Write a WAV of floats, some above full scale, by hand: sox would clip them."""
    samples = (_peak(_say("piper", TRAIN), -1) * gain).astype("<f4").tobytes()
    form = b"fmt " + (16).to_bytes(4, "little") + b"\3\0\1\0"
    form += RATE_HZ.to_bytes(4, "little") + (4 * RATE_HZ).to_bytes(4, "little") + b"\4\0\x20\0"
    body = b"WAVE" + form + b"data" + len(samples).to_bytes(4, "little") + samples
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
