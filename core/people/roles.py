"""The roles of articles 4 to 6: the hotline, the units, and those above both."""

from __future__ import annotations

from enum import StrEnum

from core.people.errors import NoConsole


class Role(StrEnum):
    """What a person is; one account has one role, at one place (``Viewer.unit``, ``county``)."""

    AGENT = "agent"  # 座席: answers, registers, follows up
    DISPATCHER = "dispatcher"  # 派单审核: classifies, dispatches, decides what units ask for
    SUPERVISOR = "supervisor"  # 热线负责人: everything of the hotline, supervision, reviews
    UNIT = "unit"  # 承办单位经办人
    UNIT_HEAD = "unit_head"  # 承办单位主要负责人
    AUTHORITY = "authority"  # 热线主管机关
    GOVERNMENT = "government"  # 人民政府
    AUDITOR = "auditor"  # reads who read what; changes nothing
    ADMIN = "admin"  # accounts and configuration; no ticket
    SYSTEM = "system"  # the clock; no account has it


HOTLINE = frozenset({Role.AGENT, Role.DISPATCHER, Role.SUPERVISOR})
UNITS = frozenset({Role.UNIT, Role.UNIT_HEAD})
ABOVE = frozenset({Role.AUTHORITY, Role.GOVERNMENT})
# Who may have a telephone console open: calls, transcripts, drafts.
CONSOLE = frozenset({Role.AGENT, Role.SUPERVISOR})


def require_console(role: str) -> None:
    """Raises ``NoConsole`` for whoever has no telephone console."""
    if role not in CONSOLE:
        raise NoConsole(role=role)
