"""A console without a screen: logs in, follows the WebSocket, sets fields, submits.

The demo, the benchmarks and the tests use it; it speaks exactly what the page speaks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from agent_console.messages import (
    SERVER_MESSAGE,
    VERSION,
    ErrorMessage,
    EventMessage,
    Hello,
    PassingMessage,
    SnapshotMessage,
)
from core.errors import HotlineError
from core.views import AgentView, CallView, DraftView, Event, SegmentView, SystemView, TicketView


class ConsoleRefused(HotlineError):
    """The server answered with an error; ``error_id`` of it is in the details."""

    error_id = "console_refused"


class ConsoleClient:
    """What one agent's console knows, kept up to date by ``run``; wait on it with ``until``."""

    def __init__(self, http: httpx.AsyncClient, socket: ClientConnection) -> None:
        self._http = http
        self._socket = socket
        self._changed = asyncio.Condition()
        self.calls: dict[str, CallView] = {}
        self.segments: dict[str, SegmentView] = {}
        self.partials: dict[tuple[str, str], SegmentView] = {}
        self.drafts: dict[str, DraftView] = {}
        self.tickets: dict[str, TicketView] = {}
        self.agents: dict[str, AgentView] = {}
        self.system: SystemView | None = None
        self.seen: list[tuple[float, Event]] = []  # (monotonic seconds, event), in order

    async def run(self) -> None:
        """Follow the socket until it closes or this is cancelled."""
        async for raw in self._socket:
            message = SERVER_MESSAGE.validate_json(raw)
            match message:
                case SnapshotMessage(snapshot=snapshot):
                    self.calls = {call.call_id: call for call in snapshot.calls}
                    self.segments = {part.segment_id: part for part in snapshot.segments}
                    self.drafts = {draft.call_id: draft for draft in snapshot.drafts}
                    self.agents = {agent.agent: agent for agent in snapshot.agents}
                    self.system = snapshot.system
                case EventMessage(event=event) | PassingMessage(event=event):
                    self._take(event)
                case ErrorMessage(error_id=error_id):
                    raise ConsoleRefused(error_id, error_id=error_id)
                case _:
                    continue
            async with self._changed:
                self._changed.notify_all()

    def _take(self, event: Event) -> None:
        self.seen.append((time.monotonic(), event))
        if event.call:
            self.calls[event.call.call_id] = event.call
        if event.segment and event.kind == "segment":
            self.segments[event.segment.segment_id] = event.segment
        if event.segment and event.kind == "partial":
            self.partials[event.segment.call_id, event.segment.leg] = event.segment
        if event.draft:
            known = self.drafts.get(event.draft.call_id)
            if known is None or known.version <= event.draft.version:
                self.drafts[event.draft.call_id] = event.draft
        if event.ticket:
            self.tickets[event.ticket.number] = event.ticket
        if event.agent:
            self.agents[event.agent.agent] = event.agent
        if event.system:
            self.system = event.system

    async def until(self, true: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Wait until ``true()`` is true of what the console knows. Raises ``TimeoutError``."""
        async with asyncio.timeout(seconds), self._changed:
            return await self._changed.wait_for(true)

    async def act(self, act: str, **body: Any) -> None:
        """``sign-in``, ``sign-out``, ``pause`` (with ``reason``) or ``resume``."""
        await self._send("POST", f"/api/agents/me/{act}", body or None)

    async def set_field(self, call_id: str, field: str, value: Any) -> DraftView:
        answer = await self._send("PUT", f"/api/calls/{call_id}/draft/{field}", {"value": value})
        return DraftView.model_validate(answer)

    async def submit(self, call_id: str) -> TicketView:
        return TicketView.model_validate(await self._send("POST", f"/api/calls/{call_id}/ticket"))

    async def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self._http.request(method, path, json=body)
        if answer.is_error:
            raise ConsoleRefused(answer.json().get("error_id", ""), **answer.json())
        return answer.json() if answer.content else None


@asynccontextmanager
async def open_console(url: str, agent: str, password: str) -> AsyncIterator[ConsoleClient]:
    """Log in at ``url`` (http://host:port) and follow as this agent while the context is open."""
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        answer = await http.post(
            "/api/sessions", json={"agent": agent, "password": password, "bearer": True}
        )
        if answer.is_error:
            raise ConsoleRefused(answer.json().get("error_id", ""), **answer.json())
        token = answer.json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        async with websockets.connect(
            url.replace("http", "ws", 1) + "/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            max_size=None,
            proxy=None,
        ) as socket:
            await socket.send(Hello(version=VERSION).model_dump_json())
            client = ConsoleClient(http, socket)
            following = asyncio.create_task(client.run(), name="console client")
            try:
                await client.until(lambda: client.system is not None)
                yield client
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
