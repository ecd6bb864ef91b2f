"""One call's story: what is heard of it, turned into facts that are legal and never told twice.

Pure: no clock, no sink. Whatever comes late, twice or not at all, the facts that leave follow
``core.calls.CALL_TRANSITIONS``; a step that was missed is told when the next one proves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.calls import (
    CALL_TRANSITIONS,
    CallConnected,
    CallEnded,
    CallFact,
    CallOffered,
    CallQueued,
    CallState,
    OfferMissed,
    QueueLeft,
    TalkEnded,
)
from core.transitions import advance

# The reason of an end that nobody saw: events were lost, or Asterisk does not say.
UNSEEN = ""

Facts = list[CallFact]


@dataclass(frozen=True, slots=True)
class Talk:
    agent: str
    channel: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands in a snapshot.

    ``queue``: where it waits or, in a talk, came from; ``ringing``: whose telephones ring for it;
    ``waiting``: it has a place in the queue.
    """

    queue: str = UNSEEN
    waiting: bool = False
    ringing: frozenset[str] = frozenset()
    talk: Talk | None = None


@dataclass(slots=True)
class CallStory:
    call_id: str
    state: CallState = CallState.ARRIVED
    queue: str = UNSEEN
    talk: Talk | None = None
    ringing: list[str] = field(default_factory=list)
    answering: bool = False  # a telephone was picked up: leaving the queue now means the talk
    leaving: str | None = None  # left the queue while answering; the reason, should no talk follow

    def queued(self, at: datetime, queue: str) -> Facts:
        if self.state is CallState.ENDED:
            return []
        facts = self._settle(at)
        if self.state in (CallState.QUEUED, CallState.OFFERED) and queue == self.queue:
            return facts
        if self.talk is not None:
            facts += self.talk_ended(at, self.talk.agent, UNSEEN)
        self.ringing.clear()
        self._become(CallState.QUEUED)
        self.queue = queue
        return [*facts, CallQueued(self.call_id, at, queue)]

    def offered(self, at: datetime, agent: str, queue: str) -> Facts:
        """An agent's telephone rings. During a talk this is old news of another telephone."""
        if self.state in (CallState.CONNECTED, CallState.ENDED) or agent in self.ringing:
            return []
        facts = self.queued(at, queue)
        self._become(CallState.OFFERED)
        self.ringing.append(agent)
        return [*facts, CallOffered(self.call_id, at, agent, queue)]

    def missed(self, at: datetime, agent: str) -> Facts:
        if agent not in self.ringing:
            return []
        self.ringing.remove(agent)
        if not self.ringing:
            self._become(CallState.QUEUED)
            self.answering = False
        return [OfferMissed(self.call_id, at, agent)]

    def picked_up(self, agent: str) -> None:
        self.answering = self.answering or agent in self.ringing

    def left(self, at: datetime, reason: str) -> Facts:
        """The caller has no place in the queue any more: for a talk, or for good.

        Telephones that rang for him have missed nothing, so nothing is told of them.
        """
        if self.state not in (CallState.QUEUED, CallState.OFFERED):
            return []
        if self.answering:
            self.leaving = reason
            return []
        self.ringing.clear()
        self._become(CallState.ARRIVED)
        return [QueueLeft(self.call_id, at, self.queue, reason)]

    def connected(self, at: datetime, talk: Talk, queue: str) -> Facts:
        if talk == self.talk or self.state is CallState.ENDED:
            return []
        self.answering, self.leaving = False, None
        facts: Facts = []
        if self.state is CallState.ARRIVED:
            facts = self.queued(at, queue)
        self.ringing.clear()
        self.queue = queue
        self.talk = talk
        self._become(CallState.CONNECTED)
        return [*facts, CallConnected(self.call_id, at, talk.agent, queue, talk.channel)]

    def talk_ended(self, at: datetime, agent: str, reason: str) -> Facts:
        if self.talk is None or self.talk.agent != agent:
            return []
        self.talk = None
        self._become(CallState.ARRIVED)
        return [TalkEnded(self.call_id, at, agent, reason)]

    def ended(self, at: datetime, cause: int) -> Facts:
        if self.state is CallState.ENDED:
            return []
        facts = self._settle(at)
        self._become(CallState.ENDED)
        self.talk = None
        self.ringing.clear()
        return [*facts, CallEnded(self.call_id, at, cause)]

    def stands(self, at: datetime, now: Standing) -> Facts:
        """Tell what must have happened for the call to stand as it does."""
        if now.talk is not None:
            return self.connected(at, now.talk, now.queue)
        facts: Facts = []
        if now.waiting:
            facts += self.queued(at, now.queue)
            for agent in [agent for agent in self.ringing if agent not in now.ringing]:
                facts += self.missed(at, agent)
            for agent in sorted(now.ringing):
                facts += self.offered(at, agent, now.queue)
            return facts
        if self.talk is not None:
            facts += self.talk_ended(at, self.talk.agent, UNSEEN)
        self.answering = False
        return [*facts, *self.left(at, UNSEEN)]

    def _settle(self, at: datetime) -> Facts:
        """A talk that was about to begin has not: say that the queue was left."""
        reason, self.leaving, self.answering = self.leaving, None, False
        return [] if reason is None else self.left(at, reason)

    def _become(self, state: CallState) -> None:
        self.state = advance(CALL_TRANSITIONS, self.state, state)
