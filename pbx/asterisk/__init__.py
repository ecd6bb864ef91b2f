"""Everything that gets, configures and runs Asterisk."""

from pbx.asterisk.errors import (
    AsteriskDownloadFailed,
    AsteriskFailed,
    AsteriskPortTaken,
    AsteriskUnavailable,
    AsteriskUnpackFailed,
    RenderInvalid,
)
from pbx.asterisk.install import ensure_asterisk
from pbx.asterisk.locate import AsteriskInstall, find_cached, find_installed
from pbx.asterisk.render import render
from pbx.asterisk.server import AsteriskServer

__all__ = [
    "AsteriskDownloadFailed",
    "AsteriskFailed",
    "AsteriskInstall",
    "AsteriskPortTaken",
    "AsteriskServer",
    "AsteriskUnavailable",
    "AsteriskUnpackFailed",
    "RenderInvalid",
    "ensure_asterisk",
    "find_cached",
    "find_installed",
    "render",
]
