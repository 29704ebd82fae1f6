"""The wording of an open round: every text to find, and mistakes to put right."""
