"""Notices (告知): what people were promised to be told goes out after the commit, once."""

from core.notices.file import FileNotifier
from core.notices.sender import NoticeSender, Retry

__all__ = ["FileNotifier", "NoticeSender", "Retry"]
