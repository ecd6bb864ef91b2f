"""Packets every 20 ms, by the arithmetic alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.pacer import Pacer


def run(pacer: Pacer, lates: list[float], start: float = 100.0) -> list[float]:
    """Send a packet for each lateness; returns when they were due."""
    due, now = [], start
    for late in lates:
        now += pacer.wait(now)
        due.append(now)
        now += late
        pacer.sent(now)
    return due


@given(lates=st.lists(st.floats(0, 0.019), min_size=1, max_size=200))
def test_lateness_does_not_add_up(lates):
    pacer = Pacer(100.0)
    for number, moment in enumerate(run(pacer, lates)):
        assert moment == pytest.approx(100 + 0.02 * number, abs=1e-6)
    assert pacer.pacing().skips == 0


def test_a_short_stall_is_made_up_for_and_a_long_one_is_given_up():
    pacer = Pacer(0.0)
    run(pacer, [0.1], start=0.0)
    assert pacer.wait(0.1) == 0.0  # four are due at once
    assert pacer.pacing().skips == 0
    pacer = Pacer(0.0)
    run(pacer, [1.0], start=0.0)
    assert pacer.wait(1.0) == pytest.approx(0.02)  # not fifty at once
    assert pacer.pacing().skips == 1


def test_lateness_is_reported():
    pacer = Pacer(0.0)
    assert pacer.pacing().packets == 0
    run(pacer, [0.001, 0.003], start=0.0)
    report = pacer.pacing()
    assert (report.packets, report.skips) == (2, 0)
    assert report.mean_late_ms == pytest.approx(2)
    assert report.worst_late_ms == pytest.approx(3)
