"""The one road that every call takes, from its bytes to its answer."""
