"""Makes a copy of a record, on disc or on paper, out of what it is given: it reads no store and decides nothing."""
