"""The console's WebSocket language, version 1.

A console says ``hello``; the server answers ``welcome``, then either ``snapshot`` or, when
``welcome.resumed`` is true, the ``event`` messages that were missed. From then on:

* every stored change comes as ``event``. Its ``previous`` is the cursor that the console had before
  it (of the snapshot, of the resume, or of the event before): anything else means that a message
  is missing, and the console connects again with the cursor it really has.
* what is never stored comes as ``passing``, without a cursor, and may be left out under load:
  partial transcripts, and calls, final segments and drafts before they are stored, whose stored
  event follows. No message of a call shows it older than the message before did; of a draft the
  greater ``version`` holds.
* ``heartbeat`` fills the silence, so that a console knows a dead line from a quiet one; a console
  may send ``ping`` for the same reason. WebSocket's own ping runs underneath.

The published form is ``schema/messages.v1.json`` (``python -m agent_console.messages`` prints it).
"""

from __future__ import annotations

import json
import sys
from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from core.views import Event, SnapshotView

VERSION: Literal[1] = 1
CURSOR_MAX = 2**53 - 1  # the largest whole number that every JSON reader keeps


class CloseCode(IntEnum):
    """Why the server closes. Below 4000 as in RFC 6455."""

    GOING_AWAY = 1001  # the server stops: connect again, with back-off, and resume
    POLICY = 1008  # what the console sent is not agreed; the error message before says what
    TOO_BIG = 1009
    INTERNAL = 1011  # a part of ours is away: connect again, with back-off, and resume
    RESUME = 4001  # too slow a reader, or what it may see has changed: connect again and resume
    LOG_IN = 4003  # the session is over: log in again


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Hello(Message):
    """First message of a console. ``resume_cursor`` is the last cursor it has seen."""

    type: Literal["hello"] = "hello"
    version: int = Field(ge=0, le=CURSOR_MAX)
    resume_cursor: int | None = Field(default=None, ge=0, le=CURSOR_MAX)


class Ping(Message):
    type: Literal["ping"] = "ping"
    id: int = Field(default=0, ge=0, le=CURSOR_MAX)


ClientMessage = Annotated[Hello | Ping, Field(discriminator="type")]


class ViewerView(Message):
    """Whose console this is."""

    agent: str
    name: str
    role: str


class Welcome(Message):
    """``heartbeat_seconds``: the longest silence to expect; twice that is a dead line."""

    type: Literal["welcome"] = "welcome"
    version: Literal[1] = VERSION
    viewer: ViewerView
    resumed: bool
    heartbeat_seconds: float


class SnapshotMessage(Message):
    type: Literal["snapshot"] = "snapshot"
    snapshot: SnapshotView


class EventMessage(Message):
    type: Literal["event"] = "event"
    cursor: int
    previous: int
    event: Event


class PassingMessage(Message):
    type: Literal["passing"] = "passing"
    event: Event


class Heartbeat(Message):
    """``cursor`` is the last one sent on this connection."""

    type: Literal["heartbeat"] = "heartbeat"
    cursor: int


class Pong(Message):
    type: Literal["pong"] = "pong"
    id: int


class ErrorMessage(Message):
    """The form of every error of ours, as over HTTP; the connection is closed after it."""

    type: Literal["error"] = "error"
    error_id: str
    message: str
    details: dict[str, JsonValue]


ServerMessage = Annotated[
    Welcome | SnapshotMessage | EventMessage | PassingMessage | Heartbeat | Pong | ErrorMessage,
    Field(discriminator="type"),
]

CLIENT_MESSAGE: TypeAdapter[Hello | Ping] = TypeAdapter(ClientMessage)
SERVER_MESSAGE: TypeAdapter[
    Welcome | SnapshotMessage | EventMessage | PassingMessage | Heartbeat | Pong | ErrorMessage
] = TypeAdapter(ServerMessage)


def schema() -> dict[str, Any]:
    """JSON Schema of all messages: ``$defs`` by name, ``client`` and ``server`` as unions."""
    parts, definitions = TypeAdapter.json_schemas(
        [("client", "validation", CLIENT_MESSAGE), ("server", "serialization", SERVER_MESSAGE)],
        title="Console messages",
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **definitions,
        "version": VERSION,
        "client": parts[("client", "validation")],
        "server": parts[("server", "serialization")],
        "close_codes": {code.name.lower(): code.value for code in CloseCode},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), ensure_ascii=False, indent=2) + "\n")
