"""What the console needs of the offices of the work-order side; ``core.desk.offices`` has them.

As in ``core.ports.WorkDesk`` everything is checked against the viewer's role and place and written
to the access log by the office itself; what each method raises is told where it is implemented.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from pydantic import SecretStr

from core.loop.hearings import HearingAsked, HearingDecided, HearingView
from core.loop.measures import MeasureView
from core.loop.meetings import CallMeeting, HoldMeeting, ResolveMeeting
from core.loop.shares import Period, Rates, Slice
from core.loop.views import MeetingView, WaitingPage
from core.people.access import Verdict
from core.people.accounts import AccountForm, AccountView, NewAccount
from core.people.audit import AccessLine
from core.ports import Viewer, WorkDesk


class MeetingDesk(Protocol):
    """Joint meetings about tickets (article 21)."""

    async def call(self, viewer: Viewer, body: CallMeeting) -> MeetingView: ...

    async def hold(self, viewer: Viewer, meeting: int, body: HoldMeeting) -> MeetingView: ...

    async def resolve(self, viewer: Viewer, meeting: int, body: ResolveMeeting) -> MeetingView: ...

    async def meeting(self, viewer: Viewer, meeting: int) -> MeetingView: ...

    async def meetings(self, viewer: Viewer, before: int = ...) -> tuple[MeetingView, ...]: ...


class MeasureDesk(Protocol):
    """Measures against numbers that abuse the line (article 47)."""

    async def propose(
        self,
        viewer: Viewer,
        number: str,
        measure: str,
        reason: str,
        words: str,
        evidence: tuple[str, ...],
    ) -> MeasureView: ...

    async def decide(self, viewer: Viewer, id: int, granted: bool, words: str) -> MeasureView: ...

    async def ask_review(self, viewer: Viewer, id: int) -> MeasureView: ...

    async def review(self, viewer: Viewer, id: int, upheld: bool, words: str) -> MeasureView: ...

    async def to_decide(self, viewer: Viewer) -> tuple[MeasureView, ...]: ...

    async def package(self, viewer: Viewer, id: int) -> dict[str, Any]: ...


class HearingDesk(Protocol):
    """Hearing the recording of a confidential matter by approval (article 39)."""

    async def ask(self, viewer: Viewer, number: str, body: HearingAsked) -> HearingView: ...

    async def decide(self, viewer: Viewer, number: str, body: HearingDecided) -> HearingView: ...

    async def requests(self, viewer: Viewer, number: str) -> list[HearingView]: ...


class AccountDesk(Protocol):
    """Who may log in, as what (articles 4 to 6)."""

    async def accounts(self, viewer: Viewer, after: str = "") -> list[AccountView]: ...

    async def create(self, viewer: Viewer, form: NewAccount) -> AccountView: ...

    async def change(self, viewer: Viewer, agent: str, form: AccountForm) -> AccountView: ...

    async def deactivate(self, viewer: Viewer, agent: str) -> AccountView: ...

    async def activate(self, viewer: Viewer, agent: str) -> AccountView: ...

    async def reset_password(self, viewer: Viewer, agent: str, password: SecretStr) -> None: ...


class AuditDesk(Protocol):
    """Who has seen a ticket, and whether the log of it is whole (article 48)."""

    async def who_saw(self, viewer: Viewer, number: str, after: int = 0) -> list[AccessLine]: ...

    async def verify(self, viewer: Viewer) -> Verdict: ...


class RatesOffice(Protocol):
    """The figures of a period (articles 38, 42)."""

    async def rates(
        self, viewer: Viewer, period: Period, by: Slice | None = None
    ) -> dict[str, Rates]: ...

    async def agents_ratings(self, viewer: Viewer, period: Period) -> dict[str, Counter[str]]: ...


class WaitingList(Protocol):
    """What waits for a decision or a word (articles 11, 12 to 27, 37)."""

    async def waiting(self, viewer: Viewer, after: str = ..., limit: int = ...) -> WaitingPage: ...


class ConsoleOffices(Protocol):
    """Where the console's routes lead, one office each."""

    @property
    def work(self) -> WorkDesk: ...

    @property
    def meetings(self) -> MeetingDesk: ...

    @property
    def abuse(self) -> MeasureDesk: ...

    @property
    def hearings(self) -> HearingDesk: ...

    @property
    def accounts(self) -> AccountDesk: ...

    @property
    def audit(self) -> AuditDesk: ...

    @property
    def rates(self) -> RatesOffice: ...

    @property
    def waiting(self) -> WaitingList: ...
