"""Article 47: persuade, warn, limit, hand over to the police - each by two people, on evidence.

Nothing is ever taken by itself: a person proposes, a supervisor who is another one decides, and a
third may review. A limit ends by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.errors import Invalid
from core.loop.columns import caller_digest, phone
from core.loop.errors import AskedAlready, NothingAsked, OwnDecision, StepMissing
from core.loop.evidence import Evidence
from core.loop.measures import MEASURE_TRANSITIONS, Measures, MeasureState, record_of, state_at
from core.loop.repository import LoopRepository
from core.loop.scene import known
from core.policy.book import Policy, PolicyBook
from core.policy.conduct import Measure
from core.policy.deadlines import due
from core.ports import Viewer
from core.store.loop_tables import AbuseRow
from core.store.vault import Vault
from core.transitions import advance

# What a measure says beside the talk itself: persuaded and warned is who is on the line.
TOLD = {"limit": "limited", "police": "to_police"}


@dataclass(slots=True)
class Proceedings:
    """One person's act on one measure, inside a unit of work. Whether his role may is checked."""

    session: Session
    viewer: Viewer
    policies: PolicyBook
    vault: Vault
    now: datetime

    def propose(
        self, number: str, measure: str, reason: str, words: str, pieces: tuple[str, ...]
    ) -> AbuseRow:
        """Raises ``Invalid``, ``ReasonUnknown``, ``EvidenceMissing``, ``EvidenceUsed``,
        ``StepMissing``, ``AskedAlready``."""
        digest = caller_digest(self.vault, number)
        if digest is None:
            raise Invalid("a measure is against a number")
        policy, measures = self.policies.at(self.now), Measures(self.session)
        rule = _rule(policy, measure)
        known(policy.conduct.abuse, reason)
        self._check_order(rule, digest)
        if measures.proposed(digest, measure):
            raise AskedAlready(measure=measure)
        self._check_evidence(policy, rule, digest, pieces)
        row = AbuseRow(
            caller_digest=digest,
            measure=measure,
            proposed_by=self.viewer.agent,
            at=self.now,
            reason=reason,
            evidence=list(dict.fromkeys(pieces)),
            policy=policy.version,
        )
        self.session.add(row)
        self.session.flush()
        row.number_sealed = self._seal(row, phone(number))
        row.words_sealed = self._seal(row, words)
        return row

    def decide(self, id: int, granted: bool, words: str) -> AbuseRow:
        """Raises ``NotFound``, ``OwnDecision``, ``StepMissing``, ``EvidenceMissing``,
        ``EvidenceUsed``, ``IllegalTransition``."""
        row = Measures(self.session).row(id)
        if row.proposed_by == self.viewer.agent:
            raise OwnDecision(measure=id)
        if granted and row.state == S.PROPOSED.value:
            self._check_again(row)
        _move(row, MeasureState(row.state), S.IN_FORCE if granted else S.DISMISSED)
        row.decided_by, row.decided_at = self.viewer.agent, self.now
        row.decision_sealed = self._seal(row, words)
        if granted:
            policy = self.policies.named(row.policy)
            rule = _rule(policy, row.measure)
            if rule.lasts is not None:
                row.until = due(policy.calendar, self.now, rule.lasts)
            self._tell(policy, row)
        return row

    def ask_review(self, id: int) -> AbuseRow:
        """Raises ``NotFound``, ``AskedAlready``, ``NothingAsked`` where nothing is in force."""
        row = Measures(self.session).row(id)
        if state_at(row, self.now) is not S.IN_FORCE:
            raise NothingAsked(measure=id)
        if row.review_asked_at is not None:
            raise AskedAlready(measure=id)
        row.review_asked_by, row.review_asked_at = self.viewer.agent, self.now
        return row

    def review(self, id: int, upheld: bool, words: str) -> AbuseRow:
        """Not upheld: lifted, as if it had never been. Raises ``NotFound``, ``NothingAsked``,
        ``OwnDecision``."""
        row = Measures(self.session).row(id)
        if row.review_asked_at is None or row.reviewed_at is not None:
            raise NothingAsked(measure=id)
        if self.viewer.agent in (row.proposed_by, row.decided_by):
            raise OwnDecision(measure=id)
        if not upheld:
            _move(row, state_at(row, self.now), S.LIFTED)
        row.reviewed_by, row.reviewed_at = self.viewer.agent, self.now
        row.review_sealed = self._seal(row, words)
        return row

    def _check_again(self, row: AbuseRow) -> None:
        """Meanwhile the milder measure may have been lifted, another one taken on the same
        evidence, or that deleted."""
        policy = self.policies.named(row.policy)
        rule = _rule(policy, row.measure)
        self._check_order(rule, row.caller_digest)
        self._check_evidence(policy, rule, row.caller_digest, row.evidence)

    def _check_evidence(
        self, policy: Policy, rule: Measure, digest: str, pieces: Sequence[str]
    ) -> None:
        used = Measures(self.session).carried(digest, policy.conduct.carried_by(rule))
        Evidence(self.session, self.vault).check(digest, pieces, rule.evidence, used)

    def _check_order(self, rule: Measure, digest: str) -> None:
        if rule.after is not None and not Measures(self.session).taken(digest, rule.after):
            raise StepMissing(measure=rule.key, after=rule.after)

    def _tell(self, policy: Policy, row: AbuseRow) -> None:
        template = TOLD.get(row.measure)
        if template is None:
            return
        notice = policy.conduct.template(template)
        if notice is None:  # checked when the rules are loaded
            raise KeyError(template)
        until = row.until.astimezone(policy.calendar.zone) if row.until else None
        values = {"until": f"{until:%Y-%m-%d %H:%M}" if until else "", "case": record_of(row)}
        LoopRepository(self.session).add_notice(
            number=record_of(row),
            template=template,
            recipient=notice.recipient,
            channel=notice.channel,
            text=self._seal(row, notice.text.format_map(values)),
            at=self.now,
            address=row.number_sealed if notice.recipient == "caller" else None,
        )

    def _seal(self, row: AbuseRow, words: str) -> bytes:
        return self.vault.seal(self.session, record_of(row), words)


S = MeasureState


def _rule(policy: Policy, measure: str) -> Measure:
    rule = policy.conduct.measure(measure)
    if rule is None:
        raise Invalid("the rules know no such measure")
    return rule


def _move(row: AbuseRow, current: MeasureState, target: MeasureState) -> None:
    row.state = advance(MEASURE_TRANSITIONS, current, target).value
