"""Files made to hurt whoever decodes them, built in code."""

import io
import struct
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np

from tests.speech.sounds import encode, sample, silent_film, times, tone
from tg_assets.sandbox.provider import Refusal

VOICE, NOTE = sample("voice_ru.ogg"), sample("video_note_ru.mp4")


def wav(channels: int, rate: int, body: bytes = bytes(64_000), *, tag: int = 1, claimed: int | None = None) -> bytes:
    """A WAV file whose header says this, whatever its samples (16 bits) are."""
    width = channels * 2 & 0xFFFF
    shape = struct.pack("<HHIIHH", tag, channels, rate, rate * width & 0xFFFFFFFF, width, 16)
    size = len(body) if claimed is None else claimed
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", len(shape)) + shape
    return head + b"data" + struct.pack("<I", size) + body


def patched(data: bytes, mark: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    """``data`` with ``value`` so many bytes behind the first (or last) ``mark``."""
    place = (data.rindex(mark) if last else data.index(mark)) + offset
    return data[:place] + value + data[place + len(value) :]


def page(body: bytes) -> bytes:
    """One Ogg page of one packet, without a valid checksum."""
    head = b"OggS\0\x02" + bytes(8) + b"\1\0\0\0" + bytes(4) + bytes(4)
    return head + bytes([1, len(body)]) + body


def archive() -> bytes:
    """A megabyte of nothing, zipped."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("voice.ogg", bytes(1 << 20))
    return target.getvalue()


@cache
def long() -> bytes:
    """16 minutes of silence."""
    return encode(np.zeros(len(times(16 * 60))), "flac", "flac")


NOISE = bytes(np.random.default_rng(3).integers(0, 256, 20_000, dtype=np.uint8))
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"

# What makes what arrives, and why that is refused. Made when it is asked for: it takes a second.
CORPUS: dict[str, tuple[Callable[[], bytes], Refusal]] = {
    "nothing": (lambda: b"", Refusal.empty),
    "50 MB and a byte": (lambda: bytes(50 * 2**20 + 1), Refusal.too_many_bytes),
    "HTML": (lambda: b"<!doctype html><script>alert(1)</script>", Refusal.not_a_recording),
    "a playlist": (lambda: PLAYLIST, Refusal.not_a_recording),
    "an edit list of files": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", Refusal.not_a_recording),
    "a picture": (lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(100), Refusal.not_a_recording),
    "an archive": (archive, Refusal.not_a_recording),
    "random bytes": (lambda: b"\0" + NOISE, Refusal.not_a_recording),
    "a voice without its end": (lambda: VOICE[: len(VOICE) // 2], Refusal.truncated),
    "a voice of one page": (lambda: VOICE[:40], Refusal.truncated),
    "a voice of a name": (lambda: b"OggS", Refusal.truncated),
    "a video note without its end": (lambda: NOTE[: len(NOTE) // 2], Refusal.truncated),
    "a WAV without its end": (lambda: wav(1, 16_000, claimed=640_000), Refusal.truncated),
    "a FLAC without its end": (lambda: encode(tone(20), "flac", "flac")[:100_000], Refusal.truncated),
    "an mp4 whose packets are hours apart": (
        lambda: patched(NOTE, b"stts", 16, struct.pack(">I", 2**27), last=True),
        Refusal.no_sound,
    ),
    "an mp4 of random boxes": (lambda: NOTE[:32] + NOISE, Refusal.truncated),
    "an mp4 of a random index": (lambda: patched(NOTE, b"moov", 4, NOISE[:400]), Refusal.broken),
    "an ogg of random pages": (lambda: page(NOISE[:200]) * 20, Refusal.broken),
    "a tag of 256 MB": (lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + NOISE, Refusal.broken),
    "a webm of random elements": (lambda: b"\x1a\x45\xdf\xa3" + NOISE, Refusal.broken),
    "a WAV of 65535 channels": (lambda: wav(65_535, 16_000), Refusal.broken),
    "a WAV of 64 channels": (lambda: wav(64, 16_000), Refusal.odd_sound),
    "a WAV of no channels": (lambda: wav(0, 16_000), Refusal.broken),
    "a WAV of 4 GHz": (lambda: wav(1, 4_000_000_000), Refusal.broken),
    "a WAV of 2 GHz": (lambda: wav(1, 2_000_000_000), Refusal.odd_sound),
    "a WAV of 1 Hz": (lambda: wav(1, 1), Refusal.odd_sound),
    "a WAV of another codec": (lambda: wav(1, 16_000, tag=0x2000), Refusal.unknown_codec),
    "a film without sound": (silent_film, Refusal.no_sound),
    "a WAV without samples": (lambda: wav(1, 16_000, b""), Refusal.no_sound),
    "a FLAC that says it lasts an hour": (
        lambda: patched(encode(tone(20), "flac", "flac"), b"fLaC", 8 + 13, b"\xf0" + struct.pack(">I", 3600 * 16_000)),
        Refusal.truncated,
    ),
    "16 minutes": (long, Refusal.too_long),
    "16 minutes that say they are a second": (
        lambda: patched(long(), b"fLaC", 8 + 13, b"\xf0\0\0\x3e\x80"),
        Refusal.too_long,
    ),
}
