"""What an agent may do to himself, against a small ``app_queue``."""

import asyncio

import pytest

from core.errors import Conflict, NotFound
from pbx.ami.api import AmiRefused, AmiUnavailable
from pbx.queues import AmiSwitchboard
from pbx.queues.errors import PauseReasonInvalid, SwitchboardRefused
from pbx.queues.locks import AgentLocks
from pbx.settings import AgentSettings


def settings(number, **queues):
    return AgentSettings.model_validate(
        {"number": number, "name": f"座席{number}", "secret": "secret", "queues": queues}
    )


@pytest.fixture
def board(ami, queues):
    agents = [settings("1001", common=0, enterprise=3), settings("1002", nowhere=0, common=1)]
    return AmiSwitchboard(ami, agents, AgentLocks())


async def test_signing_in_joins_all_queues_at_their_levels(board, queues):
    await board.sign_in("1001")
    penalties = {key: member["Penalty"] for key, member in queues.members.items()}
    assert penalties == {("common", "PJSIP/1001"): "0", ("enterprise", "PJSIP/1001"): "3"}
    assert queues.members["common", "PJSIP/1001"]["MemberName"] == "1001"


async def test_signing_in_and_out_twice_is_fine(board, queues):
    await board.sign_in("1001")
    await board.sign_in("1001")
    assert len(queues.members) == 2
    await board.sign_out("1001")
    await board.sign_out("1001")
    assert queues.members == {}


async def test_a_queue_that_refuses_is_named_and_keeps_him_from_no_other(board, queues):
    with pytest.raises(SwitchboardRefused) as refused:
        await board.sign_in("1002")
    assert refused.value.details == {
        "agent": "1002",
        "refused": {"nowhere": "Unable to add interface to queue: No such queue"},
    }
    assert list(queues.members) == [("common", "PJSIP/1002")]


async def test_signing_out_leaves_queues_that_are_no_longer_his(board, queues, ami):
    await ami.action(
        "QueueAdd",
        {"Queue": "enterprise", "Interface": "PJSIP/1002", "MemberName": "1002", "Penalty": "0"},
    )
    await board.sign_out("1002")
    assert queues.members == {}


async def test_pausing_and_resuming(board, queues):
    await board.sign_in("1001")
    await board.pause("1001", "午餐")
    assert queues.paused("1001") == {"common": "午餐", "enterprise": "午餐"}
    await board.resume("1001")
    assert queues.paused("1001") == {}


@pytest.mark.parametrize("number", ["8888", "x", "", "1001\r\nAction: Hangup"])
@pytest.mark.parametrize("act", ["sign_in", "sign_out", "resume"])
async def test_an_unknown_agent_is_not_found(board, ami, number, act):
    with pytest.raises(NotFound):
        await getattr(board, act)(number)
    assert ami.sent == []


@pytest.mark.parametrize("act", ["pause", "resume"])
async def test_who_is_not_signed_in_cannot_pause(board, act):
    with pytest.raises(Conflict) as conflict:
        await getattr(board, act)("1001", *(["午餐"] if act == "pause" else []))
    assert conflict.value.error_id == "agent_not_signed_in"


@pytest.mark.parametrize("reason", ["", "wrap-up", "很" * 27])
async def test_a_reason_that_means_something_else_or_does_not_fit_is_invalid(board, reason):
    await board.sign_in("1001")
    with pytest.raises(PauseReasonInvalid):
        await board.pause("1001", reason)


async def test_asterisks_refusal_of_a_pause_is_a_conflict(board, ami):
    await board.sign_in("1001")

    def refuse(_):
        raise AmiRefused(asterisk="Interface not found")

    ami.answers["QueuePause"] = refuse
    with pytest.raises(SwitchboardRefused) as refused:
        await board.pause("1001", "午餐")
    assert refused.value.details["refused"] == {"": "Interface not found"}


async def test_without_asterisk_it_is_unavailable(board, ami):
    def away(_):
        raise AmiUnavailable(action="x", reason="ami_lost")

    ami.listings["QueueStatus"] = away
    ami.answers["QueueAdd"] = away
    for act in (board.sign_in("1001"), board.sign_out("1001"), board.pause("1001", "午餐")):
        with pytest.raises(AmiUnavailable):
            await act


async def test_two_acts_of_one_agent_do_not_mix(board, queues):
    await asyncio.gather(board.sign_in("1001"), board.sign_out("1001"), board.sign_in("1001"))
    assert len(queues.members) == 2
