"""The documents of a record: deposit, reading, masking, revelation."""
