"""Designers' files: what is wrong is named by file, line and rule; what is right is used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pbx.ivr.checks import Known, check
from pbx.ivr.effects import Route
from pbx.ivr.issues import Issue, Rule
from pbx.ivr.load import load_flow, load_flows
from pbx.ivr.model import ALL_KEYS, Flow
from pbx.ivr.walk import Journey, Walker
from pbx.ivr.yaml_file import MAX_BYTES, YamlFile, YamlRefused, read_yaml
from tests.pbx.ivr.flows import FLOWS, PACK, PROMPTS, drive

KNOWN = Known(PACK, PROMPTS.names)
BROKEN = sorted(Path(__file__).with_name("broken").glob("*.yaml"))
ELSEWHERE = {  # rules about whole folders, prompts or sizes, tested below and in test_prompts
    Rule.FILE_UNREADABLE,
    Rule.FILE_TOO_LARGE,
    Rule.FILE_NOT_UTF8,
    Rule.FLOW_MISSING,
    Rule.PROMPT_SHEET_WRONG,
    Rule.PROMPT_FILE_MISSING,
    Rule.PROMPT_FILE_BROKEN,
    Rule.PROMPT_FORM,
    Rule.PROMPT_EMPTY,
    Rule.PROMPT_TEXT_MISSING,
}


def test_the_shipped_flows_have_no_issue():
    loaded = load_flows(FLOWS, PACK, PROMPTS)
    assert loaded.issues == ()
    assert {version.flow.flow for version in loaded.flows} == {line.flow for line in PACK.lines}


def test_each_rule_has_a_broken_file():
    assert {Rule(path.stem) for path in BROKEN} == set(Rule) - ELSEWHERE


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_named_by_rule_and_line(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("# here")]
    flow, issues = load_flow(path, KNOWN)
    assert [(issue.file, issue.rule) for issue in issues] == [(path.name, path.stem)]
    assert [issue.line for issue in issues] == marked
    assert (flow is None) == issues[0].fatal


def test_only_a_missing_prompt_leaves_the_flow_in_use():
    usable = [path.stem for path in BROKEN if load_flow(path, KNOWN)[0] is not None]
    assert usable == [Rule.PROMPT_MISSING]


def test_a_folder_that_is_not_there_leaves_every_line_to_the_people(tmp_path):
    loaded = load_flows(tmp_path / "gone", PACK, PROMPTS)
    assert loaded.flows == ()
    assert [issue.rule for issue in loaded.issues] == [Rule.FLOW_MISSING] * len(PACK.lines)


def test_one_broken_flow_does_not_take_the_others_down(tmp_path):
    for path in FLOWS.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "main.yaml").write_text("flow: [", encoding="utf-8")
    loaded = load_flows(tmp_path, PACK, PROMPTS)
    assert {version.flow.flow for version in loaded.flows} == {"enterprise", "merged"}
    assert [issue.rule for issue in loaded.issues] == [Rule.YAML_SYNTAX, Rule.FLOW_MISSING]


def test_a_file_that_cannot_be_opened_is_an_issue(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    assert rule_of(tmp_path / "folder.yaml") is Rule.FILE_UNREADABLE
    assert rule_of(tmp_path / "gone.yaml") is Rule.FILE_UNREADABLE


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert rule_of(path) is Rule.FILE_TOO_LARGE


def test_a_file_in_another_encoding_is_not_read(tmp_path):
    path = tmp_path / "gbk.yaml"
    path.write_bytes("flow: 中文".encode("gbk"))
    assert rule_of(path) is Rule.FILE_NOT_UTF8


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",  # a small file that unfolds
        "a: &a {b: *a}",
        "a: !!python/object/apply:os.system [ls]",
        "a: !!timestamp x",
        "[" * 5000,
        "a: \x07",
        "? {a: 1}\n: 2",
        "a: 2026-13-45",
        "--- 1\n--- 2",
    ],
)
def test_yaml_that_is_more_than_plain_data_is_refused(tmp_path, text):
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    assert rule_of(path) is Rule.YAML_SYNTAX


@pytest.mark.parametrize("text", ["", "null", "42", "[]", "{}", "a: b", "flow: main", "steps: []"])
def test_yaml_that_is_no_flow_is_refused(tmp_path, text):
    path = tmp_path / "main.yaml"
    path.write_text(text, encoding="utf-8")
    flow, issues = load_flow(path, KNOWN)
    assert flow is None
    assert issues
    assert {issue.rule for issue in issues} <= {
        Rule.VALUE_WRONG,
        Rule.FIELD_MISSING,
        Rule.FIELD_UNKNOWN,
    }


@given(st.text(st.sampled_from("ab:{}[]-\"'&*!|>#?%@`,\n \t01.~=<")) | st.binary(max_size=200))
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    flow, issues = load_flow(path, KNOWN)
    assert flow is None
    assert issues


def rule_of(path: Path) -> Rule:
    with pytest.raises(YamlRefused) as refused:
        read_yaml(path)
    assert str(refused.value).startswith(f"{path.name}:")
    return refused.value.issue.rule


# ---- flows nobody has written yet: those that pass the checks keep the promise

NAMES = ["s0", "s1", "s2", "s3", "people"]
TARGET = st.sampled_from(NAMES)
STEP = st.one_of(
    st.fixed_dictionaries({"do": st.just("say"), "prompts": st.just(["greeting"]), "next": TARGET}),
    st.fixed_dictionaries(
        {
            "do": st.just("menu"),
            "prompts": st.just(["greeting"]),
            "keys": st.dictionaries(st.sampled_from("12*"), TARGET, min_size=1),
            "tries": st.integers(1, 2),
        },
        optional={"no_input": TARGET, "no_match": TARGET},
    ),
    st.fixed_dictionaries(
        {
            "do": st.just("queue"),
            "queue": st.just("enterprise"),
            "after": st.dictionaries(st.sampled_from(["full", "talk_ended"]), TARGET),
        }
    ),
    st.fixed_dictionaries(
        {"do": st.just("by_line"), "lines": st.fixed_dictionaries({"main": TARGET})}
        | {"otherwise": TARGET}
    ),
    st.fixed_dictionaries({"do": st.just("set"), "enterprise": st.booleans(), "next": TARGET}),
    st.just({"do": "rate", "prompts": ["rating"]}),
    st.just({"do": "hang_up"}),
)
FLOWS_OF_ALL_KINDS = st.fixed_dictionaries(dict.fromkeys(NAMES[:-1], STEP))


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
@given(FLOWS_OF_ALL_KINDS, st.lists(st.sampled_from([None, *ALL_KEYS]), max_size=20))
def test_every_flow_that_passes_the_checks_leads_every_caller_to_a_person(steps, answers):
    data = {
        "flow": "any",
        "start": "s0",
        "person": "people",
        "steps": steps | {"people": {"do": "queue", "queue": "@line"}},
    }
    flow = Flow.model_validate(data)
    issues = {issue.rule for issue in check(flow, YamlFile("any.yaml", data, {}), KNOWN)}
    assume(issues <= {Rule.STEP_UNREACHABLE})
    _, decision = drive(Walker(flow, PACK.main_line, PACK, Journey()).begin(), answers)
    assert isinstance(decision, Route)
    silent, decision = drive(Walker(flow, PACK.main_line, PACK, Journey()).begin())
    assert isinstance(decision, Route)
    assert len(silent) <= len(NAMES)


def test_an_issue_reads_as_one_line():
    issue = Issue("main.yaml", 7, Rule.STEP_MISSING, "there is no step x")
    assert str(issue) == "main.yaml:7: step_missing: there is no step x"


def test_comments_and_layout_do_not_change_a_flows_version(tmp_path):
    text = (FLOWS / "main.yaml").read_text(encoding="utf-8")
    (tmp_path / "main.yaml").write_text(f"# a comment\n{text}", encoding="utf-8")
    (tmp_path / "merged.yaml").write_text(
        yaml.safe_dump(yaml.safe_load((FLOWS / "merged.yaml").read_text(encoding="utf-8"))),
        encoding="utf-8",
    )
    before = {v.flow.flow: v.digest for v in load_flows(FLOWS, PACK, PROMPTS).flows}
    after = {v.flow.flow: v.digest for v in load_flows(tmp_path, PACK, PROMPTS).flows}
    assert after == {name: before[name] for name in ("main", "merged")}
