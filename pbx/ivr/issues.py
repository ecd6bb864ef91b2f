"""What is wrong with a designer's file: where, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Stable ids; designers' tools may rely on them."""

    FILE_UNREADABLE = "file_unreadable"  # the file cannot be opened
    FILE_TOO_LARGE = "file_too_large"  # more than 256 KiB
    FILE_NOT_UTF8 = "file_not_utf8"
    YAML_SYNTAX = "yaml_syntax"  # not YAML, or YAML with references or types
    YAML_DUPLICATE = "yaml_duplicate"  # one name twice in one place
    FIELD_UNKNOWN = "field_unknown"
    FIELD_MISSING = "field_missing"
    STEP_KIND_UNKNOWN = "step_kind_unknown"  # ``do`` names nothing we can do
    VALUE_WRONG = "value_wrong"  # the right field with a wrong value
    FLOW_NAME = "flow_name"  # ``flow`` is not the file's name
    FLOW_MISSING = "flow_missing"  # a line of the pack is answered by a flow that cannot be used
    STEP_MISSING = "step_missing"  # a step leads to one that is not there
    STEP_UNREACHABLE = "step_unreachable"
    QUEUE_MISSING = "queue_missing"
    LINE_MISSING = "line_missing"
    PROMPT_MISSING = "prompt_missing"  # not fatal: the step goes on without it
    TIMEOUT_WITHOUT_AFTER = "timeout_without_after"
    AFTER_WITHOUT_TIMEOUT = "after_without_timeout"
    PERSON_NOT_QUEUE = "person_not_queue"
    ZERO_NOT_PERSON = "zero_not_person"  # key 0 means something else
    SILENCE_IN_CIRCLES = "silence_in_circles"  # a caller who presses nothing never arrives
    END_BEFORE_PERSON = "end_before_person"  # hang-up or rating before a talk
    PROMPT_SHEET_WRONG = "prompt_sheet_wrong"
    PROMPT_FILE_MISSING = "prompt_file_missing"
    PROMPT_FILE_BROKEN = "prompt_file_broken"
    PROMPT_FORM = "prompt_form"  # not 8 kHz, mono, 16 bit
    PROMPT_EMPTY = "prompt_empty"
    PROMPT_TEXT_MISSING = "prompt_text_missing"  # a recording whose words stand nowhere


@dataclass(frozen=True, slots=True)
class Issue:
    """``line`` counts from 1 (0: the file as a whole).

    ``fatal``: the flow is not used, its callers go straight to people. Otherwise it is used, and
    callers hear less than they should.
    """

    file: str
    line: int
    rule: Rule
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"
