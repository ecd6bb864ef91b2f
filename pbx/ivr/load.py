"""Loads the designers' folder: flows that can be used, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.pack.model import CityPack
from pbx.ivr.book import FlowVersion
from pbx.ivr.checks import Known, check
from pbx.ivr.issues import Issue, Rule
from pbx.ivr.model import Flow
from pbx.ivr.prompts import PromptBook
from pbx.ivr.yaml_file import YamlFile, YamlRefused, read_yaml

# Pydantic's kinds of error that a designer meets often; all others are ``value_wrong``.
FORM_RULES = {
    "extra_forbidden": Rule.FIELD_UNKNOWN,
    "missing": Rule.FIELD_MISSING,
    "union_tag_invalid": Rule.STEP_KIND_UNKNOWN,
    "union_tag_not_found": Rule.FIELD_MISSING,
}


@dataclass(frozen=True, slots=True)
class LoadedFlows:
    """``flows`` have no fatal issue; ``issues`` are those of all files, in order."""

    flows: tuple[FlowVersion, ...]
    issues: tuple[Issue, ...]


def load_flows(folder: Path, pack: CityPack, prompts: PromptBook) -> LoadedFlows:
    """Read and check every ``*.yaml`` of ``folder``. Raises nothing: what is broken is an issue,
    and calls of a broken flow go straight to people."""
    known = Known(pack, prompts.names)
    flows: list[FlowVersion] = []
    issues: list[Issue] = []
    for path in sorted(folder.glob("*.yaml")):
        flow, found = load_flow(path, known)
        issues.extend(sorted(found, key=lambda issue: issue.line))
        if flow is not None:
            flows.append(FlowVersion.of(flow))
    names = {version.flow.flow for version in flows}
    for line in pack.lines:
        if line.flow not in names:
            message = f"line {line.key} is answered by this flow, which cannot be used"
            issues.append(Issue(f"{line.flow}.yaml", 0, Rule.FLOW_MISSING, message))
    return LoadedFlows(tuple(flows), tuple(issues))


def load_flow(path: Path, known: Known) -> tuple[Flow | None, list[Issue]]:
    """One file: the flow unless an issue is fatal, and the issues."""
    try:
        file = read_yaml(path)
    except YamlRefused as refused:
        return None, [refused.issue]
    try:
        flow = Flow.model_validate(file.data)
    except ValidationError as wrong:
        return None, [_form_issue(file, error) for error in wrong.errors(include_url=False)]
    issues = list(check(flow, file, known))
    return (None if any(issue.fatal for issue in issues) else flow), issues


def _form_issue(file: YamlFile, error: ErrorDetails) -> Issue:
    rule = FORM_RULES.get(error["type"], Rule.VALUE_WRONG)
    place = ".".join(str(part) for part in error["loc"])
    return file.issue(rule, f"{place or 'the file'}: {error['msg']}", *error["loc"])
