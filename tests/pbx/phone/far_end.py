"""A SIP peer for tests that does only what it is told, and keeps what it got."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import cast

from pbx.phone.message import SipMessage

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP {law} 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def tone(hz: float, seconds: float, level: float = 0.3) -> bytes:
    """A sine as 16-bit PCM at 8 kHz; ``level`` is its peak against full scale."""
    peak = level * 32767
    samples = [
        round(peak * math.sin(2 * math.pi * hz * n / 8000)) for n in range(int(8000 * seconds))
    ]
    return struct.pack(f"<{len(samples)}h", *samples)


class FarEnd(asyncio.DatagramProtocol):
    """What arrived comes from ``next``; texts as they were in ``texts``.

    Once ``leaving``, it lets whoever hangs up go.
    """

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[SipMessage] = asyncio.Queue()
        self.texts: list[str] = []
        self.peer = ("", 0)
        self.leaving = False
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls) -> FarEnd:
        loop = asyncio.get_running_loop()
        _, far = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        return far

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.peer = addr
        self.texts.append(data.decode())
        message = SipMessage.read(data)
        if self.leaving and message.method == "BYE":
            self.reply(message, 200)
        self.arrived.put_nowait(message)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def send(self, data: str | bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(data.encode() if isinstance(data, str) else data, self.peer)

    async def next(self, what: str | int) -> SipMessage:
        """The next message, which must be this method or status code."""
        message = await asyncio.wait_for(self.arrived.get(), 5)
        assert (message.code or message.method) == what, self.texts[-1]
        return message

    def reply(
        self, request: SipMessage, code: int, *, sdp: str = "", tag: str = "far", **headers: str
    ) -> None:
        """Answer a request; ``sdp`` is the body, further headers by name (``_`` for ``-``)."""
        lines = [
            f"SIP/2.0 {code} Because",
            *(f"Via: {via}" for via in request.via),
            f"From: {request.headers['From']['raw']};tag={request.tag('From')}",
            f"To: {request.headers['To']['raw']};tag={request.tag('To') or tag}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq} {request.method}",
            f"Contact: <sip:far@127.0.0.1:{self.port}>",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        self.send(_whole(lines, sdp))

    def ask(
        self,
        method: str,
        call_id: str,
        cseq: int,
        *,
        to_tag: str = "",
        sdp: str = "",
        branch: str = "b",
    ) -> None:
        """Send a request to the phone."""
        tagged = f";tag={to_tag}" if to_tag else ""
        lines = [
            f"{method} sip:line@127.0.0.1:{self.peer[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{branch};rport",
            "From: <sip:15400001234@127.0.0.1>;tag=far",
            f"To: <sip:line@127.0.0.1>{tagged}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:far@127.0.0.1:{self.port}>",
        ]
        self.send(_whole(lines, sdp))

    def sdp(self, port: int = 40000, law: int = 0) -> str:
        return SDP.format(port=port, law=law)


def _whole(lines: list[str], sdp: str) -> str:
    if sdp:
        lines.append("Content-Type: application/sdp")
    return "\r\n".join([*lines, f"Content-Length: {len(sdp)}", "", sdp])
