"""What the hotline and its speech process say to each other: one JSON line per message.

The two are always of one build; the version is checked once, at the start, so that a half-updated
installation says so instead of failing in odd ways.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from asr.settings import AsrSettings
from core.transcript import Segment, StreamReport, Tap

MAX_LINE = 4 * 1024 * 1024  # bytes; a long utterance with all its words is some 40 KiB


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# To the speech process


class Start(_Message):
    """The first message: settings, and the engines to try in this order."""

    kind: Literal["start"] = "start"
    version: Literal[1] = 1
    settings: AsrSettings
    engines: tuple[str, ...]


class Expect(_Message):
    kind: Literal["expect"] = "expect"
    tap: Tap


class Forget(_Message):
    kind: Literal["forget"] = "forget"
    call_id: str


class Stop(_Message):
    """End all streams, write what is left, and go."""

    kind: Literal["stop"] = "stop"


# From the speech process


class Loading(_Message):
    """This engine is being loaded: if the process dies now, it was this one."""

    kind: Literal["loading"] = "loading"
    engine: str


class EngineRefused(_Message):
    """This engine cannot be used; the next is tried."""

    kind: Literal["engine_refused"] = "engine_refused"
    engine: str
    error_id: str
    message: str


class Ready(_Message):
    """``engine`` is the configured name, ``name`` the engine with its model."""

    kind: Literal["ready"] = "ready"
    engine: str
    name: str
    host: str
    port: int


class Failed(_Message):
    """The process cannot go on and ends itself."""

    kind: Literal["failed"] = "failed"
    error_id: str
    message: str


class Heartbeat(_Message):
    """Sent all the time. ``longest_turn`` is the age in seconds of the oldest running decoding."""

    kind: Literal["heartbeat"] = "heartbeat"
    streams: int = 0
    longest_turn: float = 0.0
    lag_p50_ms: float = 0.0  # that audio waited for the engine, over the last 5,000 decodings
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0
    refused: dict[str, int] = Field(default_factory=dict)  # connections, by reason, since the start
    partials_dropped: int = 0


class Expected(_Message):
    """The answer to ``Expect``; ``error_id`` is empty when the tap may connect."""

    kind: Literal["expected"] = "expected"
    tap_id: str
    error_id: str = ""


class Said(_Message):
    kind: Literal["said"] = "said"
    segment: Segment


class StreamChanged(_Message):
    kind: Literal["stream"] = "stream"
    report: StreamReport


Command = Start | Expect | Forget | Stop
Notice = Loading | EngineRefused | Ready | Failed | Heartbeat | Expected | Said | StreamChanged

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="kind")])
_NOTICES: TypeAdapter[Notice] = TypeAdapter(Annotated[Notice, Field(discriminator="kind")])


def encode(message: Command | Notice) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def decode_command(line: bytes) -> Command:
    """Raises ``pydantic.ValidationError``."""
    return _COMMANDS.validate_json(line)


def decode_notice(line: bytes) -> Notice:
    """Raises ``pydantic.ValidationError``."""
    return _NOTICES.validate_json(line)
