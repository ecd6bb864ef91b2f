"""The hotline's handle of one speech process: start it, talk to it, end it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

from asr import protocol
from asr.protocol import Command, Notice


class Child:
    """One speech process and the socket pair to it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def spawn(cls) -> Child:
        """Start a process. Raises ``OSError`` when the machine has no room for one."""
        ours, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "asr.worker", "--fd", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # a terminal's Ctrl-C reaches us, and we tell the child
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=protocol.MAX_LINE)
        except BaseException:
            ours.close()
            process.kill()
            raise
        return cls(process, reader, writer)

    def send(self, command: Command) -> None:
        """Never waits: a child that does not read is found by its heartbeat and killed."""
        if not self._writer.is_closing():
            self._writer.write(protocol.encode(command))

    async def receive(self) -> Notice | None:
        """The next message; None when the child has closed its end.

        Raises ``pydantic.ValidationError`` for what is not of this protocol.
        """
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return protocol.decode_notice(line) if line.endswith(b"\n") else None

    async def end(self, seconds: float) -> int:
        """Close our end, wait up to ``seconds`` for the child to leave, then kill it.

        Returns its exit status (negative: the signal). Kills at once when cancelled.
        """
        self._writer.transport.abort()
        try:
            async with asyncio.timeout(seconds):
                return await self._process.wait()
        except TimeoutError:
            pass
        finally:
            self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """SIGKILL, which ends a stopped or hung process too. Harmless when it is gone."""
        if self._process.returncode is None:
            self._process.kill()


def _environment() -> dict[str, str]:
    """Ours, with the folder of this very package first, wherever the hotline was started."""
    home = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    path = home if not inherited else os.pathsep.join((home, inherited))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
