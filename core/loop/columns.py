"""From the form's fields to the columns by which a ticket is found, decided and dated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from pydantic import JsonValue

from core.loop.errors import FieldUnknown
from core.loop.scene import Scene
from core.pack import CityPack
from core.pack.form import TicketForm
from core.store.tables import TicketRow
from core.store.vault import Vault

CONFIDENTIAL = "confidential"


def fill_columns(scene: Scene, fields: Mapping[str, JsonValue]) -> None:
    """Bring the columns in step with the form."""
    fill(scene.ticket, fields, scene.policy.pack, scene.vault)


def fill(ticket: TicketRow, fields: Mapping[str, JsonValue], pack: CityPack, vault: Vault) -> None:
    """What the form does not say stays empty; personal values become keyed digests only."""
    ticket.channel = text(fields, "channel")
    ticket.type = text(fields, "type")
    ticket.urgency = text(fields, "urgency") or pack.rules.urgencies[0]
    ticket.subject = text(fields, "subject")
    ticket.enterprise = fields.get("is_enterprise") is True or any(
        subject.enterprise and subject.name == ticket.subject for subject in pack.rules.subjects
    )
    path = pack.taxonomy.path(tuple(texts(fields, "category")))
    ticket.category = path.leaf.code if path is not None else ""
    district = pack.places.district(text(fields, "district"))
    ticket.county = district.code if district is not None else ""
    ticket.contact_digest = caller_digest(vault, text(fields, "contact_phone"))
    address = _squeezed(text(fields, "address"))
    ticket.place_digest = vault.digest(f"{ticket.county}|{address}") if address else None
    if fields.get(CONFIDENTIAL) is True and ticket.secrecy == 0:
        ticket.secrecy = 1


def check_fields(form: TicketForm, fields: Mapping[str, JsonValue]) -> None:
    """Raises ``FieldUnknown`` for what is not on the form or does not have its field's form."""
    wrong = sorted(
        key
        for key, value in fields.items()
        if (field := form.field(key)) is None or not field.accepts(value)
    )
    if wrong:
        raise FieldUnknown("not on the form, or not in its form", fields=wrong)


def text(fields: Mapping[str, JsonValue], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def texts(fields: Mapping[str, JsonValue], key: str) -> list[str]:
    value = fields.get(key)
    return [str(part) for part in value] if isinstance(value, list) else []


def phone(value: str) -> str:
    """A telephone number in one spelling, digits only: as it is dialled within the country.

    Full-width digits, blanks, hyphens, brackets, +86 and 0086 make no difference; a landline that
    comes with the country's code gets its trunk 0 back.
    """
    plain = unicodedata.normalize("NFKC", value)
    digits = "".join(
        str(unicodedata.decimal(character)) for character in plain if character.isdecimal()
    )
    if digits.startswith("0086"):
        return _trunk(digits.removeprefix("0086"))
    if digits.startswith("86") and (_PLUS.search(plain) or len(digits) == 13):
        return _trunk(digits.removeprefix("86"))
    return digits


_PLUS = re.compile(r"\+\W*86")
_SERVICE = ("400", "800")  # no area has such a code


def _trunk(national: str) -> str:
    mobile = len(national) == 11 and national.startswith("1")
    whole = mobile or national.startswith(("0", *_SERVICE)) or not 9 <= len(national) <= 11
    return national if whole else "0" + national


def caller_digest(vault: Vault, number: str) -> str | None:
    """The digest by which a caller is found again; None for what holds no number."""
    digits = phone(number)
    return vault.digest(digits) if digits else None


def _squeezed(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value)
    return "".join(character for character in plain if not character.isspace())
