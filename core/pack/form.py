"""``ticket_form.yaml``: the fields of a ticket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue

from core.pack.base import Key, Name, PackModel

FieldKind = Literal["text", "choice", "flag", "list", "time", "phone"]
MOST_PARTS = 100  # of a list
# Control characters (NUL has no place in PostgreSQL's texts) and halves of characters, which no
# encoding takes; line breaks and tabs are text.
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

ValueSource = Literal["districts", "types", "urgencies", "subjects", "verdicts"]


class FormField(PackModel):
    """One field. ``values`` are the allowed ones of a ``choice``; empty means free.

    ``values_from`` takes them from another file of the pack (``load_pack`` fills ``values`` then).
    ``required`` fields must be filled before a ticket is dispatched (not before it is registered).
    ``callers``: it is the caller's own, whatever he tells of; a split takes it along.
    """

    key: Key
    title: Name
    kind: FieldKind = "text"
    required: bool = False
    values: tuple[Name, ...] = ()
    values_from: ValueSource | None = None
    callers: bool = False
    max_length: int = Field(default=200, ge=1, le=20000)

    def accepts(self, value: JsonValue) -> bool:
        """Whether ``value`` has the form of this field; None (empty) always has."""
        if value is None:
            return True
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "list":
            return (
                isinstance(value, list)
                and len(value) <= MOST_PARTS
                and all(self._fits(part) for part in value)
            )
        return self._fits(value)

    def _fits(self, value: JsonValue) -> bool:
        if not isinstance(value, str) or len(value) > self.max_length or UNFIT.search(value):
            return False
        return not self.values or value in self.values


class TicketForm(PackModel):
    """All of ``ticket_form.yaml``."""

    fields: tuple[FormField, ...] = Field(min_length=1)

    def filled(self, values: Mapping[ValueSource, tuple[str, ...]]) -> TicketForm:
        """The form with the values that come from other files."""
        fields = tuple(
            field
            if field.values_from is None
            else field.model_copy(update={"values": values[field.values_from]})
            for field in self.fields
        )
        return TicketForm(fields=fields)

    def field(self, key: str) -> FormField | None:
        return next((field for field in self.fields if field.key == key), None)
