"""A small SIP telephone of the tests: raw SIP and RTP over UDP on loopback, one codec, no retries.

It is the carrier (``call``) as well as an agent's telephone with a fixed contact (``answers``).
It sends a steady tone and knows whether it hears one, so that a test can tell who speaks to whom.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import secrets
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

RATE = 8000
FRAME = 160  # 20 ms
HEARING = 1600  # tones are looked for in the last 200 ms


def _ulaw(sample: int) -> int:
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF


def _linear(code: int) -> int:
    code = ~code & 0xFF
    magnitude = ((code & 0x0F) << 3) + 132 << (code >> 4 & 7)
    return 132 - magnitude if code & 0x80 else magnitude - 132


LINEAR = tuple(_linear(code) for code in range(256))


def strength(samples: list[int], hertz: float) -> float:
    """The share (0..1) of ``samples``' power that lies at ``hertz`` (Goertzel)."""
    power = sum(sample * sample for sample in samples)
    if power < len(samples) * 50**2:  # silence
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    found = last * last + before * before - turn * last * before
    return 2 * found / (len(samples) * power)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, take: Any) -> None:
        self.take = take

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.take(data, addr)


@dataclass
class Media:
    """One RTP socket: sends ``tone`` (Hz, 0 = silence) and keeps what it hears."""

    tone: int
    heard: deque[int] = field(default_factory=lambda: deque(maxlen=HEARING))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    remote: tuple[str, int] | None = None
    transport: Any = None

    async def open(self) -> int:
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(self._take), local_addr=("127.0.0.1", 0)
        )
        return int(self.transport.get_extra_info("sockname")[1])

    def _take(self, data: bytes, _: Any) -> None:
        if data[1] & 0x7F == 0:
            self.heard.extend(LINEAR[code] for code in data[12:])
            self.news.set()

    def hears(self, hertz: int) -> bool:
        return len(self.heard) == HEARING and strength(list(self.heard), hertz) > 0.5

    async def until(self, heard: Callable[[], bool], deadline: float) -> None:
        """Return when ``heard`` is true of the audio so far; raise ``TimeoutError`` otherwise."""
        async with asyncio.timeout(deadline):
            while not heard():
                self.news.clear()
                await self.news.wait()

    async def send(self) -> None:
        """Send in real time until cancelled; packets that are owed are sent at once."""
        loop = asyncio.get_running_loop()
        number, source, start = 0, secrets.randbits(32), loop.time()
        while True:
            angles = (2 * math.pi * self.tone * (number * FRAME + i) / RATE for i in range(FRAME))
            audio = bytes(_ulaw(round(8000 * math.sin(angle))) for angle in angles)
            header = struct.pack(">BBHII", 0x80, 0, number & 0xFFFF, number * FRAME, source)
            if self.remote:
                self.transport.sendto(header + audio, self.remote)
            number += 1
            await asyncio.sleep(max(0.0, start + number * 0.02 - loop.time()))


@dataclass
class Dialog:
    """One call of the telephone. ``over`` is set when the other side hung up or refused."""

    peer: SipPeer
    media: Media
    call_id: str
    local: str
    remote: str
    target: str
    address: tuple[str, int]
    request: str = ""
    sequence: int = 1
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    reason: str = ""

    async def until_hears(self, hertz: int, deadline: float = 15.0) -> None:
        """Return when the other side's tone is heard; raise ``TimeoutError`` otherwise."""
        await self.media.until(lambda: self.media.hears(hertz), deadline)

    async def until_hears_something(self, deadline: float = 15.0) -> None:
        await self.media.until(lambda: max(self.media.heard, default=0) >= 500, deadline)

    def hang_up(self) -> None:
        self.sequence += 1
        self.peer.send(
            self.address,
            f"BYE {self.target} SIP/2.0",
            self._headers(f"{self.sequence} BYE"),
        )
        self.over.set()

    def _headers(self, sequence: str) -> list[str]:
        return [
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.peer.port};branch=z9hG4bK{secrets.token_hex(6)}",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {sequence}",
            "Max-Forwards: 70",
        ]


