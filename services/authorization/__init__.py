"""Says whether somebody may do something, explains why, and shows who did what."""
