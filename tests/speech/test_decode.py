"""Whatever people record with gives the same sound; what is not sound is refused by name."""

import random

import numpy as np
import pytest

from tests.speech.hostile import NOTE, PLAYLIST, VOICE, wav
from tests.speech.sounds import encode, tone
from tg_assets.sandbox.pool import Sandbox
from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech import decode as decoding
from tg_assets.speech.decode import RATE, Sound, decode


def pitch(sound: Sound) -> float:
    """The loudest frequency, in hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * RATE / len(sound))


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("ogg", "libopus"), ("mp4", "aac"), ("ipod", "aac"), ("mov", "alac"), ("mp3", "libmp3lame"),
        ("webm", "libopus"), ("wav", "pcm_s16le"), ("flac", "flac"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("rate", "layout"), [(16_000, "mono"), (48_000, "stereo")])
def test_every_container_gives_the_same_sound(kind: str, codec: str, rate: int, layout: str) -> None:
    """As long, as high, mono."""
    sound = decode(encode(tone(2, 700), kind, codec, rate=rate, layout=layout), 60)
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert len(sound) / RATE == pytest.approx(2, abs=0.1)
    assert pitch(sound) == pytest.approx(700, abs=2)
    assert 0.15 < np.abs(sound).max() <= 1


def test_length_is_counted_not_believed() -> None:
    """A header may say less than there is, or what a writer to a pipe says."""
    data = encode(tone(3), "flac", "flac")
    one_second = data[: 4 + 4 + 13] + b"\xf0\0\0\x3e\x80" + data[26:]
    assert len(decode(one_second, 60)) == 3 * RATE
    piped = bytearray(wav(1, RATE))
    piped[4:8] = piped[40:44] = b"\xff\xff\xff\xff"
    assert len(decode(bytes(piped), 60)) == 2 * RATE


@pytest.mark.parametrize(
    ("limit", "detail"), [(1.5, "longer than 1.5 seconds"), (1.99, "longer than 1.99 seconds"), (2.0, "")]
)
def test_what_is_longer_than_allowed_is_refused(limit: float, detail: str) -> None:
    """To the sample."""
    data = encode(tone(2), "wav", "pcm_s16le")
    if detail:
        with pytest.raises(Refused) as caught:
            decode(data, limit)
        assert (caught.value.reason, caught.value.detail) == (Refusal.too_long, detail)
    else:
        assert len(decode(data, limit)) == 2 * RATE


def test_a_stream_may_change_its_shape() -> None:
    """Two recordings glued together: another rate and another number of channels midway."""
    one = encode(tone(2), "mp3", "libmp3lame", rate=48_000, layout="stereo")
    other = encode(tone(2), "mp3", "libmp3lame")
    assert len(decode(one + other, 60)) / RATE == pytest.approx(4, abs=0.2)


def test_a_file_cannot_name_another(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Even if a playlist were taken for a recording, nothing is opened for it."""
    path = f"{tmp_path}/other.ts"
    with open(path, "wb") as out:  # noqa: PTH123
        out.write(encode(tone(2), "mpegts", "aac"))
    monkeypatch.setattr(decoding, "container", lambda data: "hls")
    with pytest.raises(Refused) as caught:
        decode(PLAYLIST.replace(b"/etc/passwd", path.encode()), 60)
    assert caught.value.reason is Refusal.broken


def test_damaged_files_never_end_a_worker() -> None:
    """Bytes changed at random anywhere: some sound, or a refusal, by the same process."""
    box = Sandbox("tests.speech.misbehaving:decoding", workers=1)
    dice = random.Random(11)
    pids, reasons = set(), set()
    for turn in range(60):
        data = bytearray(VOICE if turn % 2 else NOTE)
        for _ in range(dice.choice((1, 10, 300))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        said, _ = box.call({}, bytes(data))
        pids.add(said["pid"])
        reasons.add(said["reason"])
    box.close()
    assert len(pids) == 1
    assert "heard" in reasons
    assert reasons & {"broken", "truncated", "not_a_recording"}
