"""What the phone hears: packets laid out on a time line, and how well they came.

Written by the media thread, read by everyone else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pbx.phone.g711 import SAMPLE_RATE, Law, decode
from pbx.phone.rtp import RtpPacket
from pbx.phone.sdp import PAYLOAD_TYPES

_LAWS = {number: law for law, number in PAYLOAD_TYPES.items()}
# Further than this from the clock, a time stamp belongs to another source (a prompt after music).
_DRIFT_SAMPLES = SAMPLE_RATE // 2


@dataclass(frozen=True, slots=True)
class Reception:
    """Counts of audio packets; ``jitter_ms`` is RFC 3550's estimate, at the end and its peak."""

    packets: int
    lost: int
    out_of_order: int
    jitter_ms: float
    peak_jitter_ms: float
    law: Law | None

    @property
    def loss(self) -> float:
        """Lost packets as a share of all that were sent, 0..1."""
        sent = self.packets + self.lost
        return self.lost / sent if sent else 0.0


class Heard:
    """16-bit PCM at 8 kHz from the first packet on; what did not arrive is silence.

    Keeps the first ``limit_seconds``; packets after that are counted and not kept.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit = int(limit_seconds * SAMPLE_RATE)
        self._lock = threading.Lock()
        self._pcm = bytearray()
        self._ssrc: int | None = None
        self._origin = 0  # unwrapped time stamp of sample 0
        self._last_timestamp = 0
        self._last_sequence = 0
        self._transit = 0.0
        self._packets = self._lost = self._out_of_order = 0
        self._jitter = self._peak_jitter = 0.0
        self._law: Law | None = None
        self.first_at: float | None = None
        """When the first audio packet arrived, in seconds of the monotonic clock."""
        self.on_change: Callable[[], None] | None = None
        """Called in the media thread after each audio packet, while someone waits for sound."""

    def pcm(self) -> bytes:
        """All that was heard so far."""
        with self._lock:
            return bytes(self._pcm)

    def since(self, sample: int) -> bytes:
        """What was heard from ``sample`` on."""
        with self._lock:
            return bytes(self._pcm[2 * sample :])

    def samples(self) -> int:
        """How much was heard, in samples."""
        with self._lock:
            return len(self._pcm) // 2

    def reception(self) -> Reception:
        """How the packets came so far."""
        with self._lock:
            return Reception(
                self._packets,
                self._lost,
                self._out_of_order,
                self._jitter * 1000 / SAMPLE_RATE,
                self._peak_jitter * 1000 / SAMPLE_RATE,
                self._law,
            )

    def take(self, packet: RtpPacket, now: float) -> None:
        """Lay one packet that arrived at ``now`` on the time line; others than G.711 are not."""
        law = _LAWS.get(packet.payload_type)
        if law is None or not packet.payload:
            return
        with self._lock:
            if self.first_at is None:
                self.first_at = now
            self._law = law
            self._packets += 1
            clock = (now - self.first_at) * SAMPLE_RATE
            if packet.ssrc != self._ssrc:
                self._begin(packet, clock)
            else:
                self._count(packet)
            timestamp = self._unwrapped(packet.timestamp)
            if abs(timestamp - self._origin - clock) > _DRIFT_SAMPLES:
                self._origin = timestamp - max(round(clock), len(self._pcm) // 2)
                self._transit = clock - timestamp
            self._measure(clock - timestamp)
            self._last_timestamp = timestamp
            self._lay(timestamp - self._origin, decode(packet.payload, law))
        if (changed := self.on_change) is not None:
            changed()

    def _begin(self, packet: RtpPacket, clock: float) -> None:
        """A source that was not heard before: it goes on where the clock is."""
        self._ssrc = packet.ssrc
        self._last_sequence = packet.sequence
        self._last_timestamp = packet.timestamp
        self._origin = packet.timestamp - max(round(clock), len(self._pcm) // 2)
        self._transit = clock - packet.timestamp

    def _count(self, packet: RtpPacket) -> None:
        ahead = (packet.sequence - self._last_sequence) & 0xFFFF
        if 0 < ahead < 0x8000:
            self._lost += ahead - 1
            self._last_sequence = packet.sequence
        elif ahead:
            # It was counted as lost when its successor came before it.
            self._out_of_order += 1
            self._lost = max(0, self._lost - 1)

    def _unwrapped(self, timestamp: int) -> int:
        step = (timestamp - self._last_timestamp) & 0xFFFFFFFF
        return self._last_timestamp + (step if step < 0x80000000 else step - 0x100000000)

    def _measure(self, transit: float) -> None:
        """RFC 3550, section 6.4.1, in samples."""
        self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._peak_jitter = max(self._peak_jitter, self._jitter)
        self._transit = transit

    def _lay(self, at: int, pcm: bytes) -> None:
        end = at + len(pcm) // 2
        if at < 0 or end > self._limit:
            return
        if end * 2 > len(self._pcm):
            self._pcm.extend(bytes(end * 2 - len(self._pcm)))
        self._pcm[at * 2 : end * 2] = pcm
