"""The address as the caller puts it, without the words around it.

There is no list of streets or estates: an address is what stands beside a known place, or what ends
the way addresses end. Door numbers are written in figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.draft.finding import NOTHING, found
from core.draft.numerals import whole_number
from core.draft.places import Whereabouts
from core.draft.speech import Speech
from core.views import FieldView

_N = "[0-9零〇一二两三四五六七八九十百]"
_DOOR = rf"{_N}{{1,4}}(?:号楼|栋|幢|单元|号院|层|楼|室|门|号|区|座|排|组|队)"
_PLACE_ENDS = (
    "路口|交叉口|路(?![灯面牌障况基沿肩])|大街|街|大道|道(?!路(?![灯面口])|[理歉德闸])|巷|胡同|小区|花园|家园|嘉园|新城|新区|苑|公寓|大厦|广场|商场|超市|市场|公园"
    "|社区|村|庄|屯|营|镇|乡|街道|学校|小学|中学|大学|幼儿园|医院|卫生院|诊所|工地|厂|公司|站|桥|门口|口|大院|院"
    "|中心|大厅|窗口|园区|工业园|开发区|软件园|科技园|产业园|高速|国道|省道|县道|河|水库|码头|港|酒店|饭店|宾馆|店"
    "|工作室|银行|派出所|法院|政府|村委会|居委会|车站|里|楼|塔吊|大集|早市|夜市|网吧|健身房|会所|游泳馆|美容院|理发店|培训班|养老院|养殖场|煤矿|矿|山|湖"
)
_SIDES = (
    "附近|旁边|边上|旁|对面|对过|门口|门前|楼下|楼上|后面|前面|东侧|西侧|南侧|北侧|东边|西边|南边|北边|往东|往西|往南"
    "|往北|东头|西头|南头|北头|东门|西门|南门|北门|路东|路西|路南|路北|方向|沿线|一带|二里地|里地|上头"
)
_LAST_PLACE = re.compile(rf".*(?:{_PLACE_ENDS}|{_SIDES}|{_DOOR}|{_N}{{3,4}}(?![0-9点元块]))")
_STARTS = re.compile(rf"(?:{_PLACE_ENDS}|{_DOOR})")
_CLAUSE = re.compile(r"[^，。！？；…]+")
# Where the telling begins and the naming of the place ends.
_STORY = re.compile(
    r"(?:因为|盖|干活|打工|上班|种|养(?!老|殖)|现在|昨|今天|今儿|前天|上礼拜|上周|去年|最近|一直|天天|每天|老是|总是|已经|一到|到处|可能|好像|感觉"
    r"|没(?!盖)|不(?!动产)|被|把|给|让|都(?!市)|就(?!是)|还(?!乡)|太|特别|有(?!限)|坏|停(?!车场)|漏|欠|堵|吵|占(?!地)|着火|打起|办的"
    r"|出了|出现|闻|扔|倒(?!流)|说|反映|我想|想|我要|要(?!道)|他们|能不能|怎么|咋|是不是|几个|那道儿)"
)
_LEAD = re.compile(
    r"^(?:[啊呃嗯哦哎喂]|请问|问|打听|你好|您好|同志|我们|我|俺们|俺|咱们|咱|这里|这儿|家|是|在|住|就|位于|跟|从|到|往|说|反映|下|一下"
    r"|个|那个|这个|这|那|的|区|县|市)+"
)
_FILLERS = re.compile(
    r"那个|这个|那块儿?|这块儿?|这边|那边|这儿|那儿|那道儿上|一家|一个|的|叫(?=[\u4e00-\u9fff])"
)
_DOOR_NUMBER = re.compile(
    rf"({_N}{{1,4}})(?=号楼|号院|栋|幢|单元|层|室|门|排|组)|(?<=单元)({_N}{{3,4}})|(?<=楼)({_N}{{3,4}})"
)
# A court or a firm alone says who is meant, not where something is.
_NO_PLACE = re.compile(
    r".{0,20}(?:公司|集团)|(?:法院|派出所|公安局|医院|政府|银行|学校|村|店|厂|工地|小区|里|口|站|家)"
)
_LONGEST = 40
_LONGEST_NAME = 12
_FOLLOWING = 2


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    start: int


def address(speech: Speech, where: Whereabouts) -> FieldView:
    """The place of the matter inside its district; None where nothing like an address is said."""
    text = speech.caller.text
    clauses = [_Clause(m.group(), m.start()) for m in _CLAUSE.finditer(text)]
    anchor = _anchor(where)
    if anchor is None:
        return _without_anchor(speech, clauses)
    start = anchor
    # The district may end its clause; the address then begins with the next.
    first = next((i for i, c in enumerate(clauses) if start < c.start + len(c.text)), None)
    if first is None:
        return NOTHING
    start = max(start, clauses[first].start)
    head = clauses[first].text[start - clauses[first].start :]
    parts = [_naming(head) or _bare_name(head, clauses[first + 1 :])]
    end = start + len(parts[0])
    if len(parts[0]) == len(head) or head[len(parts[0]) :] in ("的", "啊", "呢"):
        for clause in clauses[first + 1 : first + 1 + _FOLLOWING]:
            more = _continues(clause.text)
            if not more:
                break
            parts.append(more)
            end = clause.start + len(more)
            if len(more) < len(clause.text.rstrip("的")):
                break
    value = _clean("".join(parts))
    if len(value) < 2 or _NO_PLACE.fullmatch(value):
        return NOTHING
    confidence = 0.6 if re.search(_DOOR, value) or _STARTS.search(value) else 0.4
    return found(value, confidence, speech.caller.evidence(start, max(end, start + 1)))


def _anchor(where: Whereabouts) -> int | None:
    """Where the address begins: behind the district's name, or at a town or landmark."""
    if not where.mentions:
        return None
    plainest = max(where.mentions, key=lambda mention: mention.weight)
    if plainest.name.kind in ("town", "landmark"):
        return plainest.start
    return plainest.end


