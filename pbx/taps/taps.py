"""Who is to be tapped: every party of a talk that AMI shows, from its beginning to its end."""

from __future__ import annotations

import asyncio
import logging

from core.calls import Leg
from core.clock import Clock
from core.ports import Transcriber, TranscriptSink
from core.transcript import STREAM_TRANSITIONS, StreamReport
from pbx.ami.api import Ami, AmiEvent, Gap, Snapshot
from pbx.calls.channels import tap_of
from pbx.settings import TapSettings
from pbx.taps.keeper import Keeper
from pbx.taps.party import Party, dialled, party_of, standing_taps, talking

log = logging.getLogger(__name__)

_QUEUED_DUTIES = 1000


class Taps:
    """Implements ``AmiListener``; its owner awaits ``run``.

    Whoever hears the recogniser's reports passes them to ``stream`` and calls ``transcriber_up``
    when it is back.
    """

    def __init__(
        self,
        ami: Ami,
        transcriber: Transcriber,
        sink: TranscriptSink,
        settings: TapSettings,
        clock: Clock,
    ) -> None:
        self._ami = ami
        self._transcriber = transcriber
        self._sink = sink
        self._settings = settings
        self._clock = clock
        self._keepers: dict[str, Keeper] = {}  # by the party's unique id
        self._tasks: dict[Keeper, asyncio.Task[None]] = {}
        # What run has to do: start a keeper, or tell the recogniser that a call is over.
        self._duties: asyncio.Queue[Keeper | str] = asyncio.Queue(_QUEUED_DUTIES)

    async def run(self) -> None:
        """Own the keepers; until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                duty = await self._duties.get()
                if isinstance(duty, str):
                    group.create_task(self._forget(duty))
                elif self._keepers.get(duty.party.uniqueid) is duty:
                    task = group.create_task(duty.run())
                    self._tasks[duty] = task

    async def stream(self, report: StreamReport) -> None:
        """The recogniser reports a change of a stream."""
        if not STREAM_TRANSITIONS[report.state]:
            await self._lost(report.tap_id)

    def transcriber_up(self) -> None:
        """The recogniser is back: place at once what waits."""
        for keeper in self._keepers.values():
            keeper.again()

    async def gap(self, gap: Gap) -> None:
        """Nothing to do: the snapshot that follows says who talks."""

    async def snapshot(self, snapshot: Snapshot) -> None:
        channels = {channel.get("Uniqueid") for channel in snapshot.channels}
        for uniqueid in self._keepers.keys() - channels:
            await self._over(uniqueid)
        taps = standing_taps(snapshot)
        for party in talking(snapshot, self._clock.now().timestamp()):
            await self._tap(party, taps.get(party.channel))
        standing = set(map(tap_of, taps.values()))
        for keeper in list(self._keepers.values()):
            if keeper.tap_id is not None and keeper.tap_id not in standing:
                await self._lost(keeper.tap_id)
                keeper.again()

    async def event(self, event: AmiEvent) -> None:
        match event.name:
            case "AgentConnect":
                await self._enter(event)
                await self._enter(dialled(event))
            case "BridgeEnter":
                await self._enter(event)
            case "Hangup":
                await self._over(event.get("Uniqueid"))
                await self._lost(tap_of(event.get("Channel")))
            case "OriginateResponse" if event.get("Response") == "Failure":
                await self._lost(tap_of(event.get("Channel")))

    async def _enter(self, channel: AmiEvent) -> None:
        party = party_of(channel, self._clock.now().timestamp())
        if party is not None:
            await self._tap(party)

    async def _tap(self, party: Party, adopted: str | None = None) -> None:
        if party.uniqueid in self._keepers:
            return
        keeper = Keeper(
            party,
            self._ami,
            self._transcriber,
            self._sink,
            self._settings,
            self._clock,
            adopted,
        )
        self._keepers[party.uniqueid] = keeper
        await self._duties.put(keeper)

    async def _lost(self, tap_id: str | None) -> None:
        """A tap is no more; old news of an earlier one change nothing.

        The caller's is placed again only while somebody talks to him.
        """
        for uniqueid, keeper in list(self._keepers.items()):
            if tap_id is not None and keeper.tap_id == tap_id:
                if keeper.party.leg is Leg.AGENT or self._agents_in(keeper.party.call_id):
                    keeper.lost()
                else:
                    await self._over(uniqueid)

    async def _over(self, uniqueid: str) -> None:
        """The party needs no tap any more; after the last one the recogniser may let go."""
        keeper = self._keepers.pop(uniqueid, None)
        if keeper is None:
            return
        task = self._tasks.pop(keeper, None)
        if task is not None:
            task.cancel()
        call_id = keeper.party.call_id
        if all(other.party.call_id != call_id for other in self._keepers.values()):
            await self._duties.put(call_id)

    def _agents_in(self, call_id: str) -> bool:
        return any(
            keeper.party.call_id == call_id and keeper.party.leg is Leg.AGENT
            for keeper in self._keepers.values()
        )

    async def _forget(self, call_id: str) -> None:
        try:
            await self._transcriber.forget(call_id)
        except Exception as error:  # noqa: BLE001 - the recogniser's trouble ends no tap
            log.info("call %s: not forgotten by the recogniser (%s)", call_id, type(error).__name__)
