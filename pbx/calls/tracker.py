"""Turns what AMI tells of calls into facts, one story per call, keyed by its CALL_ID."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.calls import RecordingKept
from core.clock import Clock
from core.errors import HotlineError
from core.pack import CityPack
from core.ports import FactSink
from pbx.ami.api import Ami, AmiEvent, Gap, Snapshot
from pbx.calls.arrival import arrival
from pbx.calls.bridges import Bridges
from pbx.calls.channels import agent_at, agent_of, answered_of, call_of, is_callers
from pbx.calls.recordings import Recordings
from pbx.calls.stale import OpenCalls, stale_calls
from pbx.calls.standing import StandingCall, standing_calls
from pbx.calls.story import CallStory, Facts, Talk

log = logging.getLogger(__name__)

UNKNOWN_CAUSE = 0  # the end was not seen, so neither was its Q.850 cause
ABANDONED = "ABANDON"
# What proves that a call lives; the parting words of a call that we do not know prove nothing.
_SIGNS_OF_LIFE = {"MixMonitorStart", "QueueCallerJoin", "AgentCalled", "AgentConnect"}
_REMEMBERED_ENDS = 2048
_LOOK_SECONDS = 300.0


@dataclass(slots=True)
class _Tracked:
    """``uniqueid`` of the caller's channel; ``answered`` in seconds since the epoch."""

    story: CallStory
    uniqueid: str
    answered: float | None
    abandoned: bool = False


class CallTracker:
    """Implements ``AmiListener``. Its owner awaits ``run`` beside the link's.

    ``open_calls`` gives the ids that the desk believes to be open; those that Asterisk does not
    know any more ended while nobody looked.
    """

    def __init__(
        self,
        ami: Ami,
        sink: FactSink,
        pack: CityPack,
        recordings: Path,
        open_calls: OpenCalls,
        clock: Clock,
    ) -> None:
        self._ami = ami
        self._sink = sink
        self._pack = pack
        self._recordings = Recordings(recordings)
        self._open_calls = open_calls
        self._clock = clock
        self._calls: dict[str, _Tracked] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._bridges = Bridges()
        self._unsure = asyncio.Event()

    async def run(self) -> None:
        """Look for calls that ended unseen: after each snapshot, and now and then; until cancelled.

        Nobody saw the end of a call while our process was away, nor of one that only FastAGI told
        of while the link was down.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._unsure.wait()
            self._unsure.clear()
            await self.end_unseen()

    async def end_unseen(self) -> None:
        """End the calls that the desk believes to be open and Asterisk does not know any more."""
        for call_id in await stale_calls(self._ami, self._open_calls):
            if call_id not in self._calls and call_id not in self._ended:
                await self._end(_Tracked(CallStory(call_id), "", None), UNKNOWN_CAUSE)

    async def gap(self, gap: Gap) -> None:
        """Nothing to do: the snapshot that follows says what stands."""

    async def snapshot(self, snapshot: Snapshot) -> None:
        self._bridges.load(snapshot)
        self._unsure.set()
        standing = standing_calls(snapshot)
        for call_id, tracked in list(self._calls.items()):
            if call_id not in standing:
                await self._end(tracked, UNKNOWN_CAUSE)
        for call_id, call in standing.items():
            if call_id not in self._ended:
                await self._stands(call_id, call)

    async def event(self, event: AmiEvent) -> None:
        if event.name == "BridgeEnter":
            self._bridges.enter(event)
        elif event.name in ("BridgeLeave", "Hangup"):
            self._bridges.leave(event.get("Uniqueid"))
        call_id = call_of(event.channel_vars)
        if call_id is None or call_id in self._ended:
            return
        tracked = self._calls.get(call_id)
        if tracked is None:
            if event.name not in _SIGNS_OF_LIFE or not is_callers(event):
                return
            tracked = await self._begin(call_id, event)
        if event.name == "Hangup" and event.get("Uniqueid") == tracked.uniqueid:
            await self._end(tracked, _cause(event))
        else:
            await self._record(self._heard(tracked, event))

    def _heard(self, tracked: _Tracked, event: AmiEvent) -> Facts:
        now = self._clock.now()
        story = tracked.story
        agent = agent_at(event.get("Interface")) or ""
        match event.name:
            case "QueueCallerJoin":
                tracked.abandoned = False
                return story.queued(now, event.get("Queue"))
            case "AgentCalled" if agent:
                return story.offered(now, agent, event.get("Queue"))
            case "AgentRingNoAnswer":
                return story.missed(now, agent)
            case "DialEnd" if event.get("DialStatus") == "ANSWER":
                story.picked_up(agent_of(event.get("DestChannel")) or "")
            case "QueueCallerAbandon":
                tracked.abandoned = True
            case "QueueCallerLeave":
                return story.left(now, ABANDONED if tracked.abandoned else "")
            case "AgentConnect" if agent:
                talk = Talk(agent, event.get("DestChannel"))
                return story.connected(now, talk, event.get("Queue"))
            case "BridgeEnter":
                return self._joined(tracked, now)
            case "AgentComplete":
                return story.talk_ended(now, agent, event.get("Reason"))
            case "Hangup" if story.talk and story.talk.channel == event.get("Channel"):
                return story.talk_ended(now, story.talk.agent, "agent")
        return []

    def _joined(self, tracked: _Tracked, now: datetime) -> Facts:
        """Somebody entered a bridge: an agent whom no queue brought may talk to the caller now."""
        story = tracked.story
        present = self._bridges.with_channel(tracked.uniqueid)
        if story.talk is not None and story.talk.channel in present:
            return []
        for channel in present:
            if agent := agent_of(channel):
                return story.connected(now, Talk(agent, channel), story.queue)
        return []

    async def _begin(self, call_id: str, caller: AmiEvent) -> _Tracked:
        """Announce a call whose caller's channel this is. FastAGI may have done so before."""
        answered = answered_of(caller.channel_vars)
        tracked = _Tracked(CallStory(call_id), caller.get("Uniqueid"), answered)
        self._calls[call_id] = tracked
        await self._record([arrival(call_id, caller, self._pack, self._clock.now())])
        return tracked

    async def _stands(self, call_id: str, call: StandingCall) -> None:
        tracked = self._calls.get(call_id) or await self._begin(call_id, call.caller)
        await self._record(tracked.story.stands(self._clock.now(), call.standing))

    async def _end(self, tracked: _Tracked, cause: int) -> None:
        call_id = tracked.story.call_id
        self._calls.pop(call_id, None)
        self._ended[call_id] = None
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)
        now = self._clock.now()
        *before, end = tracked.story.ended(now, cause)
        kept = [
            RecordingKept(call_id, now, leg, file)
            for leg, file in await self._recordings.of(call_id, tracked.answered)
        ]
        await self._record([*before, *kept, end])

    async def _record(self, facts: Facts) -> None:
        """Hand facts over in order; one that the sink refuses does not keep back the others."""
        for fact in facts:
            try:
                await self._sink.record(fact)
            except HotlineError as refused:
                kind = type(fact).__name__
                log.error("call %s: %s not recorded (%s)", fact.call_id, kind, refused.error_id)


def _cause(event: AmiEvent) -> int:
    text = event.get("Cause")
    return int(text) if text.isdecimal() and len(text) <= 3 else UNKNOWN_CAUSE
