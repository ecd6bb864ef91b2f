"""What recognition itself must tidy: script, spacing, width. Numbers and names are read elsewhere.

Order: width, script, spaces, punctuation, and the spaces around that.
"""

from __future__ import annotations

import re
from functools import cache

from opencc import OpenCC

_WIDE_TO_NARROW = {
    **{code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)},  # digits
    **{code: code - 0xFEE0 for code in range(0xFF21, 0xFF3B)},  # capitals
    **{code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)},  # small letters
    0x3000: 0x20,  # the ideographic space
}
_CJK = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_WIDE_MARKS = "，。？！、：；（）《》“”"
_SPACE_AT_CJK = re.compile(rf"(?<=[{_CJK}{_WIDE_MARKS}])\s+|\s+(?=[{_CJK}{_WIDE_MARKS}])")
_MARK_AFTER_CJK = re.compile(rf"(?<=[{_CJK}])[,?!:;]|(?<=[{_CJK}])\.(?=\s*$|\s*[{_CJK}])")
_NARROW_TO_WIDE = {",": "，", "?": "？", "!": "！", ":": "：", ";": "；", ".": "。"}
_SPACES = re.compile(r"\s+")


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def tidy(text: str) -> str:
    """Simplified Chinese without spaces between its words, with full-width punctuation.

    Latin words keep their single spaces; full-width letters and digits become narrow. Doing it
    twice changes nothing.
    """
    text = _converter().convert(text.translate(_WIDE_TO_NARROW))
    text = _SPACE_AT_CJK.sub("", _SPACES.sub(" ", text).strip())
    text = _MARK_AFTER_CJK.sub(lambda mark: _NARROW_TO_WIDE[mark.group()], text)
    return _SPACE_AT_CJK.sub("", text)
