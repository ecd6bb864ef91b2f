"""What was promised is told once, tried again with growing pauses, and given up visibly."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.loop.states import Act
from core.notices import Retry
from core.notices.waiting import Waiting
from core.ports import Notice
from core.store.database import DatabaseAway
from core.store.loop_tables import NoticeRow
from tests.core.loop.city import AGENT, DISPATCHER, SUPERVISOR, City
from tests.core.notices.conftest import Gateway, Sending

MINUTE = timedelta(minutes=1)


async def rows(city: City, number: str) -> list[tuple[str, str]]:
    return [(row.template, row.state) for row in await city.notices(number)]


async def test_callers_are_told_at_the_number_they_left_and_units_by_name(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = await city.dispatched(contact_phone="+86 154 0000 0003")
    assert await sending().send_due() == 2
    told = {(one.template, one.recipient, one.address) for one in gateway.sent.values()}
    assert told == {
        ("registered", "caller", "15400000003"),
        ("dispatched", "unit:city_management", ""),
    }
    assert all(one.text and one.number == number for one in gateway.sent.values())
    assert await rows(city, number) == [("registered", "sent"), ("dispatched", "sent")]
    assert await sending().send_due() == 0
    assert gateway.tries == 2


async def test_without_a_number_left_the_one_that_called_is_told(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    await city.talk("c1", "+8615400000004")
    await city.desk.set_field(AGENT, "c1", "title", "路灯")
    await city.desk.set_field(AGENT, "c1", "contact_phone", None)
    await city.desk.submit(AGENT, "c1")
    await sending().send_due()
    assert [one.address for one in gateway.sent.values()] == ["15400000004"]


async def test_nobody_to_tell_is_a_failure_that_shows_at_once(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = await city.registers(contact_phone=None)
    await sending().send_due()
    (row,) = await city.notices(number)
    assert (row.state, row.receipt, row.attempts) == ("failed", "no_address", 1)
    failed = await city.sees_rows(lambda session: Waiting(session).failed(10))
    assert [one.id for one in failed] == [row.id]
    assert gateway.tries == 0


async def test_of_a_state_secret_nothing_is_sent_to_anybody(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = await city.dispatched()
    await city.does(SUPERVISOR, number, Act.SET_SECRECY, level=3)
    refused = await city.classified(category=["其他", "不予受理", "涉密"])
    await city.does(AGENT, refused, Act.REFUSE, ground="state_secret")
    await sending().send_due()
    assert gateway.sent == {}
    for one in (number, refused):
        assert {state for _, state in await rows(city, one)} == {"void"}


async def test_pauses_grow_and_end(city: City, sending: Sending, gateway: Gateway) -> None:
    gateway.fails = 99
    number = await city.registers()
    sender = sending(Retry(attempts=4, first=MINUTE, longest=3 * MINUTE))
    pauses = []
    for _ in range(4):
        assert await sender.send_due() == 1
        (row,) = await city.notices(number)
        if row.next_at is not None:
            pauses.append(row.next_at - city.clock.moment)
            city.clock.moment = row.next_at - timedelta(seconds=1)
            assert await sender.send_due() == 0, "not before its time"
            city.clock.moment = row.next_at
    assert pauses == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert (row.state, row.receipt, row.attempts) == ("failed", "unavailable", 4)
    city.later(days=30)
    assert await sender.send_due() == 0
    assert gateway.tries == 4


async def test_what_failed_first_is_sent_later_and_recorded_once(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    gateway.fails = 2
    number = await city.registers()
    sender = sending(Retry(first=MINUTE))
    for _ in range(3):
        await sender.send_due()
        city.later(hours=1)
    (row,) = await city.notices(number)
    assert (row.state, row.attempts, row.receipt) == ("sent", 3, f"receipt-{row.id}")
    assert len(gateway.sent) == 1


async def test_a_crash_between_sending_and_committing_sends_nothing_twice(
    city: City, sending: Sending, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await city.registers()
    dying = sending()

    async def dies(_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(dying, "_mark", dies)
    with pytest.raises(DatabaseAway):
        await dying.send_due()
    assert await rows(city, number) == [("registered", "waiting")]
    risen = sending()
    assert await risen.send_due() == 0, "it belongs to the dead one for a while"
    city.later(minutes=6)
    assert await risen.send_due() == 1
    assert (gateway.tries, len(gateway.sent)) == (2, 1), "the same key, the same notice"
    assert await rows(city, number) == [("registered", "sent")]


async def test_two_senders_share_the_work(city: City, sending: Sending, gateway: Gateway) -> None:
    for _ in range(6):
        await city.registers()
    taken = await asyncio.gather(*(sending(batch=4).send_due() for _ in range(3)))
    assert sum(taken) == 6
    assert (gateway.tries, len(gateway.sent)) == (6, 6)


async def test_a_batch_is_bounded(city: City, sending: Sending, gateway: Gateway) -> None:
    for _ in range(5):
        await city.registers()
    sender = sending(batch=2)
    assert [await sender.send_due() for _ in range(4)] == [2, 2, 1, 0]


async def test_a_gateway_that_hangs_is_a_failure(
    city: City, sending: Sending, monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    async def hangs(_: Gateway, notice: Notice) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(Gateway, "send", hangs)
    number = await city.registers()
    await sending(Retry(slow=timedelta(milliseconds=20))).send_due()
    (row,) = await city.notices(number)
    assert (row.state, row.receipt) == ("waiting", "notifier_slow")


async def test_what_was_lawfully_deleted_is_not_sent(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = await city.registers()
    vault = city.desk._vault
    await city.desk._database.write(lambda session: vault.erase(session, number))
    await sending().send_due()
    assert await rows(city, number) == [("registered", "void")]
    assert gateway.tries == 0


async def test_a_receipt_from_the_far_end_is_kept(city: City, sending: Sending) -> None:
    number = await city.registers()
    await sending().send_due()
    (row,) = await city.notices(number)
    assert row.id is not None
    id = row.id
    await city.desk._database.write(lambda session: Waiting(session).received(id))
    assert await rows(city, number) == [("registered", "received")]


async def test_a_limited_number_is_told_until_when(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = "15400000007"
    for call in ("c1", "c2", "c3", "c4"):
        await city.talk(call, number)
    for measure, *calls in (("persuade", "c1"), ("warn", "c2"), ("limit", "c3", "c4")):
        proposal = await city.desk.offices.abuse.propose(
            AGENT, number, measure, "harassment", "多次辱骂", tuple(calls)
        )
        await city.desk.offices.abuse.decide(SUPERVISOR, proposal.id, True, "同意")
    await sending().send_due()
    (notice,) = gateway.sent.values()
    assert (notice.template, notice.address, notice.channel) == ("limited", number, "call")
    assert "2026-01-19 23:59" in notice.text


async def test_the_run_goes_on_while_the_database_is_away(
    city: City, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, turns = sending(), 0
    sender._every = 0.001

    async def away() -> int:
        nonlocal turns
        turns += 1
        if turns < 4:
            raise DatabaseAway
        raise asyncio.CancelledError

    monkeypatch.setattr(sender, "send_due", away)
    with pytest.raises(asyncio.CancelledError):
        await sender.run()
    assert turns == 4


async def test_no_notice_holds_what_a_caller_said(
    city: City, sending: Sending, gateway: Gateway
) -> None:
    number = await city.classified()
    await city.does(AGENT, number, Act.REFUSE, ground="litigation", words="某某的私事")
    await city.dispatched()
    await sending().send_due()
    for notice in gateway.sent.values():
        for said in ("路灯", "测试人", "测试路", "私事"):
            assert said not in notice.text
    assert DISPATCHER.agent not in str(gateway.sent)


def test_a_row_says_which_states_a_notice_has() -> None:
    assert NoticeRow.model_fields["state"].default == "waiting"