def _without_anchor(speech: Speech, clauses: list[_Clause]) -> FieldView:
    for clause in clauses:
        lead = _LEAD.match(clause.text)
        begin = lead.end() if lead else 0
        named = _naming(clause.text[begin:])
        value = _clean(named)
        if len(value) >= 3 and re.search(rf"{_DOOR}|路|街|道|小区|村|市场|医院|学校", value):
            start = clause.start + begin
            return found(value, 0.35, speech.caller.evidence(start, start + len(named)))
    return NOTHING


def _naming(words: str) -> str:
    """The beginning of ``words`` that names a place, up to where the telling begins."""
    story = _STORY.search(words)
    named = words[: story.start()] if story else words
    named = named[:_LONGEST]
    last = _LAST_PLACE.match(named)
    return last.group() if last else ""


def _bare_name(words: str, following: list[_Clause]) -> str:
    """An estate whose name ends in no word for one (东城绿庭), if a door number follows."""
    followed_by_door = bool(following) and re.match(_DOOR, following[0].text)
    short = len(words) <= _LONGEST_NAME and not _STORY.search(words)
    return words if short and followed_by_door else ""


def _continues(words: str) -> str:
    """What of the next clause goes on naming the place."""
    if words.startswith(("我", "俺", "咱")):
        return ""  # he begins to tell
    lead = re.match(r"^(?:就是|就在|在|紧挨着|挨着|靠近)", words)
    begin = lead.end() if lead else 0
    named = _naming(words[begin:])
    if not named or not re.match(
        rf"(?:{_DOOR}|[\u4e00-\u9fff]{{0,10}}(?:{_PLACE_ENDS}|{_SIDES}))", named
    ):
        return ""
    return words[:begin] + named


def _clean(named: str) -> str:
    value = _LEAD.sub("", named)
    value = re.sub(r"^(?:就是|就在|在)|(?:就是|就在|紧挨着|挨着|靠近)", "", value)
    value = _FILLERS.sub("", value)
    return _DOOR_NUMBER.sub(_figures, value).strip("，。 ")[:_LONGEST]


def _figures(match: re.Match[str]) -> str:
    said = next(group for group in match.groups() if group)
    number = whole_number(said)
    return said if number is None else str(number)
