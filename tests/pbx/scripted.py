"""Stand-ins for the tests of calls, queues and taps: an AMI that says what the test lets it say."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.calls import CallFact
from core.transcript import Segment, StreamReport
from core.views import AgentView
from pbx.ami.api import AmiEvent, AmiListener, Gap, LinkState, Snapshot

RECORDED = Path(__file__).parent / "recorded_ami"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _event(item: dict[str, Any]) -> AmiEvent:
    return AmiEvent(item["event"], item["fields"], item.get("vars", {}), item.get("dest", {}))


def load(name: str) -> list[AmiEvent | Snapshot]:
    """A recording: events and snapshots in the order in which Asterisk said them."""
    mail: list[AmiEvent | Snapshot] = []
    for line in (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if "event" in item:
            mail.append(_event(item))
        else:
            parts = {
                key: value if isinstance(value, str) else tuple(map(_event, value))
                for key, value in item["snapshot"].items()
            }
            mail.append(Snapshot(**parts, device_states=()))
    return mail


def events(name: str) -> list[AmiEvent]:
    return [mail for mail in load(name) if isinstance(mail, AmiEvent)]


def snapshots(name: str) -> list[Snapshot]:
    return [mail for mail in load(name) if isinstance(mail, Snapshot)]


EMPTY = Snapshot((), (), (), (), (), "2026-11-23 12:00:00")


async def tell(listener: AmiListener, *mail: AmiEvent | Snapshot | Gap) -> None:
    """Deliver mail in order, as the link does."""
    for item in mail:
        match item:
            case AmiEvent():
                await listener.event(item)
            case Snapshot():
                await listener.snapshot(item)
            case Gap():
                await listener.gap(item)


@dataclass
class FakeClock:
    moment: datetime = NOON
    seconds: float = 100.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def go(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


class Watched:
    """Something whose changes a test can wait for."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, true: Callable[[], bool], deadline: float = 10.0) -> None:
        async with asyncio.timeout(deadline):
            while not true():
                await self._changed.wait()


Answer = Callable[[Mapping[str, str]], AmiEvent]
Listing = Callable[[Mapping[str, str]], list[AmiEvent]]


class FakeAmi(Watched):
    """Implements ``Ami``. ``sent`` keeps the actions; ``answers`` and ``listings`` script them."""

    def __init__(self) -> None:
        super().__init__()
        self.state = LinkState.UP
        self.sent: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Answer] = {}
        self.listings: dict[str, Listing] = {}
        self.listeners: list[AmiListener] = []

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> AmiEvent:
        sent = dict(fields or {})
        self.sent.append((name, sent))
        self.changed()
        await asyncio.sleep(0)
        answer = self.answers.get(name)
        return answer(sent) if answer else AmiEvent("Response", {"Response": "Success"})

    async def listing(
        self, name: str, fields: Mapping[str, str] | None = None, *, deadline: float = 5.0
    ) -> list[AmiEvent]:
        await asyncio.sleep(0)
        listing = self.listings.get(name)
        return listing(dict(fields or {})) if listing else []

    def listen(self, listener: AmiListener) -> None:
        self.listeners.append(listener)

    def actions(self, name: str) -> list[dict[str, str]]:
        return [fields for sent, fields in self.sent if sent == name]


@dataclass
class Facts(Watched):
    """A ``FactSink`` that keeps what it is told."""

    told: list[CallFact] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def record(self, fact: CallFact) -> None:
        self.told.append(fact)
        self.changed()

    @property
    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.told]


@dataclass
class Agents(Watched):
    """An ``AgentSink`` that keeps what it is told."""

    told: list[AgentView] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def agent(self, view: AgentView) -> None:
        self.told.append(view)
        self.changed()

    async def ami(self, state: str) -> None:
        self.links.append(state)
        self.changed()

    def of(self, number: str) -> list[AgentView]:
        return [view for view in self.told if view.agent == number]

    def now(self, number: str) -> str:
        """The state told last."""
        views = self.of(number)
        return views[-1].state if views else ""


@dataclass
class Transcript(Watched):
    """A ``TranscriptSink`` that keeps what it is told."""

    segments: list[Segment] = field(default_factory=list)
    reports: deque[StreamReport] = field(default_factory=deque)

    def __post_init__(self) -> None:
        super().__init__()

    async def segment(self, segment: Segment) -> None:
        self.segments.append(segment)

    async def stream(self, report: StreamReport) -> None:
        self.reports.append(report)
        self.changed()

    async def engine(self, name: str | None, reason: str) -> None:
        """No engine here."""
