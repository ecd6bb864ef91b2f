"""The caller's name, as far as he says it: a surname or a full name."""

from __future__ import annotations

import re

from core.calls import Leg
from core.draft.finding import NOTHING, found
from core.draft.speech import Speech
from core.views import FieldView

# The commonest Chinese surnames; a name that begins otherwise was probably misheard.
_SINGLE = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程魏苏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
    "莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅"
    "童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连"
    "芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩"
    "明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅"
    "屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫"
    "杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由代"
)
_DOUBLE = "欧阳|上官|司马|诸葛|司徒|皇甫|尉迟|公孙|慕容|令狐|夏侯|东方|南宫|端木"
_SURNAME = f"(?:{_DOUBLE}|[{_SINGLE}])"
_END = (
    r"(?=[，。！？；…0-9幺零一二三四五六七八九你您我]|电话|手机|号码|联系|身份证|今年|是|住|在"
    r"|啊|呀|哈|男|女|先生|女士|同志|$)"
)
_FULL = f"(?P<full>{_SURNAME}[\u4e00-\u9fff]{{1,2}}?){_END}"
_SELF = r"(?:(?:^|[，。！？；])(?:嗯)?(?:啊)?|我|俺|本人|免贵|联系人|我的?名字|我这边|我这儿)"
_SAYS_NAME = re.compile(
    rf"(?:(?:我|俺|本人|我的?名字|联系人|姓{_SURNAME}[，]?)(?:是|就)?叫(?:做)?|名字(?:是|叫)){_FULL}"
)
_SAYS_SURNAME = re.compile(
    rf"{_SELF}(?:也)?(?:就)?(?:是)?姓(?P<surname>{_SURNAME})(?!的|(?![我俺咱])[\u4e00-\u9fff]的)(?:[，]?(?:叫|名叫|名)(?P<given>[\u4e00-\u9fff]{{1,2}}){_END})?"
)
_HEARD_SURNAME = re.compile(
    r"(?:我|俺|免贵|联系人)(?:是)?姓(?P<surname>[\u4e00-\u9fff])(?=[，。！？；]|$)"
)
_ASKS = re.compile(r"贵姓|怎么称呼|如何称呼|您姓|姓名|您的名字|叫什么|留一下姓|姓氏")
_ANSWER = re.compile(rf"^(?:嗯|哦|啊)?[，。]?(?:我|俺)?(?:是|叫|姓|免贵姓)?{_FULL}")
_ANSWER_SURNAME = re.compile(
    rf"^(?:嗯|哦|啊)?[，。]?(?:我|俺)?(?:是|姓|免贵姓)?(?P<surname>{_SURNAME})[，。！]?$"
)


def caller_name(speech: Speech) -> FieldView:
    """A full name if one is said, else the surname; None if the caller does not say who he is."""
    text = speech.caller.text
    full = _SAYS_NAME.search(text)
    if full:
        return found(full["full"], 0.8, speech.caller.evidence(*full.span()))
    surname = _last(_SAYS_SURNAME, text)
    if surname:
        name = surname["surname"] + (surname["given"] or "")
        return found(name, 0.85, speech.caller.evidence(*surname.span()))
    answer = _answer(speech)
    if answer is not None:
        return answer
    heard = _last(_HEARD_SURNAME, text)
    if heard:  # no known surname: written down by sound
        return found(heard["surname"], 0.3, speech.caller.evidence(*heard.span()))
    return NOTHING


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)


def _answer(speech: Speech) -> FieldView | None:
    """The bare name with which the caller answers the agent's question for it."""
    asked = False
    for turn in speech.turns:
        if turn.leg is Leg.AGENT:
            asked = bool(_ASKS.search(speech.agent.text[turn.start : turn.end]))
        elif asked:
            asked = False
            words = speech.caller.text[turn.start : turn.end]
            match = _ANSWER_SURNAME.match(words) or _ANSWER.match(words)
            if match:
                name = match.groupdict().get("surname") or match["full"]
                evidence = speech.caller.evidence(
                    turn.start + match.start(), turn.start + match.end()
                )
                return found(name, 0.7, evidence)
    return None
