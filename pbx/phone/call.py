"""One call of the phone, in either direction: its state, its sound, its end.

Each call has one task that does all its signalling, and an inbox: messages from the network and
wishes of the person at the phone come in one order, and whoever waits for a call can be cancelled
without leaving a half-spoken dialog behind.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import Protocol

from core.clock import Clock
from core.transitions import advance
from pbx.phone.dtmf import KeyTiming
from pbx.phone.errors import CallRefused, NotInTime, SdpInvalid
from pbx.phone.message import SipMessage
from pbx.phone.sdp import read_sdp
from pbx.phone.settings import PhoneSettings
from pbx.phone.sip import Address, Dialog, SipWriter
from pbx.phone.sound import CallSound
from pbx.phone.transport import GIVE_UP, T1, T2, SipTransport

_INBOX = 64
_BYE_PATIENCE = 4.0


class PhoneCallState(StrEnum):
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


_S = PhoneCallState
TRANSITIONS: dict[PhoneCallState, frozenset[PhoneCallState]] = {
    _S.DIALLING: frozenset({_S.RINGING, _S.ANSWERED, _S.ENDED}),
    _S.RINGING: frozenset({_S.ANSWERED, _S.ENDED}),
    _S.ANSWERED: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}


class EndedBy(StrEnum):
    US = "us"
    FAR_END = "far_end"
    NETWORK = "network"  # nobody replied any more


class Wish(Enum):
    ANSWER = auto()
    HANG_UP = auto()


@dataclass(frozen=True, slots=True)
class Decline:
    """The wish to refuse a call."""

    code: int
    phrase: str


Item = SipMessage | Wish | Decline


class PhoneLine(Protocol):
    """What a call needs of its phone."""

    transport: SipTransport
    writer: SipWriter
    settings: PhoneSettings
    clock: Clock

    def remember_ack(self, response: SipMessage, ack: str) -> None:
        """Send ``ack`` again if the response comes again."""
        ...


@dataclass(slots=True)
class CallTimes:
    """When things happened, in seconds of the phone's monotonic clock."""

    begun: float
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None


@dataclass(slots=True)
class _Inbox:
    queue: asyncio.Queue[Item] = field(default_factory=lambda: asyncio.Queue(_INBOX))

    def put(self, item: Item) -> None:
        """A full inbox was flooded: it loses a message, which SIP repeats, but never a wish."""
        if self.queue.full():
            if isinstance(item, SipMessage):
                return
            self.queue.get_nowait()
        self.queue.put_nowait(item)

    async def get(self, timeout: float | None) -> Item | None:
        try:
            async with asyncio.timeout(timeout):
                return await self.queue.get()
        except TimeoutError:
            return None


class Call:
    """A call. ``sound`` is for speaking and listening; ``ended`` is set when it is over.

    ``code`` is the SIP status that decided it: 200 when it was answered, else the refusal.
    """

    def __init__(self, line: PhoneLine, call_id: str, state: PhoneCallState) -> None:
        settings = line.settings
        self._line = line
        self._inbox = _Inbox()
        self.call_id = call_id
        self.state = state
        self.code: int | None = None
        self.ended_by: EndedBy | None = None
        self.times = CallTimes(line.clock.monotonic())
        self.sound = CallSound(
            settings.host,
            settings.hear_seconds,
            KeyTiming(settings.key_ms, settings.key_gap_ms),
            line.clock,
        )
        self.play = self.sound.play
        self.press = self.sound.press
        self.hears_sound = self.sound.hears_sound
        self.hears_tone = self.sound.hears_tone
        self.heard_level = self.sound.heard_level
        self.ended = asyncio.Event()
        self._settled = asyncio.Event()  # answered or ended

    @property
    def heard(self) -> bytes:
        """All that was heard so far: 16-bit mono PCM at 8 kHz from the first packet on."""
        return self.sound.heard

    async def answered(self, timeout: float = 30.0) -> None:
        """Wait until the call is answered.

        Raises ``CallRefused`` with the SIP code when it ended instead, ``NotInTime``.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            raise NotInTime("the call was not answered in time", seconds=timeout) from None
        if self.times.answered is None:
            raise CallRefused("the call was not taken", code=self.code)

    async def hang_up(self) -> None:
        """End the call, whatever its state, and wait until it is over. Twice is once."""
        self._inbox.put(Wish.HANG_UP)
        await self.ended.wait()

    def wish(self, wish: Wish) -> None:
        """Ask for something without waiting for it."""
        self._inbox.put(wish)

    def take(self, message: SipMessage, source: Address) -> None:
        """A message of this call has come from ``source``."""
        if message.method in {"BYE", "CANCEL"}:
            self._line.transport.send(self._line.writer.reply(message, 200, "OK"), source)
        self._inbox.put(message)

    async def run(self) -> None:
        """The call's whole signalling; its owner is the phone."""
        try:
            await self._signal()
        finally:
            self.times.ended = self._line.clock.monotonic()
            try:
                await self.sound.stop()
            finally:
                self.state = advance(TRANSITIONS, self.state, PhoneCallState.ENDED)
                self._line.writer.forget(self.call_id)
                self._settled.set()
                self.ended.set()

    async def _signal(self) -> None:
        raise NotImplementedError

    def _ringing(self) -> None:
        self.state = advance(TRANSITIONS, self.state, PhoneCallState.RINGING)
        self.times.ringing = self.times.ringing or self._line.clock.monotonic()

    def _answered(self) -> None:
        self.state = advance(TRANSITIONS, self.state, PhoneCallState.ANSWERED)
        self.times.answered = self._line.clock.monotonic()
        self.code = 200
        self._settled.set()

    async def _talk(self, dialog: Dialog, unacknowledged: str | None) -> None:
        """From the answer to the end. ``unacknowledged`` is our 200, repeated until its ACK."""
        transport = self._line.transport
        loop = asyncio.get_running_loop()
        interval, deadline = T1, loop.time() + GIVE_UP
        last = unacknowledged
        while True:
            item = await self._inbox.get(interval if unacknowledged else None)
            if item is None and loop.time() >= deadline:
                self.ended_by = EndedBy.NETWORK
                await self._bye(dialog)
                return
            if item is None and unacknowledged:
                transport.send(unacknowledged, dialog.peer)
                interval = min(2 * interval, T2)
            elif item is Wish.HANG_UP:
                self.ended_by = EndedBy.US
                await self._bye(dialog)
                return
            elif isinstance(item, SipMessage) and item.method == "BYE":
                self.ended_by = EndedBy.FAR_END
                return
            elif isinstance(item, SipMessage) and item.method == "ACK":
                unacknowledged = None
            elif isinstance(item, SipMessage) and item.method == "INVITE":
                if item.tag("To"):
                    last = unacknowledged = self._moved(item)
                    interval, deadline = T1, loop.time() + GIVE_UP
                if last is not None:
                    transport.send(last, dialog.peer)

    def _moved(self, invite: SipMessage) -> str:
        """The far end describes its sound anew (hold, or another address)."""
        writer = self._line.writer
        try:
            remote = read_sdp(invite.sdp)
        except SdpInvalid:
            return writer.reply(invite, 488, "Not Acceptable Here")
        self.sound.redirect(remote)
        return writer.answer(invite, self.sound.port, remote)

    async def _bye(self, dialog: Dialog) -> None:
        writer = self._line.writer
        branch = writer.gen_branch()
        await self._line.transport.request(
            writer.within(dialog, "BYE", branch), branch, _BYE_PATIENCE, dialog.peer
        )
