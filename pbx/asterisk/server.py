"""Runs a private Asterisk from a rendered folder, as the user who asks, for as long as asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx.asterisk.errors import AsteriskFailed
from pbx.asterisk.locate import AsteriskInstall
from pbx.asterisk.ports import check_ports
from pbx.settings import AmiSettings

LAST_LINES = 12
POLL_SECONDS = 0.05


class AsteriskServer:
    """One Asterisk process. ``async with`` starts it, waits until it is ready, and stops it.

    ``folder`` was written by ``render``; ``ami`` is how readiness is asked. What the process prints
    goes to ``folder/log/console.log``. It runs in a session of its own, so that a Ctrl-C meant for
    us does not cut calls.
    """

    def __init__(self, install: AsteriskInstall, folder: Path, ami: AmiSettings) -> None:
        self._install = install
        self._folder = folder.absolute()
        self._ami = ami
        self._process: asyncio.subprocess.Process | None = None

    @property
    def console(self) -> Path:
        return self._folder / "log/console.log"

    @property
    def pid(self) -> int:
        """The process id. Raises ``AsteriskFailed`` before ``start``."""
        return self._running().pid

    async def start(self, deadline: float = 30.0) -> None:
        """Start it and return when it is fully booted and AMI takes our login.

        Raises ``AsteriskPortTaken`` before anything is started, and ``AsteriskFailed`` when it ends
        first or is not ready after ``deadline`` seconds.
        """
        check_ports(self._folder / "etc")
        with self.console.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._install.command,
                *("-C", str(self._folder / "etc/asterisk.conf"), "-f", "-n"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._folder,
                umask=0o077,  # recordings and logs are for this user's eyes only
                start_new_session=True,
            )
        ready = asyncio.create_task(self._ready())
        ended = asyncio.create_task(self._process.wait())
        try:
            await asyncio.wait(
                {ready, ended}, timeout=deadline, return_when=asyncio.FIRST_COMPLETED
            )
            if ended.done():
                raise self._failure(f"Asterisk ended with status {ended.result()}")
            if not ready.done():
                raise self._failure(f"Asterisk was not ready after {deadline:g} s")
            ready.result()
        except BaseException:
            await self.stop(grace=1.0)
            raise
        finally:
            for task in (ready, ended):
                task.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    async def wait(self) -> None:
        """Watch over it: never returns, raises ``AsteriskFailed`` when the process ends."""
        status = await self._running().wait()
        raise self._failure(f"Asterisk ended with status {status}")

    async def stop(self, grace: float = 5.0) -> None:
        """End it: SIGTERM first, SIGKILL after ``grace`` seconds. Harmless when it has ended."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def command(self, line: str) -> str:
        """What Asterisk's own command line answers to ``line`` (``asterisk -rx``)."""
        client = await asyncio.create_subprocess_exec(
            *self._install.command,
            *("-C", str(self._folder / "etc/asterisk.conf"), "-rx", line),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await client.communicate()
        if client.returncode != 0:
            raise self._failure("Asterisk's command line does not answer")
        return output.decode(errors="replace")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise AsteriskFailed("Asterisk has not been started")
        return self._process

    async def _ready(self) -> None:
        # What is awaited happens in another process: asking again is all there is.
        while not await self._booted():  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    async def _booted(self) -> bool:
        """One try: log in to AMI and see whether it reports ``FullyBooted``."""
        try:
            reader, writer = await asyncio.open_connection(str(self._ami.host), self._ami.port)
        except OSError:
            return False  # not listening yet
        secret = self._ami.secret.get_secret_value()
        writer.write(
            f"Action: Login\r\nUsername: {self._ami.user}\r\nSecret: {secret}\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith(b"Response: Error"):
                    raise self._failure("another AMI answers there, or it refuses our login")
                if line.startswith(b"Event: FullyBooted"):
                    return True
            return False
        except ConnectionError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _failure(self, what: str) -> AsteriskFailed:
        lines: list[str] = []
        for log in (self._folder / "log/messages.log", self.console):
            with contextlib.suppress(OSError), log.open(encoding="utf-8", errors="replace") as text:
                lines += [line.rstrip() for line in deque(text, maxlen=LAST_LINES)]
        return AsteriskFailed(what, log=lines)
