"""``limits.yaml``: how long a unit has to sign for and to handle a ticket, what changes it."""

from __future__ import annotations

from pydantic import Field, model_validator

from core.pack.base import Key, Name, PackModel
from core.policy.figures import Count, Limit, Sourced


class When(PackModel):
    """Which tickets a row is for; what is not given does not matter."""

    types: tuple[Name, ...] = ()
    urgencies: tuple[Name, ...] = ()
    categories: tuple[str, ...] = ()  # codes or beginnings of codes
    enterprise: bool | None = None
    fast_track: bool | None = None

    def fits(
        self, *, type: str, urgency: str, category: str, enterprise: bool, fast_track: bool
    ) -> bool:
        return (
            (not self.types or type in self.types)
            and (not self.urgencies or urgency in self.urgencies)
            and (not self.categories or category.startswith(self.categories))
            and self.enterprise in (None, enterprise)
            and self.fast_track in (None, fast_track)
        )

    @property
    def always(self) -> bool:
        return self == When()


class TimeRow(PackModel):
    """The first row that fits a ticket dates it; the last one must fit all."""

    key: Key
    when: When = When()
    limit: Limit


class Reason(PackModel):
    """A lawful reason; its key goes into the ticket's history, its name is shown."""

    key: Key
    name: Name


class TerminationReason(Reason):
    """``callers``: the caller's own will; no unit has to ask for the termination."""

    callers: bool = False


class Returns(PackModel):
    """A unit may give a ticket back ``within``; after ``dispatches`` the hotline designates."""

    within: Limit
    dispatches: Count
    reasons: tuple[Reason, ...] = Field(min_length=1)


class Postponements(PackModel):
    """``most`` workdays in all. The hotline grants ``approvals`` on one ticket, whatever comes
    after them is decided one level higher."""

    most: Limit
    approvals: Count
    reasons: tuple[Reason, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _counted_in_workdays(self) -> Postponements:
        if self.most.unit != "workdays":
            raise ValueError("postponements are counted in workdays")
        return self


class Suspensions(PackModel):
    """Reviewed every ``review``; the only thing that stops a clock."""

    review: Limit
    reasons: tuple[Reason, ...] = Field(min_length=1)


class Terminations(PackModel):
    reasons: tuple[TerminationReason, ...] = Field(min_length=1)


class Sample(Sourced):
    """How many of a hundred answered tickets are followed up; 100 is all of them."""

    percent: int = Field(ge=1, le=100)


class Exemption(Reason):
    """Why a follow-up may be left out. ``void``: an answer that was given does not count."""

    void: bool = False


class FollowUps(PackModel):
    """``within`` the answer, at most ``attempts`` calls; ``redo`` times back to the unit."""

    sample: Sample

    within: Limit
    attempts: Count
    redo: Count
    levels: tuple[Name, ...] = Field(min_length=2)  # of the unit's rating, the best first
    satisfied: int = Field(ge=1)  # the levels up to this one count as satisfied
    exemptions: tuple[Exemption, ...] = Field(min_length=1)


class Limits(PackModel):
    """All of ``limits.yaml``."""

    sign: tuple[TimeRow, ...] = Field(min_length=1)
    handle: tuple[TimeRow, ...] = Field(min_length=1)
    returns: Returns
    postponements: Postponements
    suspensions: Suspensions
    terminations: Terminations
    follow_up: FollowUps

    @model_validator(mode="after")
    def _last_row_fits_all(self) -> Limits:
        for name, rows in (("sign", self.sign), ("handle", self.handle)):
            if not rows[-1].when.always:
                raise ValueError(f"{name}: the last row must fit every ticket")
            for row in rows[:-1]:
                if row.when.always:
                    raise ValueError(f"{name}: no row after {row.key} is ever reached")
        return self
