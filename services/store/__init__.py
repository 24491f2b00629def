"""The only SQL: tables, units of work and what is kept in them."""
