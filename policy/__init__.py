"""A policy engine that knows no domain: typed vocabulary, rules in files, decisions that explain themselves."""
