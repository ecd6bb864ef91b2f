"""What an administrator may set for the console."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ConsoleSettings(BaseModel):
    """Settings of the HTTP and WebSocket side. Times in seconds, sizes in bytes.

    ``origins`` are further web addresses (``https://console.example``) from which browsers may
    write, for a proxy that changes the Host header. ``trusted_proxies`` are the addresses whose
    X-Forwarded-* headers are believed. ``recordings`` is the recording folder, None if playback
    is not wanted here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8345, ge=0, le=65535)
    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    recordings: Path | None = None

    session_seconds: int = Field(default=12 * 3600, ge=60)
    attempts_per_agent: int = Field(default=5, ge=1)
    attempts_per_address: int = Field(default=30, ge=1)
    attempts_window_seconds: float = Field(default=60.0, gt=0)
    attempts_remembered: int = Field(default=10_000, ge=2)

    body_bytes: int = Field(default=64 * 1024, ge=1024)
    body_seconds: float = Field(default=10.0, gt=0)
    max_connections: int = Field(default=2000, ge=1)

    message_bytes: int = Field(default=16 * 1024, ge=256)
    messages_per_second: float = Field(default=10.0, gt=0)
    messages_burst: int = Field(default=50, ge=1)
    consoles_per_agent: int = Field(default=8, ge=1)
    outbox_events: int = Field(default=1000, ge=2)
    outbox_passing: int = Field(default=100, ge=1)
    hello_seconds: float = Field(default=10.0, gt=0)
    heartbeat_seconds: float = Field(default=5.0, gt=0)
    session_check_seconds: float = Field(default=30.0, gt=0)
    resume_page: int = Field(default=500, ge=1)
    resume_events: int = Field(default=5000, ge=1)
    close_seconds: float = Field(default=2.0, gt=0)
