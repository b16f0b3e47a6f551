"""The task of a speech worker: from a recording's bytes to what is said in it. No network, whatever is asked.

Limits grow with the recording: decoding may take ``DECODING`` seconds of processor time; hearing ``TRANSCRIBING`` for
each second of sound and ``EXTRA`` besides. The process is ended by the kernel (or by its own clock, when it waits for
something) as one that took too long. What does not belong here: starting and replacing workers
(``tg_assets.sandbox.pool``).
"""

import contextlib
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from tg_assets.sandbox.provider import Refused
from tg_assets.sandbox.worker import Header, Task
from tg_assets.speech.doubt import NO_SPEECH, REPETITIVE, SURE, said

DECODING = 30.0
EXTRA = 60.0
TRANSCRIBING = 3.0
# By the clock: a machine busy with other things must not cost a recording.
PATIENCE = 3


def longest(max_seconds: float) -> float:
    """Seconds of processor time that no request exceeds."""
    return DECODING + EXTRA + TRANSCRIBING * max_seconds


def tasks(model: str, threads: int, max_seconds: float) -> Task:
    """Load the CTranslate2 model in the directory ``model``, to run on ``threads`` threads."""
    os.environ.update({"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"})
    os.environ.update(dict.fromkeys(("OMP_THREAD_LIMIT", "OMP_NUM_THREADS"), str(threads)))
    from faster_whisper import WhisperModel
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    from tg_assets.speech.decode import RATE, Sound, decode

    whisper = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    voice = VadOptions()

    def transcribe(sound: Sound) -> dict[str, Any]:
        if not get_speech_timestamps(sound, voice):
            return {"lang": None, "lang_probability": None, "segments": []}
        # One temperature: the others are tried at random, and the same recording must give the same text.
        segments, about = whisper.transcribe(
            sound,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=True,
            vad_parameters=voice,
            no_speech_threshold=NO_SPEECH,
            log_prob_threshold=SURE,
            compression_ratio_threshold=REPETITIVE,
        )
        return {"lang": about.language, "lang_probability": about.language_probability, "segments": said(segments)}

    def task(header: Header, body: bytes) -> tuple[Header, bytes]:
        try:
            with at_most(DECODING):
                sound = decode(body, max_seconds)
        except Refused as refused:
            return {"refused": [refused.reason.value, refused.detail]}, b""
        seconds = len(sound) / RATE
        with at_most(EXTRA + TRANSCRIBING * seconds):
            return {"seconds": seconds, **transcribe(sound)}, b""

    return task


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End this process when the block takes longer, in the way the sandbox takes for slowness."""
    soft = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    clock = threading.Timer(PATIENCE * seconds, os.kill, (os.getpid(), signal.SIGXCPU))
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()
