"""How a phone is set up."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from pbx.phone.dtmf import KeyTiming

Port = Annotated[int, Field(ge=0, le=65535)]


class PhoneSettings(BaseModel):
    """One phone. As an agent's it registers ``user`` with ``password``; as a citizen's it does
    neither, because the trunk knows it by its address.

    ``host`` is the local address to listen on; ``port`` 0 takes a free one. ``auto_answer_ms``
    takes calls after so long, None lets them ring. Keys are ``key_ms`` long and ``key_gap_ms``
    apart (``KeysInvalid`` if they cannot be). At most ``hear_seconds`` of a call are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["agent", "citizen"] = "citizen"
    server_host: str = "127.0.0.1"
    server_port: Port = 5060
    host: str = "127.0.0.1"
    port: Port = 0
    user: str = "citizen"
    password: SecretStr = SecretStr("")
    registration_seconds: Annotated[int, Field(ge=20, le=3600)] = 120
    auto_answer_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    key_ms: int = 160
    key_gap_ms: int = 100
    hear_seconds: Annotated[float, Field(gt=0, le=7200)] = 900.0

    @model_validator(mode="after")
    def _keys_can_be_pressed(self) -> Self:
        KeyTiming(self.key_ms, self.key_gap_ms)
        return self
