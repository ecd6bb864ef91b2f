"""Backends of the dialplan's tests, and a view of what AMI tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

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


@dataclass
class AmiSession:
    """A bare AMI session; blocks come as lists of lines."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    numbers: count[int] = field(default_factory=count)

    async def block(self, line: str, deadline: float = 10.0) -> list[str]:
        """The next block in which ``line`` stands."""
        async with asyncio.timeout(deadline):
            while True:
                text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                if line in (lines := text.strip().split("\r\n")):
                    return lines

    async def event(self, name: str) -> list[str]:
        return await self.block(f"Event: {name}")

    async def action(self, name: str, **fields: str) -> list[str]:
        """Send an action, give its response."""
        mark = f"ActionID: {next(self.numbers)}"
        lines = [f"Action: {name}", mark, *(f"{k}: {v}" for k, v in fields.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        while True:
            block = await self.block(mark)
            if answer := [line for line in block if line.startswith("Response:")]:
                return [*answer, *block]


@asynccontextmanager
async def ami_session(asterisk: RunningAsterisk) -> AsyncIterator[AmiSession]:
    """Logged in as the backend."""
    ami = asterisk.settings.ami
    reader, writer = await asyncio.open_connection(str(ami.host), ami.port)
    session = AmiSession(reader, writer)
    try:
        await session.action("Login", Username=ami.user, Secret=ami.secret.get_secret_value())
        await session.event("FullyBooted")
        yield session
    finally:
        writer.close()
        await writer.wait_closed()
