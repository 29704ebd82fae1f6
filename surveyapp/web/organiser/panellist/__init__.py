"""One panellist: the page by name or by pseudonym, and what organisers do for that person."""
