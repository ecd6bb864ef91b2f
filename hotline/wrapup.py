"""An agent who has submitted the ticket is free again: nobody waits for the rest of the wrap-up."""

from __future__ import annotations

import logging

from core.bus import Overrun
from core.errors import HotlineError
from core.ports import ConsoleDesk, Switchboard, Viewer
from core.views import AgentView, Event

log = logging.getLogger(__name__)

EVERYTHING = Viewer(agent="", name="", role="supervisor")


class WrapUpEnder:
    """Follows all events. Own its ``run``."""

    def __init__(self, desk: ConsoleDesk, switchboard: Switchboard) -> None:
        self._desk = desk
        self._switchboard = switchboard
        self._agents: dict[str, AgentView] = {}

    async def run(self) -> None:
        """Until cancelled; a wrap-up that was overlooked ends with its time."""
        while True:
            try:
                async for event in self._desk.follow(EVERYTHING):
                    await self._take(event)
            except Overrun:
                log.warning("wrap-up: events were missed")

    async def _take(self, event: Event) -> None:
        if event.agent is not None:
            self._agents[event.agent.agent] = event.agent
        if event.ticket is None:
            return
        agent = self._agents.get(event.ticket.agent)
        if agent is not None and agent.state == "wrap_up":
            try:
                await self._switchboard.resume(agent.agent)
            except HotlineError as refused:
                log.warning("wrap-up of agent %s not ended: %s", agent.agent, refused.error_id)
