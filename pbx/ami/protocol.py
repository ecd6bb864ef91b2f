"""The socket side of the link: bytes in, messages to the manager; actions out, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from panoramisk.ami_protocol import AMIProtocol

from pbx.ami.actions import Ends, LinkAction
from pbx.ami.api import AmiEvent
from pbx.ami.codec import Framer, NotAmi
from pbx.ami.states import LinkFault

if TYPE_CHECKING:
    from pbx.ami.manager import LinkManager


class LinkProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's protocol with its reading, matching and closing replaced.

    panoramisk decodes each read for itself (a character cut in two is lost), writes whatever it is
    given, logs contents, and on closing puts unanswered actions aside to send them again.
    """

    closed: bool

    def __init__(self, manager: LinkManager, limit: int) -> None:
        self._manager = manager
        self._framer = Framer(limit)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Messages may arrive before panoramisk's manager introduces itself.
        self.factory = self._manager

    def send(self, data: LinkAction, as_list: bool | None = None) -> asyncio.Future[None]:
        """Write one action; it is remembered only to match its answer, never to repeat it."""
        self.responses[data.id] = data
        self.transport.write(data.wire)
        future: asyncio.Future[None] = data.future
        return future

    def forget(self, action: LinkAction) -> None:
        """Nobody waits for this answer any more; when it comes it is a late one."""
        self.responses.pop(action.id, None)

    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self._manager.heard()
        oversized = self._framer.oversized
        garbage = self._framer.garbage
        try:
            messages = self._framer.feed(data)
        except NotAmi:
            self._manager.drop(LinkFault.NOT_ASTERISK)
            return
        self.version = self._framer.version or None
        for message in messages:
            self.handle_message(message)
        self._manager.stats.garbage += self._framer.garbage - garbage
        if self._framer.oversized > oversized:
            self._manager.stats.oversized += self._framer.oversized - oversized
            self._manager.messages_lost()

    def handle_message(self, message: AmiEvent) -> None:
        """Give a message to the action it answers, or to the listeners, or count it as late."""
        action_id = message.get("ActionID")
        action: LinkAction | None = self.responses.get(action_id)
        if message.name == "Response":
            if action is None:
                self._manager.stats.late_replies += 1
            elif action.add_message(message):
                self.forget(action)
            return
        if action is not None and action.ends is Ends.LIST_END:
            if action.add_message(message):
                self.forget(action)
            return
        if self._manager.ids.is_listing(action_id):
            self._manager.stats.late_replies += 1
            return
        if action is not None and action.add_message(message):
            self.forget(action)
        self._manager.dispatch(message)

    def connection_lost(self, exc: Exception | None) -> None:
        self._manager.drop(LinkFault.LOST)

    def close(self) -> None:
        """Close at once and fail what is unanswered: whether it was done is not known."""
        if self.closed:
            return
        self.closed = True
        # Not close(): on a half-open link the bytes in the way would keep the socket for ever.
        self.transport.abort()
        for action in list(self.responses.values()):
            action.fail(action.timed_out("link_lost"))
        self.responses.clear()
