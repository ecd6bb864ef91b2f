"""A bridge that runs against a real Asterisk, with sinks that a test can look into."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from core.calls import CallFact, Leg
from core.clock import SystemClock
from core.errors import Unavailable
from core.transcript import Tap
from pbx.ami.api import LinkState
from pbx.ami.link import AmiLink
from pbx.bridge import Bridge
from tests.pbx.conftest import RunningAsterisk
from tests.pbx.scripted import Agents, Facts, Transcript, Watched
from tests.pbx.sip_peer import strength

SECOND = 8000  # samples
_SILENCE = b"\x10" + (320).to_bytes(2, "big") + bytes(320)


@dataclass
class Heard:
    """What one tap brought: 8 kHz samples, and when the first of them came (monotonic)."""

    tap: Tap
    samples: array = field(default_factory=lambda: array("h"))
    first: float | None = None
    open: bool = False

    def tone(self, hertz: int) -> float:
        """The share of that tone in the last half second."""
        last = list(self.samples[-SECOND // 2 :])
        return strength(last, hertz) if len(last) == SECOND // 2 else 0.0


class Listener(Watched):
    """A little AudioSocket server that takes every tap it was told of: a ``Transcriber``."""

    def __init__(self) -> None:
        super().__init__()
        self.taps: dict[str, Heard] = {}
        self.forgotten: list[str] = []
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection off, as a dying recogniser does."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def expect(self, tap: Tap) -> tuple[str, int]:
        if self._server is None or not self._server.is_serving():
            raise Unavailable("no recogniser")
        self.taps[tap.tap_id] = Heard(tap)
        return self._server.sockets[0].getsockname()[:2]

    async def forget(self, call_id: str) -> None:
        self.forgotten.append(call_id)
        self.changed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard: Heard | None = None
        self._writers.add(writer)
        try:
            while True:
                kind, high, low = await reader.readexactly(3)
                payload = await reader.readexactly(high << 8 | low)
                if kind == 0x01:
                    heard = self.taps[str(UUID(bytes=payload))]
                    heard.open = True
                    writer.write(_SILENCE)
                elif kind == 0x10 and heard is not None:
                    heard.first = heard.first or asyncio.get_running_loop().time()
                    samples = array("h")
                    samples.frombytes(payload)
                    heard.samples += samples
                    writer.write(_SILENCE)
                self.changed()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            if heard is not None:
                heard.open = False
            self.changed()
            writer.close()

    def of(self, party: str) -> list[Heard]:
        return [heard for heard in self.taps.values() if heard.tap.party == party]

    async def hears(self, party: str, leg: Leg, hertz: int, not_hertz: int) -> Heard:
        """Wait until the party's newest tap carries the one tone and nothing of the other."""

        def right() -> bool:
            taps = self.of(party)
            return bool(taps) and taps[-1].tone(hertz) > 0.9 and taps[-1].tone(not_hertz) < 0.01

        await self.until(right, 20)
        heard = self.of(party)[-1]
        assert heard.tap.leg is leg
        return heard


class LiveBridge:
    """The bridge and everything around it; ``restart`` begins our side anew."""

    def __init__(self, asterisk: RunningAsterisk) -> None:
        self.asterisk = asterisk
        self.facts, self.agents, self.transcript = Facts(), Agents(), Transcript()
        self.listener = Listener()
        self.open: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        link = AmiLink(self.asterisk.settings.ami)
        self.bridge = Bridge(
            self.asterisk.settings,
            self.asterisk.pack,
            link,
            facts=self.facts,
            agents=self.agents,
            transcript=self.transcript,
            transcriber=self.listener,
            open_calls=self._open_calls,
            clock=SystemClock(),
        )
        self.agents.links.clear()
        self._task = asyncio.create_task(self.bridge.run())
        await self.up()

    async def up(self) -> None:
        await self.agents.until(
            lambda: bool(self.agents.links) and self.agents.links[-1] == LinkState.UP.value, 20
        )

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        results = await asyncio.gather(self._task, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError), results

    async def _open_calls(self) -> list[str]:
        return self.open

    async def told(self, kind: type[CallFact], number: int = 1) -> CallFact:
        """The fact of that kind, once there are so many."""

        def facts() -> list[CallFact]:
            return [fact for fact in self.facts.told if isinstance(fact, kind)]

        await self.facts.until(lambda: len(facts()) >= number, 20)
        return facts()[number - 1]

    async def agent_was(self, agent: str, state: str) -> None:
        """He is in this state or has been, however short that was."""
        await self.agents.until(
            lambda: any(view.state == state for view in self.agents.of(agent)), 20
        )

    async def agent_is(self, agent: str, state: str) -> None:
        await self.agents.until(lambda: self.agents.now(agent) == state, 20)


@asynccontextmanager
async def live_bridge(asterisk: RunningAsterisk) -> AsyncIterator[LiveBridge]:
    live = LiveBridge(asterisk)
    await live.listener.start()
    await live.start()
    try:
        yield live
    finally:
        await live.stop()
        await live.listener.stop()
