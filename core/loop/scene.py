"""What an act plays in: one ticket, one person, one moment, one unit of work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from core.loop.errors import ReasonUnknown
from core.loop.repository import LoopRepository
from core.loop.states import TicketState
from core.policy.book import Policy
from core.policy.limits import Reason
from core.ports import Viewer
from core.search.blind import keep_words
from core.store.tables import TicketRow
from core.store.vault import Vault

R = TypeVar("R", bound=Reason)


class Body(BaseModel):
    """Base of what an act is given from outside."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act. ``target`` None: the state stays.

    ``reason`` is a code, ``words`` free text (sealed), ``details`` ids and figures only.
    ``article`` only where it is another than the act's own.
    """

    target: TicketState | None = None
    reason: str = ""
    words: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    article: str | None = None


def _nothing_new(fields: Mapping[str, JsonValue]) -> TicketRow:
    raise RuntimeError("no ticket is registered from here")


def _no_other(version: str) -> Policy:
    raise RuntimeError("no other ticket is reached from here")


@dataclass(slots=True)
class Scene:
    """An act changes the ticket's row and what hangs on it through this, and nothing else.

    ``now`` never lies before the ticket's last step, whatever the machine's clock does.
    ``split_off`` registers another ticket of the same caller, ``rules_of`` are the rules by which
    another ticket goes.
    """

    viewer: Viewer
    now: datetime
    policy: Policy
    ticket: TicketRow
    rows: LoopRepository
    vault: Vault
    split_off: Callable[[Mapping[str, JsonValue]], TicketRow] = _nothing_new
    rules_of: Callable[[str], Policy] = _no_other

    @property
    def number(self) -> str:
        return self.ticket.number

    @property
    def state(self) -> TicketState:
        return TicketState(self.ticket.state)

    def fields(self) -> dict[str, JsonValue]:
        """The ticket's form as it stands."""
        text = self.vault.open(self.rows.session, self.number, self.ticket.fields_sealed)
        fields: dict[str, JsonValue] = json.loads(text)
        return fields

    def put_fields(self, fields: dict[str, JsonValue]) -> None:
        """Seal the form as it now stands; the ticket is found by its words and no others."""
        text = json.dumps(fields, ensure_ascii=False)
        self.ticket.fields_sealed = self.vault.seal(self.rows.session, self.number, text)
        keep_words(self.rows.session, self.vault, self.number, fields)

    def seal(self, words: str | None) -> bytes | None:
        """Free text under the ticket's key; None stays None, and of a state secret none is kept."""
        return (
            None
            if not words or self.ticket.secrecy >= 3
            else self.vault.seal(self.rows.session, self.number, words)
        )

    def tell(self, template: str, *, unit: str = "", **values: str) -> None:
        """Owe somebody a notice; it is sent after the commit (``core.notices``).

        ``values`` are ids, dates and names of the rules, never a caller's words.
        """
        notice = self.policy.conduct.template(template)
        if notice is None:  # checked when the rules are loaded
            raise KeyError(template)
        recipient = notice.recipient
        self.rows.add_notice(
            number=self.number,
            template=template,
            recipient=f"{recipient}:{unit}" if unit else recipient,
            channel=notice.channel,
            text=self.vault.seal(
                self.rows.session,
                self.number,
                notice.text.format_map({"number": self.number, **values}),
            ),
            at=self.now,
        )

    def day(self, moment: datetime | None) -> str:
        """A moment as people are told it, in the city's time."""
        if moment is None:
            return ""
        return moment.astimezone(self.policy.calendar.zone).strftime("%Y-%m-%d %H:%M")


def known(reasons: Iterable[R], key: str) -> R:
    """The reason of that key. Raises ``ReasonUnknown``."""
    for reason in reasons:
        if reason.key == key:
            return reason
    raise ReasonUnknown(reason=key)
