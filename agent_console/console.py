"""One open console: a WebSocket from ``hello`` to its close."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from agent_console.answers import as_json
from agent_console.closing import Closing, closing_for, first_of
from agent_console.errors import HelloExpected, VersionUnsupported
from agent_console.gate import Allowance
from agent_console.inbox import Inbox
from agent_console.messages import (
    VERSION,
    CloseCode,
    ErrorMessage,
    EventMessage,
    Heartbeat,
    Hello,
    Message,
    PassingMessage,
    Ping,
    Pong,
    SnapshotMessage,
    ViewerView,
    Welcome,
)
from agent_console.outbox import Outbox
from agent_console.parts import Parts
from core.errors import Conflict, HotlineError, Invalid
from core.ports import Viewer
from core.views import Event

logger = logging.getLogger(__name__)


class Console:
    """Reads, follows the desk, and writes, each in a task of its own; the first to end ends all.

    The desk is followed before anything is read from it, so nothing falls between a snapshot and
    the events after it; what comes twice is sent once.
    """

    def __init__(self, parts: Parts, websocket: WebSocket, token: str, viewer: Viewer) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._websocket = websocket
        self._token = token
        self._viewer = viewer
        self._outbox = Outbox(self._settings.outbox_events, self._settings.outbox_passing)
        self._inbox = Inbox(
            websocket,
            Allowance(
                self._settings.messages_per_second, self._settings.messages_burst, parts.clock
            ),
            self._settings.message_bytes,
        )
        self._asked_to_close: asyncio.Future[CloseCode] = asyncio.Future()
        self._sending = asyncio.Lock()
        self._cursor = 0  # the last one sent

    @property
    def agent(self) -> str:
        return self._viewer.agent

    @property
    def token(self) -> str:
        return self._token

    def close(self, code: CloseCode) -> None:
        if not self._asked_to_close.done():
            self._asked_to_close.set_result(code)

    async def run(self) -> None:
        """Serve the accepted socket until it is closed by either side."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._leave_when_asked())
                tasks.create_task(self._watch_session())
                tasks.create_task(self._talk(tasks))
        except* Closing as closings:
            await self._say_goodbye(first_of(closings))
        except* WebSocketDisconnect:
            pass  # gone by itself; it will resume

    async def _talk(self, tasks: asyncio.TaskGroup) -> None:
        hello = await self._hello()
        tasks.create_task(self._follow())
        await asyncio.sleep(0)  # lets the following begin: the desk counts from the first step
        await self._open(hello)
        tasks.create_task(self._write())
        while True:
            match await self._inbox.receive():
                case Ping(id=number):
                    await self._send(Pong(id=number))
                case Hello():
                    raise Closing(CloseCode.POLICY, Invalid("hello comes once"))

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(self._settings.hello_seconds):
                hello = await self._inbox.receive()
        except TimeoutError:
            raise Closing(CloseCode.POLICY, HelloExpected()) from None
        if not isinstance(hello, Hello):
            raise Closing(CloseCode.POLICY, HelloExpected())
        if hello.version != VERSION:
            raise Closing(CloseCode.POLICY, VersionUnsupported(supported=[VERSION]))
        return hello

    async def _open(self, hello: Hello) -> None:
        """Send the welcome, and the snapshot or what was missed."""
        try:
            missed = await self._missed(hello.resume_cursor)
            snapshot = None if missed is not None else await self._parts.desk.snapshot(self._viewer)
        except HotlineError as error:
            raise closing_for(error) from error
        self._outbox.let_go()  # what passed meanwhile may be older than what was read
        await self._send(
            Welcome(
                viewer=ViewerView(
                    agent=self._viewer.agent, name=self._viewer.name, role=self._viewer.role
                ),
                resumed=snapshot is None,
                heartbeat_seconds=self._settings.heartbeat_seconds,
            )
        )
        if snapshot is not None:
            self._cursor = snapshot.cursor
            await self._send(SnapshotMessage(snapshot=snapshot))
        else:
            self._cursor = hello.resume_cursor or 0
            for event in missed or ():
                await self._send_event(event)

    async def _missed(self, cursor: int | None) -> list[Event] | None:
        """Stored events after ``cursor``; None when a snapshot is the better answer."""
        if cursor is None:
            return None
        page, missed = self._settings.resume_page, list[Event]()
        while len(missed) <= self._settings.resume_events:
            try:
                events = await self._parts.desk.events_after(self._viewer, cursor, page)
            except Conflict:
                return None
            missed += events
            if len(events) < page:
                return missed
            cursor = events[-1].cursor
        return None

    async def _follow(self) -> None:
        events = self._parts.desk.follow(self._viewer)
        try:
            async for event in events:
                self._outbox.put(event)
        except HotlineError as error:
            raise closing_for(error) from error
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()
        raise Closing(CloseCode.RESUME)  # the desk stopped; it may be back for the next one

    async def _write(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._settings.heartbeat_seconds):
                    event = await self._outbox.get()
            except TimeoutError:
                await self._send(Heartbeat(cursor=self._cursor))
            else:
                await self._send_event(event)

    async def _send_event(self, event: Event) -> None:
        if event.cursor == 0:
            await self._send(PassingMessage(event=event))
        elif event.cursor > self._cursor:
            previous, self._cursor = self._cursor, event.cursor
            await self._send(EventMessage(cursor=event.cursor, previous=previous, event=event))

    async def _send(self, message: Message) -> None:
        async with self._sending:
            if self._websocket.application_state is not WebSocketState.CONNECTED:
                raise WebSocketDisconnect  # another task of ours has found it gone
            await self._websocket.send_text(message.model_dump_json())

    async def _leave_when_asked(self) -> None:
        raise Closing(await self._asked_to_close)

    async def _watch_session(self) -> None:
        """A console does not outlive its session, nor the rights that it was opened with."""
        while True:
            await asyncio.sleep(self._settings.session_check_seconds)
            try:
                viewer = await self._parts.desk.viewer(self._token)
            except HotlineError as error:
                if error.status == 401:
                    raise Closing(CloseCode.LOG_IN, error) from None
                logger.warning("a session could not be checked: %s", error.error_id)
                continue
            if viewer != self._viewer:
                raise Closing(CloseCode.RESUME)

    async def _say_goodbye(self, closing: Closing) -> None:
        """Say why and close, if the other side still listens; otherwise just let go."""
        try:
            async with asyncio.timeout(self._settings.close_seconds):
                if closing.error is not None:
                    await self._send(ErrorMessage(**as_json(closing.error)))
                await self._websocket.close(closing.code)
        except (TimeoutError, WebSocketDisconnect):
            logger.info("a console did not take its close code %d", closing.code)
