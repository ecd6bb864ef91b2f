"""What the shelf says of the rules that it holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.policy import PolicyBook
from core.policy.shelf import PolicyShelf
from tests.core.conftest import ManualClock


@pytest.mark.parametrize(
    ("moment", "missing"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), ()),
        (datetime(2031, 3, 2, tzinfo=UTC), ("2031",)),
        (datetime(2031, 11, 2, tzinfo=UTC), ("2031", "2032")),
    ],
)
def test_a_year_without_a_calendar_is_told(
    policies: PolicyBook, moment: datetime, missing: tuple[str, ...]
) -> None:
    clock = ManualClock()
    clock.moment = moment

    async def nobody() -> tuple[str, ...]:
        return ()

    told = PolicyShelf(policies, tuple, nobody, clock).years_missing()
    assert len(told) == len(missing)
    assert all(year in detail for year, detail in zip(missing, told, strict=True))
