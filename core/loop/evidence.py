"""What a measure of article 47 stands on: calls that were talked, tickets that were told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from core.loop.errors import EvidenceMissing, EvidenceUsed
from core.loop.measures import view
from core.store.loop_tables import AbuseRow
from core.store.tables import CallRow, RecordingRow, SegmentRow, TicketRow
from core.store.vault import RecordErased, Vault


@dataclass(slots=True)
class Evidence:
    """Pieces are ids of calls and numbers of tickets."""

    session: Session
    vault: Vault

    def check(
        self, digest: str, pieces: Sequence[str], least: int, used: frozenset[str] = frozenset()
    ) -> None:
        """Enough different ones beside those ``used`` before, each of this number and with
        something said in it.

        Raises ``EvidenceMissing``, ``EvidenceUsed``.
        """
        wrong = [piece for piece in pieces if not self._tells(digest, piece)]
        if wrong:
            raise EvidenceMissing("not a talk or ticket of this number", pieces=wrong)
        if len(set(pieces)) < least:
            raise EvidenceMissing(given=len(set(pieces)), least=least)
        if len(set(pieces) - used) < least:
            raise EvidenceUsed(used=sorted(set(pieces) & used), least=least)

    def _tells(self, digest: str, piece: str) -> bool:
        call = self.session.get(CallRow, piece)
        if call is not None:
            # A call that nobody answered is a count, and a count is no evidence.
            return call.caller_digest == digest and call.connected_at is not None
        ticket = self.session.get(TicketRow, piece)
        # A contact number may be somebody else's, if the caller's own is known.
        return ticket is not None and digest == (ticket.caller_digest or ticket.contact_digest)

    def package(self, row: AbuseRow, earlier: list[AbuseRow], now: datetime) -> dict[str, Any]:
        """Ids, times and SHA-256 digests: what is handed over can be proved unchanged later.

        Holds neither words nor the number; ``digest`` covers all the rest.
        """
        content: dict[str, Any] = {
            "measure": _plain(row, now),
            "number_digest": row.caller_digest,
            "earlier": [_plain(one, now) for one in earlier if one.id != row.id],
            "pieces": [self._piece(piece) for piece in row.evidence],
            "exported_at": now.isoformat(),
        }
        return content | {"digest": canonical(content)}

    def _piece(self, piece: str) -> dict[str, Any]:
        call = self.session.get(CallRow, piece)
        if call is not None:
            return self._call(call)
        ticket = self.session.get_one(TicketRow, piece)
        return {
            "kind": "ticket",
            "id": ticket.number,
            "created_at": ticket.created_at.isoformat(),
            "type": ticket.type,
            "category": ticket.category,
            "sha256": self._digest(ticket.number, [ticket.fields_sealed]),
        }

    def _call(self, call: CallRow) -> dict[str, Any]:
        said = self.session.exec(
            select(SegmentRow)
            .where(SegmentRow.call_id == call.id)
            .order_by(col(SegmentRow.start_ms), col(SegmentRow.id))
        ).all()
        kept = self.session.exec(
            select(RecordingRow).where(RecordingRow.call_id == call.id).order_by(RecordingRow.leg)
        ).all()
        return {
            "kind": "call",
            "id": call.id,
            "agent": call.agent,
            **{
                name: moment.isoformat() if (moment := getattr(call, name)) else None
                for name in ("arrived_at", "connected_at", "ended_at")
            },
            "segments": len(said),
            "sha256": self._digest(call.id, [one.text_sealed for one in said]),
            "recordings": {one.leg: one.file for one in kept if not one.erase},
        }

    def _digest(self, record: str, sealed: list[bytes]) -> str | None:
        """None where the text was lawfully deleted."""
        try:
            texts = [self.vault.open(self.session, record, one) for one in sealed]
        except RecordErased:
            return None
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def canonical(content: dict[str, Any]) -> str:
    """SHA-256 of the content as JSON with sorted keys and no blanks."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(row: AbuseRow, now: datetime) -> dict[str, Any]:
    return view(row, now).model_dump(mode="json")
