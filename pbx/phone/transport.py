"""SIP over UDP: the phone's socket, and requests that are repeated until they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pbx.phone.errors import PortTaken, SipInvalid
from pbx.phone.message import SipMessage
from pbx.phone.sip import Address

T1 = 0.5  # seconds; RFC 3261, table 4
T2 = 4.0
GIVE_UP = 64 * T1


class SipTransport(asyncio.DatagramProtocol):
    """The phone's SIP socket, on the event loop.

    ``on_request`` and ``on_response`` are called for each message, with where it came from; they
    must not block. Responses to ``request`` do not reach ``on_response``.
    """

    def __init__(
        self,
        server: Address,
        on_request: Callable[[SipMessage, Address], None],
        on_response: Callable[[SipMessage], None],
    ) -> None:
        self._server = server
        self._on_request = on_request
        self._on_response = on_response
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[SipMessage]] = {}
        self.ignored = 0
        """Datagrams that were no SIP messages."""

    async def open(self, host: str, port: int) -> Address:
        """Bind; returns the address. Raises ``PortTaken``."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(host, port)
            )
        except OSError as error:
            raise PortTaken("the phone's SIP port cannot be used", port=port) from error
        self._transport = transport
        address = transport.get_extra_info("sockname")
        return str(address[0]), int(address[1])

    async def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()

    def send(self, text: str, to: Address | None = None) -> None:
        """Send one message, to the server unless ``to`` is given."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), to or self._server)

    async def request(
        self, text: str, branch: str, patience: float, to: Address | None = None
    ) -> SipMessage | None:
        """Send a request other than INVITE until its final response comes (RFC 3261, 17.1.2).

        None when none came within ``patience`` seconds.
        """
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[SipMessage] = loop.create_future()
        self._waiting[branch] = reply
        deadline = loop.time() + patience
        interval = T1
        try:
            while (left := deadline - loop.time()) > 0:
                self.send(text, to)
                await asyncio.wait({reply}, timeout=min(interval, left))
                if reply.done():
                    return reply.result()
                interval = min(2 * interval, T2)
            return None
        finally:
            del self._waiting[branch]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: nothing to do, ``open`` has the transport."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: the server is away, which the repetitions find out by themselves."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            message = SipMessage.read(data)
        except SipInvalid:
            self.ignored += 1
            return
        if message.code == 0:
            self._on_request(message, addr)
        elif (reply := self._waiting.get(message.branch)) is None:
            self._on_response(message)
        elif message.code >= 200 and not reply.done():
            reply.set_result(message)
