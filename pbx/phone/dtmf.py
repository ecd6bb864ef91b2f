"""Pressed keys as RFC 4733 telephone events; the library can only hear them.

One key is one event: packets every 20 ms that all carry the time stamp of its beginning and a
growing duration; the first has the RTP marker (2.2.2), the last is sent three times with the
end bit (2.5.1.4), so that one lost packet never loses or doubles a key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from pbx.phone.errors import KeysInvalid
from pbx.phone.rtp import FRAME_MS, FRAME_SAMPLES

KEYS = "0123456789*#ABCD"  # in the order of their event codes (RFC 4733, table 3)
_END_COPIES = 3
_LONGEST_MS = 8000  # the duration field has 16 bits of 1/8000 s
_EVENT = struct.Struct("!BBH")


@dataclass(frozen=True, slots=True)
class KeyTiming:
    """How a key is pressed: ``press_ms`` long, ``gap_ms`` before the next; both in steps of 20 ms.

    ``volume`` is the tone's power below 0 dBm0. Raises ``KeysInvalid`` for times out of range:
    40 ms is the shortest key that a receiver must know (ITU-T Q.24), and the gap must hold the
    two further copies of the end packet.
    """

    press_ms: int = 160
    gap_ms: int = 100
    volume: int = 10

    def __post_init__(self) -> None:
        if not 40 <= self.press_ms <= _LONGEST_MS or self.press_ms % FRAME_MS:
            raise KeysInvalid("the key time cannot be sent", press_ms=self.press_ms)
        if not 2 * FRAME_MS <= self.gap_ms <= _LONGEST_MS or self.gap_ms % FRAME_MS:
            raise KeysInvalid("the gap between keys cannot be sent", gap_ms=self.gap_ms)
        if not 0 <= self.volume <= 63:
            raise KeysInvalid("the volume cannot be sent", volume=self.volume)


@dataclass(frozen=True, slots=True)
class EventPacket:
    """What one 20 ms tick sends for a key.

    ``age`` is how many samples ago the event began (its time stamp is that much older than the
    tick's); ``released`` is true once for each key, in the first packet that ends it.
    """

    payload: bytes
    marker: bool
    age: int
    released: bool


def check_keys(keys: str) -> str:
    """``keys`` in capitals. Raises ``KeysInvalid`` if there are none or one is on no telephone."""
    wanted = keys.upper()
    if not wanted or any(key not in KEYS for key in wanted):
        raise KeysInvalid("only 0-9, *, # and A-D can be pressed", count=len(keys))
    return wanted


def key_ticks(keys: str, timing: KeyTiming) -> Iterator[EventPacket | None]:
    """One item per 20 ms from the first key's beginning; None where the line is quiet."""
    for key in check_keys(keys):
        code = KEYS.index(key)
        ticks = timing.press_ms // FRAME_MS
        for tick in range(ticks + timing.gap_ms // FRAME_MS):
            if tick >= ticks - 1 + _END_COPIES:
                yield None
                continue
            duration = min(tick + 1, ticks) * FRAME_SAMPLES
            end = tick >= ticks - 1
            payload = _EVENT.pack(code, end << 7 | timing.volume, duration)
            yield EventPacket(payload, tick == 0, tick * FRAME_SAMPLES, released=tick == ticks - 1)
