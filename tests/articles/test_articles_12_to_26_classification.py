"""Articles 12 to 26, classified handling: a decision table without gaps and conflicts."""

from __future__ import annotations

from itertools import product

import pytest

from core.policy import PolicyBook
from tests.core.loop.city import City


@pytest.mark.requirement("R13")
async def test_every_cell_of_the_table_has_exactly_one_row(city: City) -> None:
    policy = city.policies.versions[-1]
    pack = policy.pack
    cells = (
        tuple(rule.name for rule in pack.rules.types),
        pack.rules.urgencies,
        tuple(path.leaf.code for path in pack.taxonomy.paths()),
    )
    assert policy.matrix.faults(*cells) == []
    for kind, urgency, code in product(*cells):
        for enterprise in (False, True):
            assert policy.matrix.row(kind, urgency, code, enterprise) is not None
    ordinary, *others = policy.matrix.rows
    gap = policy.matrix.model_copy(update={"rows": tuple(others)})
    assert gap.faults(*cells), "a table without its general row has gaps"
    twin = ordinary.model_copy(update={"key": "twin"})
    conflict = policy.matrix.model_copy(update={"rows": (twin, *policy.matrix.rows)})
    assert conflict.faults(*cells), "two rows that decide alike are a conflict"


@pytest.mark.requirement("R13")
async def test_a_ticket_says_which_row_decided_and_why(city: City) -> None:
    number = await city.classified(
        type="投诉", category=["企业服务", "营商环境", "吃拿卡要"], subject="企业"
    )
    ticket = await city.ticket(number)
    assert (ticket.route, ticket.fast_track) == ("business_environment", True)
    step = (await city.history(number))[-1]
    assert step.article == "32"
    assert step.details["ways"] == ["dispatch"]
    book: PolicyBook = city.policies
    row = next(row for row in book.versions[-1].matrix.rows if row.key == ticket.route)
    assert "一把手" in row.why
