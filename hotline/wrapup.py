"""An agent who has submitted the ticket is free again: nobody waits for the rest of the wrap-up."""

from __future__ import annotations

import logging

from core.bus import Overrun
from core.errors import HotlineError
from core.ports import ConsoleDesk, Switchboard, Viewer
from core.views import Event

log = logging.getLogger(__name__)

EVERYTHING = Viewer(agent="", name="", role="supervisor")


class WrapUpEnder:
    """Follows all events. Own its ``run``."""

    def __init__(self, desk: ConsoleDesk, switchboard: Switchboard) -> None:
        self._desk = desk
        self._switchboard = switchboard
        self._states: dict[str, str] = {}
        self._last_call: dict[str, str] = {}  # agent -> the call he talked or talks in
        self._submitted: dict[str, str] = {}  # agent -> the call whose ticket he submitted last

    async def run(self) -> None:
        """Until cancelled; a wrap-up that was overlooked ends with its time."""
        while True:
            try:
                async for event in self._desk.follow(EVERYTHING):
                    await self._take(event)
            except Overrun:
                log.warning("wrap-up: events were missed")

    async def _take(self, event: Event) -> None:
        if event.call is not None and event.call.agent and event.call.connected_at:
            self._last_call[event.call.agent] = event.call.call_id
        if event.ticket is not None and event.ticket.call_id:
            self._submitted[event.ticket.agent] = event.ticket.call_id
            await self._end(event.ticket.agent)
        if event.agent is not None:
            self._states[event.agent.agent] = event.agent.state
            await self._end(event.agent.agent)

    async def _end(self, agent: str) -> None:
        """If he wraps up a call whose ticket is submitted, he is done."""
        last = self._last_call.get(agent)
        if self._states.get(agent) != "wrap_up" or last is None:
            return
        if self._submitted.get(agent) != last:
            return
        try:
            await self._switchboard.resume(agent)
        except HotlineError as refused:
            log.warning("wrap-up of agent %s not ended: %s", agent, refused.error_id)
