"""The `dmp` command: serve, tokens, the demo, background jobs, and the officers' tools on rules."""

from services.cli import demo, jobs, keys, serve
from services.cli.app import app, main

__all__ = ["app", "demo", "jobs", "keys", "main", "serve"]
