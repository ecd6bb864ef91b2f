"""The AudioSocket wire format: a pure, incremental parser that does no input or output.

A frame is one byte of kind, two bytes of payload length (big endian), the payload. Source: Asterisk
22, ``res_audiosocket.c``; kinds as in ``include/asterisk/res_audiosocket.h``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from asr.errors import FrameInvalid

HEADER = 3
MAX_PAYLOAD = 0xFFFF  # what two bytes can say
FRAME_SECONDS = 0.02  # what Asterisk sends at a time
SILENCE_SECONDS = 0.06  # what we send at a time


class Kind(IntEnum):
    """The kinds of frame that are understood; others are skipped."""

    HANGUP = 0x00
    UUID = 0x01
    DTMF = 0x03
    SLIN = 0x10  # signed linear, 16 bit little endian, 8 kHz
    SLIN16 = 0x12  # the same at 16 kHz
    ERROR = 0xFF


SAMPLE_RATES = {Kind.SLIN: 8000, Kind.SLIN16: 16000}

_KINDS = {int(kind): kind for kind in Kind}
_UUID_BYTES = 16
_MAX_CONTROL = 255  # Asterisk sends at most one byte here; room for newer versions


class Frame(NamedTuple):
    kind: Kind
    payload: bytes


def encode(kind: Kind, payload: bytes = b"") -> bytes:
    """One frame as it goes over the wire. Raises ``ValueError`` over 65,535 bytes of payload."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"{len(payload)} bytes do not fit one frame")
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload


def silence(kind: Kind) -> bytes:
    """A frame of ``SILENCE_SECONDS`` of silence."""
    return encode(kind, bytes(round(SAMPLE_RATES[kind] * SILENCE_SECONDS) * 2))


class FrameParser:
    """Takes bytes as they arrive, gives frames; headers and payloads may be split anywhere.

    Never holds more than one frame of the largest permitted size plus the bytes just fed: payloads
    of unknown kinds are counted in ``skipped`` and passed over without being kept.
    """

    def __init__(self, max_audio: int) -> None:
        """``max_audio``: the longest audio payload taken, in bytes."""
        self._max_audio = max_audio
        self._rest = b""  # the beginning of a frame
        self._skip = 0  # bytes of an unknown payload still to come
        self.skipped = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that ``data`` completes; the iterator must be read to its end.

        Raises ``FrameInvalid`` at the place of the first impossible length; frames before it are
        yielded first. There is no way back into step after that.
        """
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        self._rest = b""
        while True:
            if self._skip:
                passed = min(self._skip, size - at)
                at += passed
                self._skip -= passed
            if size - at < HEADER:
                break
            length = data[at + 1] << 8 | data[at + 2]
            kind = _KINDS.get(data[at])
            if kind is None:
                self.skipped += 1
                self._skip = HEADER + length
                continue
            self._check(kind, length)
            end = at + HEADER + length
            if size < end:
                break
            yield Frame(kind, data[at + HEADER : end])
            at = end
        self._rest = data[at:]

    def _check(self, kind: Kind, length: int) -> None:
        if kind is Kind.UUID:
            permitted = length == _UUID_BYTES
        elif kind in SAMPLE_RATES:
            permitted = length <= self._max_audio
        else:
            permitted = length <= _MAX_CONTROL
        if not permitted:
            raise FrameInvalid("impossible payload length", kind=int(kind), length=length)
