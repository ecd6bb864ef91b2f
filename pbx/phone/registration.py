"""Keeps an agent's phone registered (RFC 3261, section 10)."""

from __future__ import annotations

import asyncio

from pbx.phone.errors import RegistrationRefused
from pbx.phone.settings import PhoneSettings
from pbx.phone.sip import SipWriter
from pbx.phone.transport import SipTransport

_PATIENCE = 8.0
_LEAVING_PATIENCE = 1.0
_RENEW_AT = 0.8  # of the time it is good for
_RETRY_FIRST = 1.0
_RETRY_LONGEST = 15.0


class Registration:
    """``registered`` is set while the registrar knows the phone."""

    def __init__(self, transport: SipTransport, writer: SipWriter, settings: PhoneSettings) -> None:
        self._transport = transport
        self._writer = writer
        self._seconds = settings.registration_seconds
        self.registered = asyncio.Event()

    async def register(self) -> None:
        """Register once. Raises ``RegistrationRefused``."""
        code = await self._ask(self._seconds, _PATIENCE)
        if code != 200:
            self.registered.clear()
            raise RegistrationRefused("the registrar refused the phone", code=code)
        self.registered.set()

    async def keep(self) -> None:
        """Renew the registration before it runs out, for ever; a refusal is tried again."""
        retry = _RETRY_FIRST
        while True:
            await asyncio.sleep(self._seconds * _RENEW_AT if self.registered.is_set() else retry)
            try:
                await self.register()
                retry = _RETRY_FIRST
            except RegistrationRefused:
                retry = min(2 * retry, _RETRY_LONGEST)

    async def withdraw(self) -> None:
        """Tell the registrar that the phone goes; a dead registrar is not waited for long."""
        if self.registered.is_set():
            self.registered.clear()
            await self._ask(0, _LEAVING_PATIENCE)

    async def _ask(self, expires: int, patience: float) -> int:
        """One REGISTER, with the digest when asked for; the final code, 408 for none.

        A challenge is met twice: the first may only say that the nonce is stale.
        """
        challenge = None
        for _ in range(3):
            text = self._writer.registration(challenge, expires=expires)
            branch = text.partition("branch=")[2].partition(";")[0]
            reply = await self._transport.request(text, branch, patience)
            if reply is None:
                return 408
            if reply.code != 401 or "WWW-Authenticate" not in reply.headers:
                return reply.code
            challenge = reply
        return 401
