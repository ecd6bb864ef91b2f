"""Reads a designer's YAML file strictly and remembers on which line everything stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from pbx.ivr.issues import Issue, Rule

MAX_BYTES = 256 * 1024

Place = tuple[str | int, ...]
Refuse = Callable[[Rule, str, int], "YamlRefused"]


class YamlRefused(Exception):
    """Carries the one ``issue`` for which the file cannot be read at all."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(str(issue))
        self.issue = issue


class YamlFile:
    """A file's ``data`` and the line of each place in it."""

    def __init__(self, name: str, data: Any, lines: dict[Place, int]) -> None:
        self.name = name
        self.data = data
        self._lines = lines

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it.

        ``place`` may hold parts that are not in the file (Pydantic adds the kind of a step).
        """
        found: Place = ()
        for part in place:
            if (*found, part) in self._lines:
                found = (*found, part)
        return self._lines.get(found, 1)

    def issue(self, rule: Rule, message: str, *place: str | int, fatal: bool = True) -> Issue:
        return Issue(self.name, self.line(place), rule, message, fatal)


def read_yaml(path: Path) -> YamlFile:
    """Raises ``YamlRefused`` for a file that is missing, too large, not UTF-8 or not plain YAML."""

    def refused(rule: Rule, message: str, line: int = 0) -> YamlRefused:
        return YamlRefused(Issue(path.name, line, rule, message))

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise refused(Rule.FILE_UNREADABLE, error.strerror or "cannot be read") from error
    if len(raw) > MAX_BYTES:
        raise refused(Rule.FILE_TOO_LARGE, f"more than {MAX_BYTES // 1024} KiB")
    try:
        loader = _StrictLoader(raw.decode("utf-8"))
        try:
            node = loader.get_single_node()
            lines: dict[Place, int] = {}
            if node is not None:
                _collect(node, (), lines, refused)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise refused(Rule.FILE_NOT_UTF8, "is not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise refused(Rule.YAML_SYNTAX, error.problem or "is not YAML", line) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise refused(Rule.YAML_SYNTAX, "is not YAML") from error
    return YamlFile(path.name, data, lines)


class _StrictLoader(yaml.SafeLoader):
    """Without references (three lines of them can unfold into gigabytes) and explicit types."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(
                problem="references (*name) and types (!name) are not allowed",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


def _collect(node: yaml.Node, place: Place, lines: dict[Place, int], refused: Refuse) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _collect(item, (*place, index), lines, refused)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            line = key.start_mark.line + 1
            if here in lines:
                raise refused(Rule.YAML_DUPLICATE, f"{key.value} stands here twice", line)
            lines[here] = line
            _collect(value, here, lines, refused)
