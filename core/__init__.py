"""The hotline itself: calls, drafts, tickets, agents, events. No telephony, no HTTP."""
