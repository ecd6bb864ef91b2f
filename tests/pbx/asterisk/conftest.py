"""Backends of the dialplan's tests, and a view of what AMI tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.pbx.conftest import RunningAsterisk


@dataclass
class ScriptedBackend:
    """Answers FastAGI with the variables that ``script`` holds for the stage, and lets go.

    A stage that is missing is answered by closing the connection. ``asked`` collects the stages
    and the queue status that came with them.
    """

    script: dict[str, dict[str, str]]
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def ask(command: str) -> str:
            writer.write(command.encode() + b"\n")
            return (await reader.readline()).decode()

        stage = ""
        while line := (await reader.readline()).decode().strip():
            if line.startswith("agi_arg_2:"):
                stage = line.partition(": ")[2]
        status = await ask("GET VARIABLE HOTLINE_QUEUESTATUS")
        self.asked.append((stage, status.partition("(")[2].partition(")")[0]))
        for name, value in self.script.get(stage, {}).items():
            await ask(f'SET VARIABLE {name} "{value}"')
        writer.close()


@pytest.fixture
def backend_for() -> Callable[..., object]:
    """``async with backend_for(asterisk, stage={...})`` runs a scripted backend."""

    @asynccontextmanager
    async def run(
        asterisk: RunningAsterisk, **script: dict[str, str]
    ) -> AsyncIterator[ScriptedBackend]:
        backend = ScriptedBackend(script)
        port = asterisk.settings.agi.port
        async with await asyncio.start_server(backend.serve, "127.0.0.1", port):
            yield backend

    return run


@asynccontextmanager
async def ami_events(asterisk: RunningAsterisk) -> AsyncIterator[Callable[..., object]]:
    """Log in as the backend does; ``await event(name)`` gives the next such event's lines."""
    ami = asterisk.settings.ami
    reader, writer = await asyncio.open_connection(str(ami.host), ami.port)
    secret = ami.secret.get_secret_value()
    writer.write(f"Action: Login\r\nUsername: {ami.user}\r\nSecret: {secret}\r\n\r\n".encode())

    async def event(name: str, deadline: float = 10.0) -> list[str]:
        async with asyncio.timeout(deadline):
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
                if f"Event: {name}" in block:
                    return block

    try:
        await event("FullyBooted")
        yield event
    finally:
        writer.close()
        await writer.wait_closed()
