"""A patient's story, told over gRPC and checked against the rules."""

from pathlib import Path

PEOPLE = Path(__file__).with_name("people.yaml")
"""The invented people of the demo world, by the name that the command line gives them."""
