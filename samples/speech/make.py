"""Encode synthetic speech as Telegram's apps do: a voice message (Ogg Opus) or a video note (MP4).

``python -m samples.speech.make IN.wav OUT.ogg`` or ``OUT.mp4``. The README beside this file says where the speech
comes from.
"""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

RATE = 16_000
FRAME = 320
"""Samples a packet."""
SIDE = 240
FPS = 5


def speech(path: Path) -> AudioFrame:
    """The recording as one frame: mono, 16 bits, ``RATE``."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path), "r") as source:
        frames = [piece for frame in [*source.decode(audio=0), None] for piece in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    whole = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    whole.sample_rate, whole.pts, whole.time_base = RATE, 0, Fraction(1, RATE)
    return whole


def write_speech(out: OutputContainer, stream: AudioStream, sound: AudioFrame) -> None:
    """Encode the sound."""
    resampler = AudioResampler(format=stream.format.name, layout="mono", rate=RATE, frame_size=FRAME)
    for frame in [*resampler.resample(sound), *resampler.resample(None), None]:
        out.mux(stream.encode(frame))


def write_picture(out: OutputContainer, stream: VideoStream, seconds: float) -> None:
    """A disc on a plain ground, standing still."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    picture = np.where((x**2 + y**2 < (SIDE // 3) ** 2)[..., None], (220, 120, 40), (40, 60, 90)).astype(np.uint8)
    for number in range(int(seconds * FPS)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def voice_message(out: OutputContainer, sound: AudioFrame) -> None:
    """Opus at 24 kbit/s."""
    stream = out.add_stream("libopus", rate=RATE, layout="mono")
    stream.bit_rate = 24_000
    write_speech(out, stream, sound)


def video_note(out: OutputContainer, sound: AudioFrame) -> None:
    """H.264 and AAC at 32 kbit/s."""
    picture = out.add_stream("libx264", rate=FPS, options={"crf": "30"})
    picture.width = picture.height = SIDE
    picture.pix_fmt = "yuv420p"
    stream = out.add_stream("aac", rate=RATE, layout="mono")
    stream.bit_rate = 32_000
    write_picture(out, picture, sound.samples / RATE)
    write_speech(out, stream, sound)


def main() -> None:
    """Convert one file."""
    source, target = map(Path, sys.argv[1:])
    sound = speech(source)
    with av.open(str(target), "w") as out:
        (video_note if target.suffix == ".mp4" else voice_message)(out, sound)


if __name__ == "__main__":
    main()
