"""The first fact of a call, read from its caller's channel."""

from __future__ import annotations

from datetime import UTC, datetime

from core.calls import CallArrived
from core.pack import CityPack
from pbx.ami.api import AmiEvent
from pbx.calls.caller import caller_name, caller_number
from pbx.calls.channels import answered_of


def arrival(call_id: str, caller: AmiEvent, pack: CityPack, now: datetime) -> CallArrived:
    """``caller``: any event of the caller's channel. The call arrived when it was answered.

    ``now`` stands in for a missing answer, and for one in the future (Asterisk's clock is ahead).
    """
    answered = answered_of(caller.channel_vars)
    dialled = caller.channel_vars.get("CALL_DIALLED", "")
    return CallArrived(
        call_id,
        now if answered is None else min(now, datetime.fromtimestamp(answered, UTC)),
        dialled=dialled,
        source_line=pack.line_for(dialled).key,
        caller_number=caller_number(caller.get("CallerIDNum")),
        caller_name=caller_name(caller.get("CallerIDName")),
        channel=caller.get("Channel"),
        linkedid=caller.get("Linkedid"),
    )
