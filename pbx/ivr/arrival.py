"""Who calls, on which number, and how his last queue ended: read in one round trip."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pbx.agi.errors import AgiProtocolError
from pbx.agi.session import AgiSession

# Everything else stands in the environment block, which Asterisk sends unasked.
EXPRESSION = "${CALL_DIALLED}|${CHANNEL(linkedid)}|${HOTLINE_QUEUESTATUS}"

MAX_NAME = 80
UNKNOWN = "unknown"  # what Asterisk writes for an absent caller id
PRESENTATION_RESTRICTION = 0x60  # of Q.931 octet 3a; not 0: restricted or unavailable

_NUMBER = re.compile(r"\+?[0-9]{3,20}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call as it stands before the flow. ``caller_number`` and ``caller_name`` are None when
    withheld, absent or no number; ``queue_status`` is Asterisk's, empty before the first queue."""

    dialled: str
    linkedid: str
    queue_status: str
    channel: str
    caller_number: str | None
    caller_name: str | None


async def read_arrival(session: AgiSession) -> Arrival:
    """Raises ``AgiError``s, ``AgiProtocolError`` when the answer has another form."""
    parts = (await session.evaluate(EXPRESSION)).split("|")
    if len(parts) != 3:
        raise AgiProtocolError("the call's variables have another form")
    dialled, linkedid, queue_status = parts
    environment = session.environment
    number, name = _caller(
        environment.get("agi_callerid"),
        environment.get("agi_calleridname"),
        environment.get("agi_callingpres"),
    )
    return Arrival(
        dialled=_digits(dialled) or _digits(environment.get("agi_extension")),
        linkedid=linkedid or environment.get("agi_uniqueid"),
        queue_status=queue_status,
        channel=environment.get("agi_channel"),
        caller_number=number,
        caller_name=name,
    )


def _caller(number: str, name: str, presentation: str) -> tuple[str | None, str | None]:
    if not presentation.isdecimal() or int(presentation[:6]) & PRESENTATION_RESTRICTION:
        return None, None
    if not _NUMBER.fullmatch(number):
        return None, None  # a name without a number is the network's "Anonymous"
    plain = "".join(character for character in name if character.isprintable()).strip()
    return number, plain[:MAX_NAME] if plain and plain != UNKNOWN else None


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")
