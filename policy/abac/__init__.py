"""The rules as py-abac policies: an interchange format, and an independent oracle that never decides."""
