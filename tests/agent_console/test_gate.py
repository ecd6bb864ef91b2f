from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.errors import TooManyAttempts
from agent_console.gate import Allowance, LogInGate, Window


class HandClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def gate(clock: HandClock, agent: int = 3, address: int = 5, size: int = 100) -> LogInGate:
    return LogInGate(Window(agent, 60, size, clock), Window(address, 60, size, clock))


def test_an_agent_is_refused_after_too_many_attempts_and_let_in_when_time_has_passed() -> None:
    clock = HandClock()
    entry = gate(clock)
    for _ in range(3):
        entry.enter("8026", "192.0.2.1")
    clock.seconds = 12.5
    with pytest.raises(TooManyAttempts) as refused:
        entry.enter("8026", "192.0.2.2")
    assert refused.value.details == {"retry_after_seconds": 48}
    clock.seconds = 60.0
    entry.enter("8026", "192.0.2.2")


def test_an_address_is_refused_whatever_the_agent() -> None:
    entry = gate(HandClock())
    for number in range(5):
        entry.enter(f"80{number}", "192.0.2.1")
    with pytest.raises(TooManyAttempts):
        entry.enter("8099", "192.0.2.1")
    entry.enter("8099", "192.0.2.2")


def test_a_right_password_forgives_the_slips_of_the_agent_only() -> None:
    entry = gate(HandClock())
    for _ in range(5):
        entry.enter("8026", "192.0.2.1")
        entry.passed("8026")
    with pytest.raises(TooManyAttempts):
        entry.enter("8026", "192.0.2.1")


@given(st.lists(st.text(max_size=3), max_size=60))
def test_it_remembers_no_more_keys_than_allowed(keys: list[str]) -> None:
    window = Window(2, 60, 5, HandClock())
    for key in keys:
        window.take(key)
        assert len(window) <= 5


def test_an_allowance_is_spent_and_comes_back() -> None:
    clock = HandClock()
    allowance = Allowance(2.0, 3, clock)
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
    clock.seconds = 0.5
    assert [allowance.take() for _ in range(2)] == [True, False]
    clock.seconds = 1000
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
