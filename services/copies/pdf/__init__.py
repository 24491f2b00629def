"""Writes a tagged PDF as it comes, page by page, so that neither its pages nor its tags are ever all in memory."""
