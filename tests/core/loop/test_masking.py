"""No number of a person survives masking, however it was written or said."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.loop.masking import cover, mask_name, mask_numbers, mask_phone

SPOKEN = "零一二三四五六七八九"


def full_width(digits: str) -> str:
    return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)


def spoken(digits: str) -> str:
    return "".join(SPOKEN[int(digit)] for digit in digits)


@pytest.mark.parametrize(
    ("text", "ends", "nothing"),
    [
        ("电话15400000001。", "电话154****0001。", "电话***********。"),
        ("电话１５４００００００１２", "电话１５４****００１２", "电话***********"),
        ("154-0000 0001", "154-**** 0001", "***-**** ****"),
        ("154 0000\u30000001", "154 ****\u30000001", "*** ****\u3000****"),
        ("154.0000.0001", "154.****.0001", "***.****.****"),
        ("154*0000*0001", "154******0001", "*************"),
        ("幺五四零零零零零零零幺", "幺五四****零零零幺", "***********"),
        ("一五四、零零零零，嗯，零零零一", "一五四、****，嗯，零零零一", "***、****，嗯，****"),
        ("154后面是0000再是0001", "154后面是****再是0001", "***后面是****再是****"),
        ("154\u200b0000\n0001", "154\u200b****\n0001", "***\u200b****\n****"),
        ("①⑤④⓪⓪⓪⓪⓪⓪⓪①", "①⑤④****⓪⓪⓪①", "***********"),
        ("幺五四四个零三个零一", "*" * 10, "*" * 10),
        ("13020319900101123X", "*****************X", "*****************X"),
        ("１３０２０３１９９００１０１１２３４", "*" * 18, "*" * 18),
        ("一三零二零三一九九零零一零一一二三四", "*" * 18, "*" * 18),
        ("座机0315-1234567", "座机****-*******", "座机****-*******"),
        ("打1234567", "打*******", "打*******"),
        ("+86 154 0000 0001", "+** *** **** ****", "+** *** **** ****"),
        ("要五四零零零零零零零幺", "要**********", "要**********"),
        ("幺武四零零零零零零零幺", "幺武*********", "幺武*********"),
        ("幺武四灵零灵灵灵零零幺", "*" * 11, "*" * 11),
        ("15400000001,15400000002", "***********,***********", "***********,***********"),
    ],
)
def test_a_number_goes_however_it_is_written(text: str, ends: str, nothing: str) -> None:
    assert mask_numbers(text, ends=True) == ends
    assert mask_numbers(text, ends=False) == nothing


@pytest.mark.parametrize(
    "text",
    [
        "门牌501，3号楼2单元",
        "三千二百八十块，五万四千，二十三个人",
        "TS2026011200001于2026-01-12 09:30登记",
        "请拨打110或者12345",
        "路灯坏了一周，反映过两次",
        "2026年1月12日",
    ],
)
def test_what_is_nobodys_number_stays(text: str) -> None:
    assert mask_numbers(text, ends=False) == text


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
identities = st.from_regex(r"[1-9][0-9]{16}[0-9]", fullmatch=True)
gaps = st.text(st.sampled_from(" -.,，。、·—~\t\u3000\u200b*_/"), max_size=4)
around = st.text(
    st.characters(exclude_categories=("Cs", "Nd", "No", "Nl"), exclude_characters=SPOKEN),
    max_size=12,
)


@st.composite
def disguised(draw: st.DrawFn, numbers: st.SearchStrategy[str]) -> tuple[str, str]:
    """A number and a spelling of it: each digit in some script, anything not a word between."""
    number = draw(numbers)
    style = st.sampled_from([str, full_width, spoken])
    parts = [draw(style)(digit) for digit in number]
    return number, "".join(part + draw(gaps) for part in parts)


def read_digits(text: str) -> str:
    """Every digit that can still be read, in order."""
    values = {char: str(value) for value, char in enumerate(SPOKEN)}
    return "".join(values.get(char) or str(unicodedata.digit(char, "")) for char in text)


@given(disguise=disguised(st.one_of(mobiles, identities)), before=around, after=around)
def test_no_digit_of_a_disguised_number_can_be_read(
    disguise: tuple[str, str], before: str, after: str
) -> None:
    number, text = disguise
    masked = mask_numbers(before + "号" + text + "号" + after, ends=False)
    assert read_digits(masked) == read_digits(
        mask_numbers(before + "号", ends=False)
    ) + read_digits(mask_numbers("号" + after, ends=False)), number


@given(disguise=disguised(mobiles))
def test_of_a_mobile_number_the_middle_is_gone_and_the_length_stays(
    disguise: tuple[str, str],
) -> None:
    number, text = disguise
    masked = mask_numbers("机" + text + "机", ends=True)
    assert len(masked) == len(text) + 2
    assert read_digits(masked) == number[:3] + number[-4:]


@given(st.text(max_size=300))
def test_any_text_is_masked_without_fault_and_grows_by_nothing(text: str) -> None:
    masked = mask_numbers(text, ends=False)
    assert len(masked) == len(text)
    assert all(old == new or new == "*" for old, new in zip(text, masked, strict=True))


def test_a_very_long_text_takes_no_time_worth_telling() -> None:
    for text in ("1 " * 4000, "○" * 8000, "一个" * 4000, " " * 8000, "1" + " " * 7999, "要" * 8000):
        mask_numbers(text, ends=True)
        cover(text, [("1 1 1 1 1 1 2", "**")])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("15400000001", "154****0001"),
        ("154 0000 0001", "154 **** 0001"),
        ("1234567", "*******"),
        ("8001", "****"),
        ("", ""),
    ],
)
def test_a_telephones_field(value: str, shown: str) -> None:
    assert mask_phone(value) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("测试人", "测**"), ("欧阳测试", "欧**"), (" 测 ", "测**"), ("", "")]
)
def test_a_name_keeps_its_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_a_known_name_is_covered_in_text_also_when_it_is_spaced() -> None:
    known = [("测试人", "测**"), ("测试路1号", "**"), ("x", "**")]
    text = "我是测试人，测 试·人住测试路1号x"
    assert cover(text, known) == "我是测**，测**住**x"
    assert cover("a.c abc", [("a.c", r"\1")]) == r"\1 abc"
