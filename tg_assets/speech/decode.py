"""From a stranger's file to sound as Whisper wants it. Runs in a worker only, never where a database is open.

FFmpeg is told the container, may use a few demuxers' and decoders' code, and may open nothing else. How long a
recording is is found by counting what was decoded: what a header says may be a lie or a mistake.
What does not belong here: hearing.
"""

import io
from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from tg_assets.sandbox.provider import Refusal, Refused
from tg_assets.speech.containers import container, cut_short

RATE = 16_000
"""Samples a second that Whisper was trained on."""

CODECS = (
    "opus", "libopus", "vorbis", "libvorbis", "aac", "mp3", "mp3float", "flac", "alac",
    "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le",
)  # fmt: skip
MAX_CHANNELS = 8
RATES = range(4_000, 192_001)
_BAD_PACKETS = 0.1
"""Share of packets that may not decode, and one in any case: some encoders' first or last one never does."""

_SLACK = 0.5
"""Seconds that a header may be wrong by, besides a tenth."""

_ROUNDING = 1e-6
"""Seconds that adding up the lengths of frames may be wrong by; less than a sample."""

_ALLOWED = {"codec_whitelist": ",".join(CODECS), "protocol_whitelist": "none"}

Sound = NDArray[np.float32]


def decode(data: bytes, max_seconds: float) -> Sound:
    """Mono samples in -1..1 at ``RATE`` of the first audio stream, at most ``max_seconds`` of it.

    Raises ``Refused`` for a file that is no recording, has no sound, is broken, cut, odd or longer.
    """
    kind = container(data)
    if cut_short(data, kind):
        raise Refused(Refusal.truncated, "the end of the file is missing")
    try:
        with av.open(
            io.BytesIO(data),
            "r",
            format=kind,
            container_options={**_ALLOWED, "format_whitelist": kind},
            metadata_errors="ignore",
        ) as source:
            if not len(source.streams):
                raise Refused(Refusal.broken, "nothing in it can be read")
            if not source.streams.audio:
                raise Refused(Refusal.no_sound, "no sound")
            return _Reader(source.streams.audio[0], max_seconds).read(source.demux(source.streams.audio[0]), kind)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise Refused(Refusal.broken, f"it cannot be decoded: {getattr(error, 'strerror', error)}") from None


class _Reader:
    """One audio stream, its length counted and its samples converted on the way."""

    def __init__(self, stream: AudioStream, max_seconds: float) -> None:
        self._stream = stream
        self._max = max_seconds
        self._seconds = 0.0
        self._shape: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None
        self._pieces: list[NDArray[np.int16]] = []

    def read(self, packets: Iterator["av.Packet[AudioStream]"], kind: str) -> Sound:
        """All of it, as ``decode`` says."""
        self._check_codec()
        good = bad = 0
        for packet in packets:
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                bad += 1
                continue
            good += packet.size > 0
            for frame in frames:
                self._take(frame)
        self._convert(None)
        self._check_whole(kind, good, bad)
        return np.concatenate(self._pieces).astype(np.float32) / np.float32(2**15)

    def _check_codec(self) -> None:
        codec = self._stream.codec_context
        name = codec.name if codec is not None else "unknown"
        if name not in CODECS:
            raise Refused(Refusal.unknown_codec, f"no decoder for {name}")
        self._check_shape(codec.channels, codec.sample_rate or RATE)

    def _check_shape(self, channels: int, rate: int) -> None:
        if channels > MAX_CHANNELS:
            raise Refused(Refusal.odd_sound, f"{channels} channels; {MAX_CHANNELS} are allowed")
        if rate not in RATES:
            allowed = f"{RATES.start} to {RATES.stop - 1}"
            raise Refused(Refusal.odd_sound, f"{rate} samples a second; {allowed} are allowed")

    def _take(self, frame: AudioFrame) -> None:
        self._check_shape(frame.layout.nb_channels, frame.sample_rate)
        self._seconds += frame.samples / frame.sample_rate
        if self._seconds > self._max + _ROUNDING:
            raise Refused(Refusal.too_long, f"longer than {_span(self._max)}")
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            self._convert(None)
            self._shape = shape
            self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
        frame.pts = None  # gaps are not filled with silence: a wrong time stamp would make hours of it
        self._convert(frame)

    def _convert(self, frame: AudioFrame | None) -> None:
        """Resample; None gets what the resampler still holds (which is None where it had nothing to do)."""
        if self._resampler is not None:
            pieces = [piece for piece in self._resampler.resample(frame) if piece is not None]
            self._pieces += [piece.to_ndarray()[0].astype(np.int16) for piece in pieces]

    def _check_whole(self, kind: str, good: int, bad: int) -> None:
        if bad > max(1, _BAD_PACKETS * (good + bad)) or (bad and not self._pieces):
            raise Refused(Refusal.broken, f"{bad} of {good + bad} packets cannot be decoded")
        if not self._pieces:
            raise Refused(Refusal.no_sound, "no sound")
        if kind == "mp3":  # most say nothing of their length, and it is guessed from the first frames
            return
        stream = self._stream
        claimed = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        if self._seconds < 0.9 * claimed - _SLACK:
            detail = f"it says that it lasts {claimed:.0f} s and holds {self._seconds:.0f} s"
            raise Refused(Refusal.truncated, detail)


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} seconds"
