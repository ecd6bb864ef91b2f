"""The test phone: a citizen's, which the trunk knows by its address, or an agent's, registered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine
from types import TracebackType
from typing import Any

from core.clock import Clock, SystemClock
from pbx.phone.call import Call, Wish
from pbx.phone.errors import SdpInvalid
from pbx.phone.incoming import IncomingCall
from pbx.phone.message import SipMessage
from pbx.phone.outgoing import OutgoingCall
from pbx.phone.registration import Registration
from pbx.phone.sdp import read_sdp
from pbx.phone.settings import PhoneSettings
from pbx.phone.sip import Address, Caller, SipWriter, check_user
from pbx.phone.transport import SipTransport

_WAITING_CALLS = 16
_ACKS_KEPT = 64
_PARTING_SECONDS = 3.0


class Phone:
    """Use it as ``async with Phone(settings) as phone``; leaving hangs up and closes everything.

    Raises ``PortTaken`` and, for an agent's phone, ``RegistrationRefused`` on entering; on leaving
    an ``ExceptionGroup`` of whatever failed inside.
    """

    writer: SipWriter
    registration: Registration

    def __init__(self, settings: PhoneSettings, clock: Clock | None = None) -> None:
        check_user(settings.user)
        self.settings = settings
        self.clock = clock or SystemClock()
        server = (settings.server_host, settings.server_port)
        self.transport = SipTransport(server, self._requested, self._responded)
        self._calls: dict[str, Call] = {}
        self._waiting: asyncio.Queue[IncomingCall] = asyncio.Queue(_WAITING_CALLS)
        self._acks: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def __aenter__(self) -> Phone:
        settings = self.settings
        host, port = await self.transport.open(settings.host, settings.port)
        self.writer = SipWriter(
            (settings.server_host, settings.server_port),
            settings.user,
            settings.password.get_secret_value(),
            host,
            port,
        )
        self.registration = Registration(self.transport, self.writer, settings)
        if settings.role == "agent":
            try:
                await self.registration.register()
            except BaseException:
                await self.transport.close()
                raise
            self._own(self.registration.keep(), "registration")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._part()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self.transport.close()
        if self._failures:
            raise BaseExceptionGroup("the phone failed", self._failures)

    @property
    def port(self) -> int:
        """The SIP port that the phone listens on."""
        return int(self.writer.myPort)

    @property
    def calls(self) -> list[Call]:
        """The calls that are not over."""
        return list(self._calls.values())

    async def dial(
        self,
        number: str,
        *,
        caller: str | None = None,
        display: str | None = None,
        withheld: bool = False,
        diverted_from: str | None = None,
    ) -> Call:
        """Call ``number`` and return at once; ``call.answered()`` waits for the far end.

        ``caller`` and ``display`` are what the network shows (default: the phone's own user),
        ``withheld`` shows neither; ``diverted_from`` is a number that forwards the call.
        Raises ``NumberInvalid``; ``OSError`` when there is no port for its sound.
        """
        if withheld:
            caller = display = None
        else:
            caller = caller or self.settings.user
        shown = Caller(caller, display, diverted_from)
        call = OutgoingCall(self, number, shown)
        self._start(call)
        return call

    async def incoming(self) -> AsyncIterator[IncomingCall]:
        """Calls as they begin to ring; for ever."""
        while True:
            yield await self._waiting.get()

    def remember_ack(self, response: SipMessage, ack: str) -> None:
        """The far end repeats its response until it has seen our ACK, which may be lost."""
        self._acks[response.call_id, response.cseq] = ack
        while len(self._acks) > _ACKS_KEPT:
            self._acks.popitem(last=False)

    def _start(self, call: Call) -> None:
        self._calls[call.call_id] = call
        self._own(self._run(call), "call")

    async def _run(self, call: Call) -> None:
        try:
            await call.run()
        finally:
            del self._calls[call.call_id]

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"phone-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _part(self) -> None:
        """Say goodbye to everyone, but not for ever."""
        calls = self.calls
        for call in calls:
            call.wish(Wish.HANG_UP)
        if calls:
            endings = [asyncio.ensure_future(call.ended.wait()) for call in calls]
            try:
                await asyncio.wait(endings, timeout=_PARTING_SECONDS)
            finally:
                for ending in endings:
                    ending.cancel()
        await self.registration.withdraw()

    def _responded(self, message: SipMessage) -> None:
        if message.cseq_method != "INVITE":
            return
        if message.code >= 200 and (ack := self._acks.get((message.call_id, message.cseq))):
            self.transport.send(ack)
        elif (call := self._calls.get(message.call_id)) is not None:
            call.take(message, (self.settings.server_host, self.settings.server_port))

    def _requested(self, message: SipMessage, source: Address) -> None:
        call = self._calls.get(message.call_id)
        if message.method == "OPTIONS":
            self._reply(message, source, 200, "OK")
        elif message.method not in {"INVITE", "ACK", "BYE", "CANCEL"}:
            self._reply(message, source, 405, "Method Not Allowed")
        elif call is not None:
            call.take(message, source)
        elif message.method == "INVITE" and not message.tag("To"):
            self._rings(message, source)
        elif message.method != "ACK":
            self._reply(message, source, 481, "Call/Transaction Does Not Exist")

    def _rings(self, invite: SipMessage, source: Address) -> None:
        try:
            remote = read_sdp(invite.sdp)
        except SdpInvalid:
            self._reply(invite, source, 488, "Not Acceptable Here")
            return
        if invite.contact is None:
            self._reply(invite, source, 400, "Bad Request")
            return
        self._forget_ended()
        if self._waiting.full():
            self._reply(invite, source, 486, "Busy Here")
            return
        try:
            call = IncomingCall(self, invite, remote, source)
        except OSError:  # no port or no file handle for its sound
            self._reply(invite, source, 503, "Service Unavailable")
            return
        self._waiting.put_nowait(call)
        self._start(call)

    def _forget_ended(self) -> None:
        """Calls that nobody came for do not hold the places of others."""
        if not self._waiting.full():
            return
        calls = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        for call in calls:
            if not call.ended.is_set():
                self._waiting.put_nowait(call)

    def _reply(self, request: SipMessage, source: Address, code: int, phrase: str) -> None:
        self.transport.send(self.writer.reply(request, code, phrase), source)
