"""Reads clinical documents (HL7 CDA R2) that nobody vouches for, for whichever feature needs them."""
