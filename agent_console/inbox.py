"""What a console sends: not too much, not too big, and in the agreed form."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent_console.closing import Closing
from agent_console.errors import MessageTooBig, TooManyMessages
from agent_console.gate import Allowance
from agent_console.messages import CLIENT_MESSAGE, CloseCode, Hello, Ping
from core.errors import Invalid

Received: TypeAlias = Hello | Ping


class Inbox:
    """Reads one console's messages; what breaks the rules raises ``Closing`` with its reason."""

    def __init__(self, websocket: WebSocket, allowance: Allowance, message_bytes: int) -> None:
        self._websocket = websocket
        self._allowance = allowance
        self._message_bytes = message_bytes

    async def receive(self) -> Received:
        """The next message. Raises ``Closing``, ``WebSocketDisconnect``."""
        frame = await self._websocket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1006))
        text = frame.get("text")
        if not self._allowance.take():
            raise Closing(CloseCode.POLICY, TooManyMessages())
        if text is None:
            raise Closing(CloseCode.POLICY, Invalid("messages are text"))
        if len(text.encode()) > self._message_bytes:
            raise Closing(CloseCode.TOO_BIG, MessageTooBig(limit=self._message_bytes))
        try:
            return CLIENT_MESSAGE.validate_json(text)
        except ValidationError as wrong:
            reasons = sorted({reason["type"] for reason in wrong.errors(include_input=False)})
            error = Invalid("not a message of this version", reasons=reasons)
            raise Closing(CloseCode.POLICY, error) from None
