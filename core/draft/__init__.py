"""The draft ticket: what was said, who called and which keys were pressed, as fields.

Rules and word lists only: no model, no network. Everything that belongs to a city (places, classes,
units, words) comes from the city pack; see ``core.pack``.
"""

from core.draft.context import CallContext, OpenTicket
from core.draft.draft import DraftBuilder, DraftFieldInvalid, DraftFieldUnknown

__all__ = ["CallContext", "DraftBuilder", "DraftFieldInvalid", "DraftFieldUnknown", "OpenTicket"]