class SipPeer:
    """``async with SipPeer(tone=500) as phone``. ``answers``: takes calls, as an agent would."""

    def __init__(self, tone: int = 0, answers: bool = True) -> None:
        self.tone = tone
        self.answers = answers
        self.port = 0
        self.calls: asyncio.Queue[Dialog] = asyncio.Queue(maxsize=100)
        self.dialogs: dict[str, Dialog] = {}
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def contact(self) -> str:
        return f"sip:phone@127.0.0.1:{self.port}"

    async def __aenter__(self) -> SipPeer:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(self._take), local_addr=("127.0.0.1", 0)
        )
        self.port = int(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        for dialog in self.dialogs.values():
            if dialog.answered.is_set() and not dialog.over.is_set():
                dialog.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for dialog in self.dialogs.values():
            dialog.media.transport.close()
        self._transport.close()

    def send(
        self, address: tuple[str, int], first: str, headers: list[str], body: str = ""
    ) -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        lines = [first, *headers, *kind, f"Content-Length: {len(body)}", "", body]
        self._transport.sendto("\r\n".join(lines).encode(), address)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

    async def _dialog(self, **values: Any) -> tuple[Dialog, str]:
        media = Media(self.tone)
        port = await media.open()
        dialog = Dialog(peer=self, media=media, **values)
        self.dialogs[dialog.call_id] = dialog
        self._spawn(media.send())
        sdp = (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
        )
        return dialog, sdp

    async def call(
        self,
        server_port: int,
        dialled: str,
        caller: str = "sip:15400000001@127.0.0.1",
        extra: tuple[str, ...] = (),
    ) -> Dialog:
        """Dial; returns at the answer. Raises ``ConnectionRefusedError`` with the SIP status.

        ``caller`` is the From value: a URI, or a display name with a URI in angle brackets.
        """
        origin = caller if "<" in caller else f"<{caller}>"
        target = (
            f"sip:{dialled}@127.0.0.1:{server_port}" if dialled else f"sip:127.0.0.1:{server_port}"
        )
        dialog, sdp = await self._dialog(
            call_id=secrets.token_hex(8),
            local=f"{origin};tag={secrets.token_hex(4)}",
            remote=f"<{target}>",
            target=target,
            address=("127.0.0.1", server_port),
        )
        headers = [*dialog._headers("1 INVITE"), f"Contact: <{self.contact}>", *extra]
        self.send(dialog.address, f"INVITE {target} SIP/2.0", headers, sdp)
        first = [asyncio.create_task(e.wait()) for e in (dialog.answered, dialog.over)]
        _, late = await asyncio.wait(first, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        if not dialog.answered.is_set():
            raise ConnectionRefusedError(dialog.status)
        return dialog

    def _take(self, data: bytes, address: tuple[str, int]) -> None:
        head, _, body = data.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = [line.partition(": ")[::2] for line in lines]
        named = dict(reversed(headers))
        dialog = self.dialogs.get(named.get("Call-ID", ""))
        if first.startswith("SIP/2.0"):
            if dialog and named["CSeq"].endswith("INVITE"):
                self._answer_came(dialog, int(first.split()[1]), named, body)
            return
        method = first.split()[0]
        if method == "INVITE" and dialog is None:
            self._spawn(self._invited(named, headers, body, address, first))
        elif method in ("INVITE", "BYE", "CANCEL", "OPTIONS", "NOTIFY", "UPDATE"):
            self._reply(address, headers, "200 OK")
            if dialog and method in ("BYE", "CANCEL"):
                dialog.reason = named.get("Reason", "")
                dialog.over.set()

    def _answer_came(self, dialog: Dialog, status: int, named: dict[str, str], body: str) -> None:
        if status < 200 or dialog.over.is_set():
            return
        dialog.status = status
        dialog.remote = named["To"]
        if found := re.search(r"<([^>]+)>", named.get("Contact", "")):
            dialog.target = found.group(1)
        self.send(dialog.address, f"ACK {dialog.target} SIP/2.0", dialog._headers("1 ACK"))
        if status < 300:
            dialog.media.remote = _media_address(body)
            dialog.answered.set()
        else:
            dialog.over.set()

    async def _invited(
        self,
        named: dict[str, str],
        headers: list[tuple[str, str]],
        body: str,
        address: tuple[str, int],
        first: str,
    ) -> None:
        contact = re.search(r"<([^>]+)>", named["Contact"])
        assert contact is not None
        dialog, sdp = await self._dialog(
            call_id=named["Call-ID"],
            local=f"{named['To']};tag={secrets.token_hex(4)}",
            remote=named["From"],
            target=contact.group(1),
            address=address,
            request=first,
        )
        dialog.media.remote = _media_address(body)
        mine = [("To", dialog.local) if name == "To" else (name, text) for name, text in headers]
        self._reply(address, mine, "180 Ringing")
        if self.answers:
            self._reply(address, mine, "200 OK", sdp)
            dialog.answered.set()
        self.calls.put_nowait(dialog)

    def _reply(
        self, address: tuple[str, int], headers: list[tuple[str, str]], status: str, body: str = ""
    ) -> None:
        kept = [f"{n}: {v}" for n, v in headers if n in ("Via", "From", "To", "Call-ID", "CSeq")]
        self.send(address, f"SIP/2.0 {status}", [*kept, f"Contact: <{self.contact}>"], body)


def _media_address(sdp: str) -> tuple[str, int]:
    host = re.search(r"c=IN IP4 (\S+)", sdp)
    port = re.search(r"m=audio (\d+)", sdp)
    assert host and port
    return host.group(1), int(port.group(1))


@contextlib.asynccontextmanager
async def telephones(*tones: int) -> AsyncIterator[list[SipPeer]]:
    """Several of them at once, by their tones."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(SipPeer(tone)) for tone in tones]
