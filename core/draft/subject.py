"""Who brings the matter, and the enterprise's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.draft.context import CallContext
from core.draft.finding import NOTHING, found
from core.draft.speech import Passage
from core.pack.phrase import Heard, first_match
from core.pack.rules import DraftRules, Subject
from core.views import Evidence, FieldView

_NAME_ENDS = "有限责任公司|股份有限公司|有限公司|分公司|集团公司|集团|合作社|总厂|工厂|加工厂|公司"
_NAME = re.compile(
    rf"(?:是|叫|名叫|名字是|公司名是|全称是?|在)?(?P<name>[\u4e00-\u9fffA-Za-z0-9（）()]{{2,24}}?"
    rf"(?:{_NAME_ENDS}))(?!的?(?:名|名字|名称))"
)
_LEAD = re.compile(r"^.*(?:叫做?|是|的)|^.*?(?:在|跟|和|给|找|去)")
# Somebody else's firm, or no name at all.
_NO_NAME = re.compile(
    r"^(?:我们|咱们|俺们|一家|一个|他们|这家|那家|这个|那个|某|小|物业|保险|装修|快递|供热|热力|燃气)"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """What the fields ``subject``, ``is_enterprise`` and ``enterprise_name`` get."""

    subject: FieldView
    is_enterprise: FieldView
    enterprise_name: FieldView


def caller(rules: DraftRules, context: CallContext, said: Passage, heard: Heard) -> Caller:
    """Who calls, by his words; else by the line he took."""
    for subject in rules.subjects:
        match = first_match(subject.signs, heard)
        if match is None or first_match(subject.unless, heard):
            continue
        words = said.evidence(match.start, match.end)
        confidence = 0.85 if match.exact else 0.5
        return Caller(
            subject=found(subject.name, confidence, words),
            is_enterprise=found(subject.enterprise, confidence, words),
            enterprise_name=_name(said) if subject.enterprise else NOTHING,
        )
    if context.enterprise:
        source = Evidence(source="keys", words=context.keys)
        if not context.keys:
            source = Evidence(source="dialled", words=context.dialled)
        return Caller(
            subject=found(_enterprise(rules).name, 0.7, [source]),
            is_enterprise=found(True, 0.8, [source]),
            enterprise_name=_name(said),
        )
    ordinary = rules.subjects[-1]
    return Caller(
        subject=found(ordinary.name, 0.6 if heard.text else 0.3),
        is_enterprise=found(ordinary.enterprise, 0.6 if heard.text else 0.3),
        enterprise_name=NOTHING,
    )


def _enterprise(rules: DraftRules) -> Subject:
    """The ordinary kind of enterprise: the last listed one."""
    return next(subject for subject in reversed(rules.subjects) if subject.enterprise)


def _name(said: Passage) -> FieldView:
    for match in _NAME.finditer(said.text):
        name = _LEAD.sub("", match["name"])
        if _NO_NAME.match(name) or len(name) < 4:
            continue
        start = match.end("name") - len(name)
        return found(name, 0.75, said.evidence(start, match.end("name")))
    return NOTHING
