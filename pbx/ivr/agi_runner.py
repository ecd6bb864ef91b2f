"""Runs one call's walk over its AGI session: effects out, keys in, the decision set, let go.

Whatever goes wrong here leaves no decision, and the dialplan leads the caller to people.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.calls import CallArrived, CallRated, FlowTaken
from core.clock import Clock
from core.errors import HotlineError
from core.pack.model import CityPack, Line
from core.ports import FactSink
from pbx.agi.errors import AgiDead, AgiHangup
from pbx.agi.session import AgiSession
from pbx.ivr.arrival import Arrival, read_arrival
from pbx.ivr.book import FlowBook, FlowVersion
from pbx.ivr.effects import Decision, HangUp, NoDecision, Rated, ReadKey, Route, Say
from pbx.ivr.errors import CallUnknown, FlowFailed, FlowUnknown, ResumeTokenInvalid
from pbx.ivr.facts import FactPost
from pbx.ivr.player import Player
from pbx.ivr.prompts import PromptBook
from pbx.ivr.token import ResumeToken
from pbx.ivr.walk import TALK_ENDED, Journey, Walk, Walker

log = logging.getLogger(__name__)

START = "start"

_CALL_ID = re.compile(r"[0-9A-Fa-f-]{36}")


@dataclass(frozen=True, slots=True)
class _Call:
    """One AGI session of one call."""

    id: str
    session: AgiSession
    post: FactPost


@dataclass(frozen=True, slots=True)
class IvrRunner:
    """The handler of the FastAGI server: ``await runner(session)``, once per session.

    ``watchdog_seconds``: what the dialplan's watchdog allows beyond a prompt or a wait for a key.
    ``fact_seconds``: what the store gets for one fact; the caller does not wait for it.
    """

    book: FlowBook
    pack: CityPack
    prompts: PromptBook
    facts: FactSink
    clock: Clock
    watchdog_seconds: float
    fact_seconds: float = 5.0

    async def __call__(self, session: AgiSession) -> None:
        """Decide on one call. Raises only ``CallUnknown`` and ``CancelledError``."""
        call_id = session.environment.argument(1)
        if not _CALL_ID.fullmatch(call_id):
            raise CallUnknown("an AGI session without a call id")
        async with FactPost(self.facts, self.fact_seconds) as post:
            try:
                await self._decide(_Call(call_id, session, post))
            except (AgiHangup, AgiDead) as error:
                # With AGIEXITONHANGUP a hang-up between two commands is a closed connection.
                log.info("%s: call %s left during its flow", error.error_id, call_id)
            except HotlineError as error:
                log.warning("%s: no decision on call %s", error.error_id, call_id)
            except Exception as error:  # noqa: BLE001 - any fault leads the caller to a person
                # Not the message: it may hold what a caller said or pressed.
                place = _place(error)
                log.error("%s: no decision on call %s: %s", FlowFailed.error_id, call_id, place)
            await session.close()  # the caller goes on now; the facts may take longer

    async def _decide(self, call: _Call) -> None:
        arrival = await read_arrival(call.session)
        line = self.pack.line_for(arrival.dialled)
        stage = call.session.environment.argument(2)
        if stage == START:
            call.post.put(self._arrived(call.id, arrival, line))
            version = self.book.current(line.flow)
            walker = Walker(version.flow, line, self.pack, Journey(enterprise=line.enterprise))
            walk = walker.begin()
        else:
            try:
                token = ResumeToken.decode(stage)
                version = self.book.pinned(token.flow, token.digest)
            except (ResumeTokenInvalid, FlowUnknown) as error:
                if arrival.queue_status != TALK_ENDED:
                    raise  # no decision: straight to a person
                log.warning("%s: call %s ends without a rating", error.error_id, call.id)
                await call.session.set_variables(_variables(HangUp(), ""))
                return
            walker = Walker(version.flow, line, self.pack, token.journey())
            walk = walker.resume(token.step, arrival.queue_status)
        decision = await self._run(call, walk)
        await self._settle(call, decision, version, walker.journey)

    async def _run(self, call: _Call, walk: Walk) -> Decision:
        player = Player(call.session, self.prompts, self.watchdog_seconds)
        key: str | None = None
        while True:
            try:
                effect = walk.send(key)
            except StopIteration as end:
                decision: Decision = end.value
                return decision
            key = None
            match effect:
                case Say():
                    key = await player.say(effect)
                case ReadKey():
                    key = await player.read_key(effect)
                case Rated():
                    call.post.put(CallRated(call.id, self.clock.now(), effect.key))

    async def _settle(
        self, call: _Call, decision: Decision, version: FlowVersion, journey: Journey
    ) -> None:
        if isinstance(decision, NoDecision):
            log.warning("%s: no decision on call %s", decision.reason, call.id)
            return
        await call.session.set_variables(_variables(decision, _token(decision, version, journey)))
        if isinstance(decision, Route):
            call.post.put(
                FlowTaken(
                    call.id,
                    self.clock.now(),
                    flow=version.flow.flow,
                    keys=journey.keys,
                    queue=decision.queue,
                    enterprise=journey.enterprise,
                )
            )

    def _arrived(self, call_id: str, arrival: Arrival, line: Line) -> CallArrived:
        return CallArrived(
            call_id,
            self.clock.now(),
            dialled=arrival.dialled,
            source_line=line.key,
            caller_number=arrival.caller_number,
            caller_name=arrival.caller_name,
            channel=arrival.channel,
            linkedid=arrival.linkedid,
        )


def _token(decision: Decision, version: FlowVersion, journey: Journey) -> str:
    """The resume token to leave behind; empty when the dialplan needs not come back."""
    if not isinstance(decision, Route) or decision.resume_step is None:
        return ""
    return ResumeToken(
        flow=version.flow.flow,
        digest=version.digest,
        step=decision.resume_step,
        enterprise=journey.enterprise,
        keys=journey.keys,
        queues=journey.queues,
    ).encode()


def _variables(decision: Route | HangUp, token: str) -> Mapping[str, str]:
    """The decision as the dialplan reads it; all of them, so that nothing old stays."""
    route = decision if isinstance(decision, Route) else None
    timeout = route.timeout_seconds if route else None
    return {
        "HOTLINE_ACTION": "queue" if route else "hangup",
        "HOTLINE_QUEUE": route.queue if route else "",
        "HOTLINE_PRIORITY": str(route.priority) if route else "",
        "HOTLINE_TIMEOUT": "" if timeout is None else str(timeout),
        "HOTLINE_RESUME": token,
    }


def _place(error: Exception) -> str:
    """What failed where, without the error's own words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
