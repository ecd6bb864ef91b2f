"""The exchange format of ``hotline draft --jsonl``: one JSON object per line, in and out.

A row in has ``utterance`` (the caller's words) and may have ``id``, ``call_time`` (ISO 8601;
without a zone it is the city's), ``dialled``, ``caller_number`` and ``keys``; anything else is
ignored. A row out has the keys of the project's labelled utterances, which partly differ from our
own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.calls import Leg
from core.draft.context import CallContext
from core.draft.draft import DraftBuilder
from core.draft.verdict import verdict_named
from core.errors import Invalid
from core.pack import CityPack
from core.transcript import Segment

# A number that was heard worse than this is no number to call; the draft shows it, this does not.
SURE_NUMBER = 0.4
# Our field -> the key of the exchange format.
KEYS = {
    "type": "type",
    "title": "title",
    "category": "category",
    "district": "district",
    "address": "address",
    "occurred_at": "occurred_at",
    "unit": "department",
    "unit_alternatives": "department_alt",
    "urgency": "urgency",
    "subject": "subject",
    "is_enterprise": "is_enterprise",
    "enterprise_name": "enterprise_name",
    "caller_name": "caller_name",
    "contact_phone": "callback_phone",
    "confidential": "confidential",
    "emergency_transfer": "transfer",
    "verdict": "verdict",
    "decided_by": "decided_by",
    "follow_up": "open_follow_up_ticket",
    "flags": "flags",
}


class RowInvalid(Invalid):
    """A line that is no row; the rows around it go on."""

    error_id = "draft_row_invalid"


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str | int | None = None
    utterance: str = Field(max_length=100_000)
    call_time: datetime | None = None
    dialled: str | None = None
    caller_number: str | None = None
    keys: str = ""


def draft_lines(
    pack: CityPack, lines: Iterable[str | bytes], now: datetime
) -> Iterator[dict[str, JsonValue]]:
    """One answer per line that is not blank: the fields, or ``error`` with the ``line`` number.

    ``now`` (timezone-aware) is the time of the call where a row gives none. Lines count from 1.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield draft_row(pack, _parsed(line), now)
        except RowInvalid as wrong:
            yield {"id": wrong.details.pop("id", None), "line": number, "error": wrong.as_dict()}


def draft_row(pack: CityPack, row: dict[str, Any], now: datetime) -> dict[str, JsonValue]:
    """The draft of one row. Raises ``RowInvalid``."""
    try:
        given = _Row.model_validate(row)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RowInvalid(f"{place}: {first['msg']}", id=_id(row)) from wrong
    started = given.call_time or now
    if started.tzinfo is None:
        started = started.replace(tzinfo=ZoneInfo(pack.city.timezone))
    call_id = "" if given.id is None else str(given.id)
    dialled = given.dialled or pack.city.hotline_number
    line = pack.line_for(dialled)
    builder = DraftBuilder(
        pack,
        CallContext(
            call_id=call_id,
            started_at=started,
            caller_number=given.caller_number,
            dialled=dialled,
            line=line,
            keys=given.keys,
            enterprise=line.enterprise,
        ),
    )
    builder.add(
        Segment(
            segment_id="1",
            call_id=call_id,
            leg=Leg.CALLER,
            party="caller",
            start_ms=0,
            end_ms=0,
            text=given.utterance,
            engine="given",
            final=True,
        )
    )
    return {"id": given.id} | _exchanged(pack, builder)


def _exchanged(pack: CityPack, builder: DraftBuilder) -> dict[str, JsonValue]:
    fields = builder.fields()
    answer: dict[str, JsonValue] = {key: fields[field].value for field, key in KEYS.items()}
    if fields["contact_phone"].confidence < SURE_NUMBER:
        answer["callback_phone"] = None
    name = fields["verdict"].value
    answer["article_basis"] = (
        verdict_named(pack.rules, name).article_basis if isinstance(name, str) else None
    )
    return answer


def _parsed(line: str | bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as wrong:  # UnicodeDecodeError is a ValueError
        raise RowInvalid("not JSON") from wrong
    if not isinstance(row, dict):
        raise RowInvalid("not a JSON object")
    return row


def _id(row: dict[str, Any]) -> JsonValue:
    given = row.get("id")
    return given if isinstance(given, str | int) else None
