"""The number on which the caller wants to be reached, as he says it.

A wrong number must never look certain: its length is checked, a number heard once stays below the
confidence at which it may be taken unread, and only repetition or the agent's read-back raises it.
"""

from __future__ import annotations

import re

from core.calls import Leg
from core.draft.context import CallContext
from core.draft.finding import NOTHING, found
from core.draft.numerals import digit_runs
from core.draft.phone import WRONG, Candidate, spoken_numbers
from core.draft.speech import Speech
from core.views import Evidence, FieldView

HEARD_ONCE = 0.75
HEARD_TWICE = 0.9
READ_BACK = 0.97
CONFLICTING = 0.5
BROKEN = 0.15
_READ_DIGITS = 4

_YES = re.compile(r"^[，。]?(?:嗯|哎|啊|诶|唉)?[，。]?(?:对|是的|是|没错|行|好|正确|嗯)")
_CHECKING = re.compile(r"核对|确认|复述|对吗|对吧|是吗|是吧|对不对|您的(?:电话|手机|号码)")
_THIS_LINE = re.compile(
    r"(?:就|用|打)?(?:是)?(?:我)?(?:现在)?(?:打|用)?(?:的)?(?:这个|这|本)(?:来电)?"
    r"(?:手机号|电话号|号码|手机|电话|号)(?:码)?(?:就行|就是|就可以|都行|能找到|联系|打|，|。|$)"
)


def contact_phone(context: CallContext, area_code: str, speech: Speech) -> FieldView:
    """The spoken number, or the caller's own if he says so; the value is digits only."""
    text = speech.caller.text
    said = spoken_numbers(text, area_code, _answers(speech))
    read_back = _read_backs(speech, area_code, bool(said))
    valid = [candidate for candidate in said if candidate.valid]
    if not valid:
        return _without_valid(context, speech, said, read_back)
    last = valid[-1]
    evidence = speech.caller.evidence(last.start, last.end)
    confidence = _alone(valid, last)
    if read_back:
        agent, agreed = read_back
        evidence += speech.agent.evidence(agent.start, agent.end)
        if agent.number == last.number:
            confidence = READ_BACK
        elif agreed:
            return found(agent.number, CONFLICTING, evidence)
        else:
            confidence = min(confidence, CONFLICTING - 0.1)
    elif last.number == context.caller_number:
        confidence = READ_BACK
        evidence += (Evidence(source="caller_id", words=last.number),)
    return found(last.number, confidence, evidence)


def _alone(valid: list[Candidate], last: Candidate) -> float:
    """The confidence in the caller's last number, by what else he said."""
    if not last.sure:
        return CONFLICTING - 0.05
    others = [candidate for candidate in valid[:-1] if candidate.number != last.number]
    if others:
        return CONFLICTING + 0.1
    if len(last.number) < 9:
        return CONFLICTING + 0.1  # a local number without its area code
    return HEARD_TWICE if len(valid) > 1 else HEARD_ONCE


def _without_valid(
    context: CallContext,
    speech: Speech,
    said: list[Candidate],
    read_back: tuple[Candidate, bool] | None,
) -> FieldView:
    if read_back:
        agent, agreed = read_back
        evidence = speech.agent.evidence(agent.start, agent.end)
        return found(agent.number, 0.8 if agreed else CONFLICTING, evidence)
    this_line = _THIS_LINE.search(speech.caller.text)
    if this_line and context.caller_number:
        own = Evidence(source="caller_id", words=context.caller_number)
        words = speech.caller.evidence(this_line.start(), this_line.end())
        return found(context.caller_number, HEARD_TWICE, (*words, own))
    if said:  # digits were lost on the way: kept as heard, for the agent to mend
        last = said[-1]
        return found(last.number, BROKEN, speech.caller.evidence(last.start, last.end))
    return NOTHING


def _read_backs(
    speech: Speech, area_code: str, said_a_number: bool
) -> tuple[Candidate, bool] | None:
    """The agent's last reading of the number, and whether the caller agreed to it."""
    for place, turn in reversed(tuple(enumerate(speech.turns))):
        if turn.leg is not Leg.AGENT:
            continue
        words = speech.agent.text[turn.start : turn.end]
        if not said_a_number and not _CHECKING.search(words):
            continue
        answer = _next_words(speech, place)
        agreed = bool(_YES.search(answer)) and not WRONG.search(answer)
        for read in reversed(spoken_numbers(words, area_code)):
            if read.valid and read.sure:
                start, end = turn.start + read.start, turn.start + read.end
                return Candidate(read.number, start, end, True), agreed
    return None


def _next_words(speech: Speech, place: int) -> str:
    """What the caller says next after the turn at ``place``."""
    for turn in speech.turns[place + 1 :]:
        if turn.leg is Leg.CALLER:
            return speech.caller.text[turn.start : turn.end]
    return ""


def _answers(speech: Speech) -> list[int]:
    """Where in his words the caller answers a turn in which the agent read digits."""
    places: list[int] = []
    read = False
    for turn in speech.turns:
        if turn.leg is Leg.AGENT:
            runs = digit_runs(speech.agent.text[turn.start : turn.end])
            read = any(len(run.digits) >= _READ_DIGITS for run in runs)
        elif read:
            places.append(turn.start)
            read = False
    return places
