"""Recordings made in code, and the committed ones."""

import io
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

SAMPLES = Path(__file__).parents[2] / "samples" / "speech"
RATE = 16_000

Wave = NDArray[np.float64]


def sample(name: str) -> bytes:
    """A committed recording."""
    return (SAMPLES / name).read_bytes()


def times(seconds: float) -> Wave:
    """When each sample of a recording of this length is."""
    return np.arange(int(seconds * RATE)) / RATE


def tone(seconds: float, hertz: float = 440) -> Wave:
    """A sine."""
    return 0.3 * np.sin(2 * np.pi * hertz * times(seconds))


def noise(seconds: float) -> Wave:
    """White noise, the same every time."""
    return 0.1 * np.random.default_rng(7).standard_normal(len(times(seconds)))


def buzz(seconds: float) -> Wave:
    """A saw-tooth of a voice's pitch, on and off: voice detection takes it for speech."""
    at = times(seconds)
    harmonics = sum(np.sin(2 * np.pi * 120 * number * at) / number for number in range(1, 20))
    return np.asarray(0.3 * harmonics * (np.sin(2 * np.pi * 3 * at) > 0))


def encode(wave: Wave, kind: str = "ogg", codec: str = "libopus", *, rate: int = RATE, layout: str = "mono") -> bytes:
    """The wave (mono, -1..1, ``RATE``) as a file of this container, codec, rate and layout."""
    frame = AudioFrame.from_ndarray((wave[None] * 32_000).astype(np.int16), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    target = io.BytesIO()
    with av.open(target, "w", format=kind) as out:
        stream = cast(AudioStream, out.add_stream(codec, rate=rate, layout=layout))
        out.start_encoding()
        size = stream.codec_context.frame_size or 1024
        resampler = AudioResampler(format=stream.format.name, layout=layout, rate=rate, frame_size=size)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            out.mux(stream.encode(piece))
    return target.getvalue()


def silent_film() -> bytes:
    """An mp4 with a picture and no sound."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20, np.uint8), format="rgb24")
            picture.pts = number
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return target.getvalue()
