"""What of a ticket a person may read: by his role and the ticket's level of secrecy (39, 48).

The hotline reads what it wrote. A unit reads what it needs to find the matter and the caller, and
from the first level on nothing by which the caller could be known. Those above both need no
personal data; an auditor needs no text at all. Of a state secret nobody reads more than its class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from core.loop.masking import COVER, cover, mask_name, mask_numbers, mask_phone, short_names
from core.pack.form import FormField, TicketForm
from core.people.roles import ABOVE, HOTLINE, UNITS, Role
from core.policy.conduct import Conduct, SecrecyLevel

# What stays of a state secret (article 11).
OF_A_SECRET = frozenset({"category"})
# Kinds of fields that hold free text; the others' values are the form's own.
_FREE = frozenset({"text", "list"})


@dataclass(frozen=True, slots=True)
class Mask:
    """``hidden`` fields are not shown, ``words`` False: no free text at all.

    ``masked``: no numbers and names of persons in what is shown; ``ends``: of mobile numbers the
    ends, of names the first character stays.
    """

    form: TicketForm
    names: frozenset[str]
    hidden: frozenset[str]
    masked: bool = False
    ends: bool = False
    words: bool = True
    class_only: bool = False  # a state secret

    @property
    def alters(self) -> bool:
        """The words are not shown as they are kept."""
        return self.masked or not self.words

    @property
    def everything(self) -> tuple[str, ...]:
        return tuple(sorted(field.key for field in self.form.fields))

    @property
    def closed(self) -> bool:
        """Nothing of the form is shown at all."""
        return len(self.hidden) == len(self.form.fields)

    def fields(self, fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The ticket's form as the viewer reads it; what is empty stays empty."""
        shown = {
            key: value
            for key, value in fields.items()
            if key not in self.hidden and (self.words or self.form.field(key) is not None)
        }
        if not self.masked:
            return shown
        known = self._known(fields)
        return {key: self._field(key, value, known) for key, value in shown.items()}

    def text(self, words: str | None, *forms: Mapping[str, JsonValue]) -> str | None:
        """Words of the ticket's history; ``forms`` is its whole form, or those of several tickets
        that the words are about."""
        if words is None or not self.words:
            return None
        if not self.masked:
            return words
        return self._free(words, [one for fields in forms for one in self._known(fields)])

    def details(self, details: Mapping[str, Any], fields: Mapping[str, JsonValue]) -> Any:
        """A step's ids and figures; what somebody wrote among them is text like any other."""
        known = self._known(fields)

        def one(value: Any) -> Any:
            if isinstance(value, str):
                return self._free(value, known) if self.alters else value
            if isinstance(value, list):
                return [one(part) for part in value]
            if isinstance(value, dict):
                return {key: one(part) for key, part in value.items()}
            return value

        return one(dict(details))

    def _known(self, fields: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
        """What is not to be read anywhere else either, and what stands in its place."""
        covered = self.names | {key for key in self.hidden if self._is_free(key)}
        return [
            (said, COVER if key in self.hidden else mask_name(value))
            for key in covered
            if isinstance(value := fields.get(key), str)
            for said in short_names(value)
        ]

    def _field(self, key: str, value: JsonValue, known: list[tuple[str, str]]) -> JsonValue:
        if isinstance(value, list):
            return [self._field(key, part, known) for part in value]
        field = self.form.field(key)
        if not isinstance(value, str):
            return value
        if key in self.names:
            return mask_name(value)
        if field is not None and field.kind == "phone":
            return mask_phone(value)
        return self._free(value, known) if self._is_free(key) else value

    def _free(self, text: str, known: list[tuple[str, str]]) -> str:
        return mask_numbers(cover(text, known), ends=self.ends)

    def _is_free(self, key: str) -> bool:
        """Free text, as also whatever is no more on the form."""
        field: FormField | None = self.form.field(key)
        return field is None or (field.kind in _FREE and not field.values)


def mask_for(role: str, level: int, conduct: Conduct, form: TicketForm) -> Mask:
    """How a role reads a ticket of that level. What no rule opens stays closed."""
    everything = frozenset(field.key for field in form.fields)
    names = frozenset(conduct.personal.names)
    rule = conduct.secrecy_level(level)
    if rule is None or not rule.keeps_content:
        return Mask(form, names, everything - OF_A_SECRET, True, words=False, class_only=True)
    if role in HOTLINE or role == Role.SYSTEM:
        return Mask(form, names, hidden=frozenset())
    if role in UNITS:
        return Mask(form, names, frozenset(rule.hides), masked=_secret(rule))
    if role in ABOVE:
        ends = not _secret(rule)
        return Mask(form, names, frozenset(rule.hides), masked=True, ends=ends)
    return Mask(form, names, everything, masked=True, words=False)


def _secret(rule: SecrecyLevel) -> bool:
    return rule.level > 0
