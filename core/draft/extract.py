"""All rules in their order: from context and speech to the fields of a draft.

A pure function, so that a draft built segment by segment equals one built at once. ``pinned`` are
the fields that the agent has set: rules that build on a field see the agent's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from core.draft.address import address
from core.draft.category import Guess, guess_category, guess_of
from core.draft.confidential import confidential
from core.draft.contact import contact_phone
from core.draft.context import CallContext
from core.draft.emergencies import Hit, hits, transfers
from core.draft.finding import NOTHING, by_rule, found
from core.draft.flags import flags_of
from core.draft.kind import kind_of, named_type
from core.draft.names import caller_name
from core.draft.places import Whereabouts, whereabouts
from core.draft.repeat import repeat_of
from core.draft.speech import Passage, Speech
from core.draft.subject import caller
from core.draft.times import occurred_at
from core.draft.title import content_of, title_of
from core.draft.unit import units_of
from core.draft.urgency import urgency_of
from core.draft.verdict import articles, decide, ground_of, verdict_named
from core.pack import CityPack
from core.pack.phrase import Heard, Match
from core.pack.rules import Ground
from core.views import Evidence, FieldView

Pinned = Mapping[str, JsonValue]
# A class that is less sure than this is no proof that an abusive caller also brings a matter.
_A_MATTER = 0.45
# What may not be written down when a ground forbids to keep the content.
_TELLING = ("content", "address", "town", "occurred_at", "caller_name", "contact_phone")


def extract(
    pack: CityPack, context: CallContext, speech: Speech, pinned: Pinned
) -> dict[str, FieldView]:
    """Every field of the form; those of which nothing is known have the value None."""
    rules, said = pack.rules, speech.caller
    heard = Heard(said.text)
    now = context.started_at.astimezone(ZoneInfo(pack.city.timezone))

    fields = _of_the_call(pack, context)
    who = caller(rules, context, said, heard)
    fields |= {
        "subject": who.subject,
        "is_enterprise": who.is_enterprise,
        "enterprise_name": who.enterprise_name,
        "caller_name": caller_name(speech),
        "contact_phone": contact_phone(context, pack.city.area_code, speech),
        "content": content_of(said, pack.city.hotline_number),
    }
    enterprise = _set(pinned, "is_enterprise", who.is_enterprise.value) is True

    where = _pinned_place(pack, whereabouts(pack.places, speech), pinned)
    district = where.chosen.name if where.chosen else None
    fields |= {"district": where.district, "town": where.town, "address": address(speech, where)}

    situations = hits(pack.emergency, heard)
    urgent = [hit for hit in situations if hit.situation.kind == "emergency"]
    lines = transfers(pack.emergency, situations)
    guess = guess_category(pack.taxonomy, heard, enterprise=enterprise)
    matter = guess is not None and guess.confidence >= _A_MATTER
    ground = None if urgent else ground_of(rules, heard, matter=matter)
    guess = _decided_class(pack, heard, guess, situations, ground, pinned)
    fields["category"] = _category(said, guess)

    reason = ground[0] if ground else None
    secret = confidential(rules, said, heard, reason)
    kind = kind_of(
        rules,
        said,
        heard,
        guess=guess,
        ground=reason,
        emergency=bool(urgent),
        secret=secret.value is True,
    )
    fields |= {"type": kind, "confidential": secret}
    fields["urgency"] = urgency_of(
        rules,
        said,
        heard,
        guess=guess,
        ground=reason,
        situations=situations,
        enquiry=kind.value == rules.enquiry,
    )

    repeat = repeat_of(rules, said, heard, history=context.history, guess=guess, district=district)
    enquiry = rules.enquiry
    decision = decide(
        rules,
        said,
        heard,
        guess=guess,
        ground=ground,
        situations=situations,
        kind=_text(_set(pinned, "type", kind.value)),
        enquiry=enquiry,
        repeated=repeat.evidence,
    )
    set_verdict = _text(_set(pinned, "verdict", None))
    verdict = verdict_named(rules, set_verdict) if set_verdict else decision.verdict
    if decision.region is not None:
        lines = [decision.region.number]
    fields |= {
        "verdict": decision.field,
        "related_ticket": repeat.ticket,
        "emergency_transfer": _transfer(said, lines, situations),
        "follow_up": NOTHING,
        "decided_by": NOTHING,
    }
    decided = set_verdict is not None or decision.field.value is not None
    if decided:
        sure = 1.0 if set_verdict else decision.field.confidence
        secrecy = _set(pinned, "confidential", secret.value) is True
        clause = articles(rules, verdict, confidential=secrecy, enterprise=enterprise)
        fields["follow_up"] = found(decision.follow_up, sure, [by_rule(verdict.name)])
        fields["decided_by"] = found(clause, sure, [by_rule(verdict.name)])
    fields["unit"], fields["unit_alternatives"] = units_of(
        pack,
        guess=guess,
        district=where.chosen,
        ground=reason,
        situations=situations,
        region=decision.region,
    )
    flags, flag_words = flags_of(
        rules,
        said,
        heard,
        code=guess.code if guess else "",
        verdict=verdict.name if decided else "",
        confidential=secret.value is True,
        now=now,
    )
    fields["flags"] = found(flags, 0.6 if flags else 0.0, flag_words)
    fields["occurred_at"] = (
        NOTHING
        if reason is not None and reason.category is not None
        else occurred_at(speech, now, happening_now=bool(urgent))
    )
    fields["title"] = title_of(
        said,
        hotline=pack.city.hotline_number,
        guess=guess,
        district=district,
        address=_text(_set(pinned, "address", fields["address"].value)),
        enquiry=_set(pinned, "type", kind.value) == enquiry,
        bare=reason is not None and reason.category is not None,
    )
    return {field.key: NOTHING for field in pack.form.fields} | _withheld(fields, reason, guess)


def _of_the_call(pack: CityPack, context: CallContext) -> dict[str, FieldView]:
    """What is known without a word."""
    dialled = [Evidence(source="dialled", words=context.dialled)]
    number = context.caller_number
    return {
        "source_line": found(context.line.name, 1.0, dialled),
        "channel": found(pack.rules.channel, 1.0, dialled),
        "caller_number": found(number, 1.0, [Evidence(source="caller_id", words=number)])
        if number
        else NOTHING,
    }


def _pinned_place(pack: CityPack, where: Whereabouts, pinned: Pinned) -> Whereabouts:
    """The agent's district instead of the heard one; its towns are others."""
    if "district" not in pinned:
        return where
    chosen = pack.places.district(_text(pinned["district"]) or "")
    same = chosen is not None and where.chosen is not None and chosen.code == where.chosen.code
    if same:
        return where
    return Whereabouts(where.district, NOTHING, chosen, where.mentions)


