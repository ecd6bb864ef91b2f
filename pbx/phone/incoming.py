"""A call that comes to the phone (RFC 3261, sections 9.2, 13.3 and 17.2.1)."""

from __future__ import annotations

import asyncio

from pbx.phone.call import Call, Decline, EndedBy, PhoneCallState, PhoneLine, Wish
from pbx.phone.errors import CallOver
from pbx.phone.message import SipMessage
from pbx.phone.sdp import RemoteAudio
from pbx.phone.sip import Address, callee_dialog
from pbx.phone.transport import GIVE_UP, T1, T2

BUSY = Decline(486, "Busy Here")
DECLINED = Decline(603, "Decline")
_TERMINATED = Decline(487, "Request Terminated")


class IncomingCall(Call):
    """A call that rings. ``caller`` is the user part of From, None when it has none."""

    def __init__(
        self, line: PhoneLine, invite: SipMessage, remote: RemoteAudio, source: Address
    ) -> None:
        super().__init__(line, invite.call_id, PhoneCallState.RINGING)
        self._invite = invite
        self._remote = remote
        self._source = source
        self.caller: str | None = invite.headers["From"]["number"]
        self.display: str = str(invite.headers["From"]["caller"]).strip().strip('"')
        self.times.ringing = self.times.begun

    async def answer(self) -> None:
        """Take the call; returns when both can speak. Raises ``CallOver`` if it ended instead."""
        self._inbox.put(Wish.ANSWER)
        await self._settled.wait()
        if self.times.answered is None:
            raise CallOver("the caller hung up first")

    async def decline(self, reason: Decline = BUSY) -> None:
        """Refuse the call and wait until it is over. No effect on an answered call but its end."""
        self._inbox.put(reason)
        await self.ended.wait()

    async def _signal(self) -> None:
        settings, transport = self._line.settings, self._line.transport
        ringing = self._line.writer.ringing(self._invite)
        transport.send(ringing, self._source)
        loop = asyncio.get_running_loop()
        answer_at = None
        if settings.auto_answer_ms is not None:
            answer_at = loop.time() + settings.auto_answer_ms / 1000
        while True:
            left = None if answer_at is None else max(0.0, answer_at - loop.time())
            item = await self._inbox.get(left)
            if item is None or item is Wish.ANSWER:
                await self._take_call()
                return
            if item is Wish.HANG_UP or isinstance(item, Decline):
                self.ended_by = EndedBy.US
                await self._refuse(item if isinstance(item, Decline) else DECLINED)
                return
            if isinstance(item, SipMessage) and item.method == "CANCEL":
                self.ended_by = EndedBy.FAR_END
                await self._refuse(_TERMINATED)
                return
            if isinstance(item, SipMessage) and item.method == "INVITE":
                transport.send(ringing, self._source)

    async def _take_call(self) -> None:
        writer = self._line.writer
        dialog = callee_dialog(writer, self._invite, self._source)
        answer = writer.answer(self._invite, self.sound.port, self._remote)
        self._answered()
        self.sound.start(self._remote)
        self._line.transport.send(answer, self._source)
        await self._talk(dialog, answer)

    async def _refuse(self, reason: Decline) -> None:
        """Send the refusal until it is acknowledged."""
        self.code = reason.code
        writer = self._line.writer
        tag = writer.tagLibrary[self.call_id]
        text = writer.reply(self._invite, reason.code, reason.phrase, tag)
        loop = asyncio.get_running_loop()
        interval, deadline = T1, loop.time() + GIVE_UP
        self._line.transport.send(text, self._source)
        while loop.time() < deadline:
            item = await self._inbox.get(interval)
            if isinstance(item, SipMessage) and item.method == "ACK":
                return
            if item is None:
                self._line.transport.send(text, self._source)
                interval = min(2 * interval, T2)
