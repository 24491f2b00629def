"""The life of a record: consent, access rights, oppositions, emergency accesses, notifications."""
