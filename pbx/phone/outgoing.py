"""A call that the phone places (RFC 3261, sections 9.1, 13.2 and 17.1.1)."""

from __future__ import annotations

import asyncio

from pbx.phone.call import Call, EndedBy, PhoneCallState, PhoneLine, Wish
from pbx.phone.errors import SdpInvalid
from pbx.phone.message import SipMessage
from pbx.phone.sdp import read_sdp
from pbx.phone.sip import Caller, caller_dialog, check_user
from pbx.phone.transport import GIVE_UP, T1, T2

_NOBODY = 408
_LEAVING_PATIENCE = 2.0


class OutgoingCall(Call):
    """A call to ``dialled`` that shows ``caller``."""

    def __init__(self, line: PhoneLine, dialled: str, caller: Caller) -> None:
        check_user(dialled)
        super().__init__(line, line.writer.gen_call_id(), PhoneCallState.DIALLING)
        self.dialled = dialled
        self._caller = caller
        self._leaving = False

    async def _signal(self) -> None:
        writer, transport = self._line.writer, self._line.transport
        branch = writer.gen_branch()
        invite = writer.offer(self.dialled, self._caller, self.call_id, self.sound.port, branch)
        final = await self._invite(invite)
        if final is not None and final.code in {401, 407} and self._line.settings.role == "agent":
            self._acknowledge_refusal(invite, final)
            branch = writer.gen_branch()
            invite = writer.offer_again(invite, final, branch)
            final = await self._invite(invite)
        if final is None:
            self.code, self.ended_by = _NOBODY, EndedBy.NETWORK
            return
        if final.code >= 300:
            self._acknowledge_refusal(invite, final)
            self.code = final.code
            self.ended_by = EndedBy.US if self._leaving else EndedBy.FAR_END
            return
        settings = self._line.settings
        dialog = caller_dialog(invite, final, (settings.server_host, settings.server_port))
        ack = writer.within(dialog, "ACK", writer.gen_branch(), final.cseq)
        transport.send(ack)
        self._line.remember_ack(final, ack)
        try:
            remote = read_sdp(final.sdp)
        except SdpInvalid:
            self.code, self.ended_by = 488, EndedBy.US
            await self._bye(dialog)
            return
        if self._leaving:  # the answer crossed our CANCEL
            self.ended_by = EndedBy.US
            await self._bye(dialog)
            return
        self._answered()
        self.sound.start(remote)
        await self._talk(dialog, None)

    async def _invite(self, invite: str) -> SipMessage | None:
        """Send and repeat until a final response; None when nobody replied."""
        transport, writer = self._line.transport, self._line.writer
        loop = asyncio.get_running_loop()
        repeated: str | None = invite
        interval, deadline = T1, loop.time() + GIVE_UP
        early = cancelling = False
        transport.send(invite)
        while True:
            item = await self._inbox.get(interval if repeated else None)
            if item is None:
                if loop.time() >= deadline:
                    return None
                if repeated:
                    transport.send(repeated)
                interval = min(2 * interval, T2)
            elif item is Wish.HANG_UP and not self._leaving:
                self._leaving = True
                deadline = min(deadline, loop.time() + _LEAVING_PATIENCE)
            elif isinstance(item, SipMessage) and f"CSeq: {item.cseq} INVITE\r" in invite:
                if item.code >= 200:
                    return item
                early = True
                if item.code == 180:
                    self._ringing()
                if not cancelling:
                    repeated = None
            if self._leaving and early and not cancelling:  # before that it may not be cancelled
                cancelling = True
                repeated = writer.beside(invite, "CANCEL")
                interval, deadline = T1, loop.time() + GIVE_UP
                transport.send(repeated)

    def _acknowledge_refusal(self, invite: str, final: SipMessage) -> None:
        to = f"{final.headers['To']['raw']};tag={final.tag('To')}"
        ack = self._line.writer.beside(invite, "ACK", to)
        self._line.transport.send(ack)
        self._line.remember_ack(final, ack)
