"""Spoken digits in every way people say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.draft.numerals import digit_runs, whole_number

SAID = {
    "0": ["零", "〇", "0", "洞"],
    "1": ["幺", "一", "1"],
    "2": ["二", "两", "2"],
    "7": ["七", "拐", "7"],
    **{d: [c, d] for d, c in zip("345689", "三四五六八九", strict=True)},
}
COUNTS = "两三四五六七八九"
PAUSES = ["", "", "，", "。", "-", "，嗯，", "，然后，"]


@st.composite
def readings(draw: st.DrawFn, digits: str) -> str:
    """One way in which somebody may read ``digits``: runs of a digit as 四个六, pauses anywhere."""
    said, place = "", 0
    while place < len(digits):
        same = 1
        while place + same < len(digits) and digits[place + same] == digits[place]:
            same += 1
        if 2 <= same <= 9 and draw(st.booleans()):
            said += COUNTS[same - 2] + "个" + draw(st.sampled_from(SAID[digits[place]]))
            place += same
        else:
            said += draw(st.sampled_from(SAID[digits[place]]))
            place += 1
        said += draw(st.sampled_from(PAUSES))
    return said


@given(data=st.data(), digits=st.text(alphabet="0123456789", min_size=1, max_size=18))
def test_digits_read_in_any_way_are_the_same_digits(data, digits):
    runs = digit_runs("电话" + data.draw(readings(digits)) + "记下了")
    assert [run.digits for run in runs] == [digits]
    assert all(group.sure for run in runs for group in run.groups)


@pytest.mark.parametrize(
    "amount", ["二十三个人", "三千二百八", "一百多号人", "十六度", "四十六万", "两千块", "十来天"]
)
def test_an_amount_is_not_read_digit_by_digit(amount):
    assert digit_runs(amount) == []


def test_what_only_sounds_like_a_digit_counts_only_when_asked_and_is_not_sure():
    assert [run.digits for run in digit_runs("要五四")] == ["54"]
    (run,) = digit_runs("要五四", by_sound=True)
    assert run.digits == "154"
    assert not run.groups[0].sure


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("九零二", 902),
        ("23", 23),
        ("二十三", 23),
        ("十", 10),
        ("一百零五", 105),
        ("三千二百八", 3280),
        ("三百五", 350),
        ("两万三", 23000),
        ("四十六万", 460000),
        ("俩", 2),
        ("", None),
        ("人", None),
    ],
)
def test_amounts_as_they_are_said(said, number):
    assert whole_number(said) == number


@given(number=st.integers(1, 99999))
def test_amounts_written_out_are_read_back(number):
    assert whole_number(_written(number)) == number


def _written(number: int) -> str:
    """The full written form: 一万零二十三."""
    digits, units = "零一二三四五六七八九", ["", "十", "百", "千", "万"]
    text = ""
    figures = str(number)
    for place, figure in enumerate(figures):
        unit = units[len(figures) - 1 - place]
        if figure != "0":
            text += digits[int(figure)] + unit
        elif not text.endswith("零"):
            text += "零"
    return text.rstrip("零")
