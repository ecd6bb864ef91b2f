"""A second AMI connection that looks at its clock whenever an agent is called or connected."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pbx.ami.codec import Framer, encode
from pbx.settings import AmiSettings

_LIMIT = 1 << 20
_WANTED = ("AgentCalled", "AgentConnect")


class AmiWatch(asyncio.Protocol):
    """Stamps are monotonic seconds, comparable between the processes of one machine.

    ``called`` and ``connected`` are by call id (and agent), ``answered`` holds the calls' zero of
    times in seconds since the epoch. Nothing is queued before the stamp.
    """

    def __init__(self) -> None:
        self.called: dict[tuple[str, str], float] = {}
        self.connected: dict[str, float] = {}
        self.answered: dict[str, float] = {}
        self._framer = Framer(_LIMIT)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for event in self._framer.feed(data):
            call_id = event.channel_vars.get("CALL_ID")
            if event.name not in _WANTED or call_id is None:
                continue
            if event.name == "AgentCalled":
                self.called[call_id, event.get("MemberName")] = now
                self.answered[call_id] = float(event.channel_vars["CALL_ANSWERED"])
            else:
                self.connected[call_id] = now


@asynccontextmanager
async def watch_ami(settings: AmiSettings) -> AsyncIterator[AmiWatch]:
    """Watch the agents' events while the context is open."""
    loop = asyncio.get_running_loop()
    transport, watch = await loop.create_connection(AmiWatch, str(settings.host), settings.port)
    log_in = {
        "Username": settings.user,
        "Secret": settings.secret.get_secret_value(),
        "Events": "agent",
    }
    try:
        transport.write(encode("Login", "bench", log_in))
        yield watch
    finally:
        transport.close()
