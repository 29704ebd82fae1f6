"""Letters: what they say, who gets them, and what became of each."""