def _decided_class(
    pack: CityPack,
    heard: Heard,
    guess: Guess | None,
    situations: list[Hit],
    ground: tuple[Ground, Match] | None,
    pinned: Pinned,
) -> Guess | None:
    """The agent's class, else the one that an emergency or a ground brings, else the words'."""
    names = pinned.get("category")
    if isinstance(names, list):
        path = pack.taxonomy.path(tuple(str(name) for name in names))
        if path is not None:
            return Guess(path.area, path.branch, path.leaf, 1.0, ())
    for hit in situations[:1]:
        if hit.situation.category is not None:
            return guess_of(pack.taxonomy, hit.situation.category, hit.confidence, hit.match)
    if ground is not None and ground[0].category is not None:
        return guess_of(pack.taxonomy, ground[0].category, 0.7, ground[1])
    named = named_type(pack.rules.types, heard)
    if named is not None and named[0].category is not None:
        return guess_of(pack.taxonomy, named[0].category, 0.8, named[1])
    return guess


def _category(said: Passage, guess: Guess | None) -> FieldView:
    if guess is None:
        return NOTHING
    words = [e for match in guess.matches for e in said.evidence(match.start, match.end)]
    return found(guess.names, guess.confidence, dict.fromkeys(words))


def _transfer(said: Passage, lines: list[str], situations: list[Hit]) -> FieldView:
    words = [e for hit in situations for e in said.evidence(hit.match.start, hit.match.end)]
    confidence = max((hit.confidence for hit in situations), default=0.6 if lines else 0.0)
    return found(lines, confidence, words)


def _withheld(
    fields: dict[str, FieldView], ground: Ground | None, guess: Guess | None
) -> dict[str, FieldView]:
    """A state secret is not written down: neither as a value nor as the words behind one."""
    if ground is None or ground.keeps_content:
        return fields
    told = guess.leaf.matter if guess and guess.leaf else ""
    bare = {
        key: field.model_copy(
            update={"evidence": tuple(e for e in field.evidence if e.source != "segment")}
        )
        for key, field in fields.items()
    }
    return bare | dict.fromkeys(_TELLING, NOTHING) | {"content": found(told, 0.7, [by_rule(told)])}


def _set(pinned: Pinned, field: str, value: JsonValue) -> JsonValue:
    """The agent's value of a field where he has set one, else ``value``."""
    return pinned.get(field, value)


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
