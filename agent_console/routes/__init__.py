"""The HTTP routes, one idea each."""
