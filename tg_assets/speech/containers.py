"""Which container a recording is in, by its first bytes, and whether its end is missing; nothing is decoded.

The container decides which demuxer may look at a stranger's file: left to guess, FFmpeg also takes playlists, which
name other files and addresses. What does not belong here: FFmpeg.
"""

import struct

from tg_assets.sandbox.provider import Refusal, Refused

_PAGE = 27
"""Bytes of an Ogg page before its table of segments; RFC 3533, section 6."""


def container(data: bytes) -> str:
    """FFmpeg's name of the container. Raises ``Refused`` when it is none that a recording comes in."""
    if data.startswith(b"OggS"):
        return "ogg"
    if data[4:8] == b"ftyp":
        return "mov"
    if data.startswith(b"ID3") or _mpeg_audio(data):
        return "mp3"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"fLaC"):
        return "flac"
    raise Refused(Refusal.not_a_recording, "neither ogg, mp4, mp3, webm, wav nor flac")


def _mpeg_audio(data: bytes) -> bool:
    """A frame header of layer III: eleven bits set, then version (not 1) and layer 1; ISO 11172-3, 2.4.1.3."""
    return len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2 and data[1] & 0x18 != 0x08


def cut_short(data: bytes, kind: str) -> bool:
    """Whether the file should go on: its last page (``ogg``) or box (``mov``), or all of it (``wav``), is longer."""
    ends = {"ogg": _end_of_pages, "mov": _end_of_boxes, "wav": _end_of_chunk}
    return kind in ends and ends[kind](data) > len(data)


def _end_of_pages(data: bytes) -> int:
    """Where the last page ends, by its own account."""
    place = 0
    while data.startswith(b"OggS", place):
        segments = data[place + _PAGE - 1] if place + _PAGE <= len(data) else 0
        place += _PAGE + segments + sum(data[place + _PAGE : place + _PAGE + segments])
    return place


def _end_of_boxes(data: bytes) -> int:
    """Where the last box ends, by its own account; sizes 1 (64 bits follow) and 0 (to the end) as ISO 14496-12, 4.2."""
    place = 0
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4])
        if size == 1 and place + 16 <= len(data):
            size = struct.unpack_from(">Q", data, place + 8)[0]
        if size < 8:
            return len(data)
        place += size
    return place


def _end_of_chunk(data: bytes) -> int:
    """Where the outermost chunk ends; who writes to a pipe cannot know and gives the largest number."""
    size = int.from_bytes(data[4:8], "little")
    return len(data) if size == 0xFFFFFFFF else 8 + size
