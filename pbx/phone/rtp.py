"""RTP packets (RFC 3550, section 5.1): 12 fixed bytes and what may follow them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pbx.phone.errors import RtpInvalid

FRAME_MS = 20
FRAME_SAMPLES = 160  # at 8 kHz; as many bytes of G.711

_HEADER = struct.Struct("!BBHII")
# RTCP arriving on an RTP port shows as these payload types (RFC 5761, section 4).
_RTCP = range(72, 77)


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet. ``timestamp`` counts samples, ``sequence`` packets; both wrap round."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def pack(self) -> bytes:
        """The packet as it goes over the wire, without padding, extension or CSRC."""
        second = self.marker << 7 | self.payload_type
        head = _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc)
        return head + self.payload

    @classmethod
    def parse(cls, data: bytes) -> RtpPacket:
        """Read a datagram. Raises ``RtpInvalid`` for anything that is not a whole RTP packet."""
        if len(data) < _HEADER.size or data[0] >> 6 != 2:
            raise RtpInvalid("no RTP header", length=len(data))
        first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
        if second & 0x7F in _RTCP:
            raise RtpInvalid("a control packet", length=len(data))
        start = _HEADER.size + 4 * (first & 0x0F)
        if first & 0x10:
            if len(data) < start + 4:
                raise RtpInvalid("the header extension is cut", length=len(data))
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        end = len(data)
        if first & 0x20:
            if data[-1] == 0:
                raise RtpInvalid("padding of no length", length=len(data))
            end -= data[-1]
        if start > end:
            raise RtpInvalid("lengths exceed the packet", length=len(data))
        return cls(
            second & 0x7F, sequence, timestamp, ssrc, data[start:end], marker=bool(second & 0x80)
        )
