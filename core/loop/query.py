"""What a list is asked for, checked before the database sees it, and the mark between pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.errors import Invalid
from core.ports import TicketQuery

MOST = 100  # lines of one page, whatever is asked for
VALUES = 40  # of one filter
LONGEST_VALUE = 60
LONGEST_TEXT = 200
LONGEST_CATEGORY = 6

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = re.compile(r"([0-9]{1,17})-([A-Z]{0,4}[0-9]{13,15})")
_CATEGORY = re.compile(rf"[0-9]{{0,{LONGEST_CATEGORY}}}")


class QueryInvalid(Invalid):
    """``field`` names what of the query has not its form; its value is not repeated."""

    error_id = "query_invalid"


@dataclass(frozen=True, slots=True)
class Mark:
    """The last line of a page: the next one begins behind it."""

    created_at: datetime
    number: str

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}-{self.number}"

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """None for the first page. Raises ``QueryInvalid``."""
        if text == "":
            return None
        found = _MARK.fullmatch(text)
        if found is None:
            raise QueryInvalid(field="after")
        return cls(_EPOCH + timedelta(microseconds=int(found[1])), found[2])


def check(query: TicketQuery) -> None:
    """Raises ``QueryInvalid`` with the name of the first field that is too long or out of form."""
    for field in ("states", "types", "urgencies", "subjects"):
        values = getattr(query, field)
        if len(values) > VALUES or not all(_short(value, LONGEST_VALUE) for value in values):
            raise QueryInvalid(field=field)
    for field, longest in (
        ("county", LONGEST_VALUE),
        ("unit", LONGEST_VALUE),
        ("phone", LONGEST_VALUE),
        ("text", LONGEST_TEXT),
    ):
        if not _short(getattr(query, field), longest):
            raise QueryInvalid(field=field)
    if _CATEGORY.fullmatch(query.category) is None:
        raise QueryInvalid(field="category")
    for field in ("created_from", "created_before", "due_before"):
        moment = getattr(query, field)
        if moment is not None and moment.tzinfo is None:
            raise QueryInvalid(field=field)
    if query.limit < 1:
        raise QueryInvalid(field="limit")


def _short(value: str, longest: int) -> bool:
    return len(value) <= longest and "\x00" not in value
