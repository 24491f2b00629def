"""One table of a rule set as officers see it: what the rules make of each cell; a terminal, a page, a sheet."""
